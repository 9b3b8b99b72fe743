"""The same jobs as Prefect flows, for whoever runs a Prefect server: retries, time limits, a record of every run.

Flows take a path and a date only, and results are not persisted: no customer's data reaches Prefect.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from configs.load import load_settings
from features.time import Cutoff
from pipelines.nightly import nightly, training
from pipelines.outreach.explanations import Explain

STEP_SECONDS = 3 * 3600


def as_task(step: Callable[..., Any], *arguments: Any) -> Any:
    """Run a step as a Prefect task named after it."""
    named = task(
        name=getattr(step, "__name__", "step"),
        cache_policy=NO_CACHE,
        persist_result=False,
        timeout_seconds=STEP_SECONDS,
    )
    return named(step)(*arguments)


@flow(name="holdfast-nightly", persist_result=False, validate_parameters=False)
def nightly_flow(config: str, as_of: date, output: str | None = None, explain: Explain = "listed") -> str:
    """The nightly job of `config` for `as_of`; returns the publication's folder."""
    settings = load_settings(Path(config), Path(output) if output else None)
    return str(nightly(settings, Cutoff(as_of, settings.zone), get_run_logger().info, as_task, explain))


@flow(name="holdfast-training", persist_result=False, validate_parameters=False)
def training_flow(config: str, as_of: date, output: str | None = None) -> dict[str, str]:
    """The training job of `config` for `as_of`; returns registered name -> version."""
    settings = load_settings(Path(config), Path(output) if output else None)
    return training(settings, Cutoff(as_of, settings.zone), get_run_logger().info, as_task)
