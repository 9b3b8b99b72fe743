"""Sending publications to where `[publication]` says, after the local switch: what could not be sent waits.

A sink itself tells which revision of which day it holds, so nothing is remembered here: a day whose manifest differs,
be it new, run again, or changed by erasing a customer, is sent, and what a night could not send the next one does.
"""

from datetime import date, timedelta

from configs.errors import HoldfastError, PublishError
from configs.settings import Settings
from pipelines.outreach.history import published_before
from pipelines.progress import Log
from pipelines.sinks.database import DatabaseSink
from pipelines.sinks.objects import ObjectSink
from pipelines.storage import sink_lock


def send(settings: Settings, today: date, log: Log) -> int:
    """Let every configured sink hold what `published/` names; returns how many days were sent, over all sinks.

    Days of which nothing is left here, and which are older than `retention.published_days` as of `today`, are removed
    there too. Every sink is tried. Raises PublishError with what stood against it where one failed.
    """
    sinks = {"database": DatabaseSink, "objects": ObjectSink}
    sent, failed = 0, []
    for name, sink in sinks.items():
        if getattr(settings.publication, name) is None:
            continue
        try:
            with sink_lock(settings.root):
                sent += _mirror(settings, today, sink(settings), f"[publication] {name}", log)
        except HoldfastError as error:
            failed.append(str(error))
    if failed:
        raise PublishError(
            f"published under {settings.root / 'published'}, but not sent. {' '.join(failed)} The next night tries "
            "again, or `holdfast send`."
        )
    return sent


def _mirror(settings: Settings, today: date, sink: DatabaseSink | ObjectSink, where: str, log: Log) -> int:
    here, there = published_before(settings.root / "published", date.max), sink.held()
    waiting = [published for published in here if there.get(published.day) != published.fingerprint]
    for published in waiting:
        sink.put(published)
        log(f"{where}: sent {published.day}")
    keep = settings.retention.published_days
    if keep is not None:
        first = today - timedelta(days=keep)
        for day in sorted(day for day in set(there) - {published.day for published in here} if day < first):
            sink.remove(day)
    return len(waiting)
