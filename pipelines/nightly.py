"""The nightly job, the training job, and the look at what came of a night, as straight lines of steps.

`run` calls a step; by default directly, under Prefect as a task (`pipelines.flows`). Steps are given paths and small
values; what they leave behind lies in folders that became current in one rename each.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from configs.errors import DataError, HoldfastError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.monitor import monitor
from pipelines.monitoring.history import history
from pipelines.monitoring.tell import tell
from pipelines.outreach.explanations import Explain
from pipelines.outreach.playbook import refuse_unreadable
from pipelines.progress import Log
from pipelines.publish import publish_lists
from pipelines.retention import prune
from pipelines.score import score
from pipelines.sinks.send import send
from pipelines.storage import run_lock
from pipelines.train import train

Run = Callable[..., Any]


def directly(step: Callable[..., Any], *arguments: Any) -> Any:
    """Call a step in this process."""
    return step(*arguments)


def nightly(settings: Settings, cutoff: Cutoff, log: Log, run: Run = directly, explain: Explain = "listed") -> Path:
    """Ingest, score, choose whom to list, publish, prune, send elsewhere, monitor; returns the publication's folder.

    What was published stands, whatever comes of the monitor, and of training anew where `monitoring.retrain` is "run".

    `explain`: see `pipelines.publish.publish_lists`. Raises LockError where another run for the same date is under way,
    and the error of the step that failed.
    """
    refuse_unreadable(settings)
    with run_lock(settings.root, cutoff.day):
        run(ingest, settings, cutoff, log)
        scored = run(score, settings, cutoff, log)
        done = run(publish_lists, settings, cutoff, scored, log, explain)
        run(prune, settings, cutoff, log)
        try:
            run(send, settings, cutoff.day, log)
        finally:
            _watch(settings, cutoff, log, run)
        return done


def _watch(settings: Settings, cutoff: Cutoff, log: Log, run: Run) -> None:
    try:
        if run(monitor, settings, cutoff, log):
            run(train, settings, cutoff, log)
    except Exception as error:  # it came after the publication, and must not look as if that had failed
        told = str(error) if isinstance(error, HoldfastError) else type(error).__name__  # others may quote rows
        log(
            f"warning: the lists of {cutoff.day} are published, but the monitor failed: {told}. Run "
            f"`holdfast monitor --as-of {cutoff.day}` to see why."
        )
        tell(settings, f"Holdfast {settings.name}: the monitor failed on {cutoff.day}", os.environ, log)


def monitoring(settings: Settings, cutoff: Cutoff, log: Log, run: Run = directly) -> None:
    """See that the lists of a day are there, and monitor that night where it did not do so itself.

    Raises DataError where nothing was published, LockError where the night is still under way, and what `monitor` does.
    """
    if not settings.folder_of("published", cutoff.day).exists():
        raise DataError(f"nothing was published for {cutoff.day}. Run `holdfast nightly --as-of {cutoff.day}`.")
    if cutoff.day in history(settings.root)["day"]:
        log(f"{cutoff.day} was published and monitored")
        return
    with run_lock(settings.root, cutoff.day):
        run(monitor, settings, cutoff, log)


def training(settings: Settings, cutoff: Cutoff, log: Log, run: Run = directly) -> dict[str, str]:
    """Ingest, then train and register; returns registered name -> version."""
    with run_lock(settings.root, cutoff.day):
        run(ingest, settings, cutoff, log)
        return run(train, settings, cutoff, log)
