"""The nightly job and the training job as straight lines of steps.

`run` calls a step; by default directly, under Prefect as a task (`pipelines.flows`). Steps are given paths and small
values; what they leave behind lies in folders that became current in one rename each.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.outreach.explanations import Explain
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
    """Ingest, score, choose whom to list, publish, prune, send elsewhere; returns the publication's folder.

    `explain`: see `pipelines.publish.publish_lists`. Raises LockError where another run for the same date is under way,
    and the error of the step that failed.
    """
    with run_lock(settings.root, cutoff.day):
        run(ingest, settings, cutoff, log)
        scored = run(score, settings, cutoff, log)
        done = run(publish_lists, settings, cutoff, scored, log, explain)
        run(prune, settings, cutoff, log)
        run(send, settings, cutoff.day, log)
        return done


def training(settings: Settings, cutoff: Cutoff, log: Log, run: Run = directly) -> dict[str, str]:
    """Ingest, then train and register; returns registered name -> version."""
    with run_lock(settings.root, cutoff.day):
        run(ingest, settings, cutoff, log)
        return run(train, settings, cutoff, log)
