"""What of earlier nights is kept, and for how long."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from configs.errors import LockError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.progress import Log
from pipelines.reports.validation import REFUSED
from pipelines.storage import run_lock

PARTS = ("store", "scored", "published")


def prune(settings: Settings, cutoff: Cutoff, log: Log) -> int:
    """Remove days older than `[retention]` allows as of `cutoff`, and revisions beyond its number; returns how many.

    Never removed: what a link names, the newest day of each part, and a day that another run holds. The link of a day
    goes first, so whatever dies on the way leaves no link to half a folder, and the next night goes on.
    """
    kept_days = settings.retention.days()
    removed = 0
    for part in PARTS:
        root, days = settings.root / part, kept_days[part]
        dated = sorted(_dated(root / ".revisions"))
        for day, revisions in dated:
            if days is not None and day < cutoff.day - timedelta(days=days) and day != dated[-1][0]:
                removed += _remove_day(settings, root / day.isoformat(), revisions)
            else:
                removed += _remove_older(root, revisions, settings.retention.revisions)
    kept = kept_days["store"]
    for day, folder in _dated(settings.root / REFUSED):
        if kept is not None and day < cutoff.day - timedelta(days=kept):
            shutil.rmtree(folder)
            removed += 1
    if removed:
        log(f"{removed:,} folders of earlier nights removed, as [retention] asks for")
    return removed


def _dated(revisions: Path) -> Iterator[tuple[date, Path]]:
    for folder in revisions.glob("????-??-??"):
        yield date.fromisoformat(folder.name), folder


def _remove_day(settings: Settings, link: Path, revisions: Path) -> int:
    """Remove a day with all its revisions, unless `current` names one or another run holds the day."""
    if (link.parent / "current").resolve().is_relative_to(revisions.resolve()):
        return 0
    try:
        with run_lock(settings.root, date.fromisoformat(link.name)):
            link.unlink(missing_ok=True)
            count = len(list(revisions.iterdir()))
            shutil.rmtree(revisions)
    except LockError:
        return 0
    (settings.root / f".lock-{link.name}").unlink(missing_ok=True)
    return count


def _remove_older(root: Path, revisions: Path, keep: int) -> int:
    """Remove all but the newest `keep` revisions of a day, and those that links name."""
    named = {(root / name).resolve() for name in (revisions.name, "current")}
    numbered = sorted((p for p in revisions.iterdir() if p.name.isdigit()), key=lambda path: int(path.name))
    old = [revision for revision in numbered[:-keep] if revision.resolve() not in named]
    for revision in old:
        shutil.rmtree(revision)
    return len(old)
