"""The same jobs as Prefect flows, for whoever runs a Prefect server: retries, time limits, a record of every run.

Flows take a path and a date only, and results are not persisted: no customer's data reaches Prefect.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.runtime import deployment, flow_run
from prefect.states import State

from configs.errors import DependencyError
from configs.load import load_settings
from configs.settings import Settings
from features.time import Cutoff
from pipelines.monthly import monthly
from pipelines.nightly import monitoring, nightly, training
from pipelines.outreach.explanations import Explain

FAILED_EVENT = "holdfast.run.failed"
HOUR = 3600
# Many times what a million customers take; whatever goes on for longer is stuck.
LIMITS = {"ingest": HOUR, "score": HOUR, "publish_lists": HOUR, "prune": HOUR // 4, "train": 4 * HOUR}
WAITS = [60.0, 300.0, 900.0]  # seconds before a scheduled step is tried again, whose database or MLflow did not answer


def as_task(step: Callable[..., Any], *arguments: Any) -> Any:
    """Run a step as a Prefect task named after it.

    A scheduled step is tried again where something outside did not answer; whoever waits for one is told at once.
    """
    name = getattr(step, "__name__", "step")
    named = task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        timeout_seconds=LIMITS.get(name, HOUR),
        retries=len(WAITS) if deployment.id else 0,
        retry_delay_seconds=WAITS,
        retry_condition_fn=_may_pass,
    )
    return named(step)(*arguments)


def _may_pass(_task: Any, _run: Any, state: State) -> bool:
    return isinstance(state.result(raise_on_failure=False), DependencyError)


def _say_so(flow: Any, flow_run: Any, state: State) -> None:
    """Tell the server in an event of our own.

    Prefect's event of a failure waits for those that came before it, of which a scheduled run lacks the first: it would
    start no automation for 15 minutes.
    """
    resource = {"prefect.resource.id": f"holdfast.run.{flow_run.id}", "prefect.resource.name": flow_run.name}
    emit_event(event=FAILED_EVENT, resource=resource, payload={"text": f"{flow.name}, {flow_run.name}: {state.name}"})


@flow(name="holdfast-nightly", persist_result=False, validate_parameters=False, on_failure=[_say_so])
def nightly_flow(config: str, as_of: date | None = None, output: str | None = None, explain: Explain = "listed") -> str:
    """The nightly job of `config` for `as_of`, else the day it was scheduled for; returns the publication's folder."""
    settings, cutoff = _prepared(config, as_of, output)
    return str(nightly(settings, cutoff, get_run_logger().info, as_task, explain))


@flow(name="holdfast-training", persist_result=False, validate_parameters=False, on_failure=[_say_so])
def training_flow(config: str, as_of: date | None = None, output: str | None = None) -> dict[str, str]:
    """The training job of `config` for `as_of`, else the day it was scheduled for; returns name -> version."""
    settings, cutoff = _prepared(config, as_of, output)
    return training(settings, cutoff, get_run_logger().info, as_task)


@flow(name="holdfast-monitoring", persist_result=False, validate_parameters=False, on_failure=[_say_so])
def monitoring_flow(config: str, as_of: date | None = None, output: str | None = None) -> None:
    """See that the lists of `as_of`, else of the day it was scheduled for, are there and were monitored."""
    settings, cutoff = _prepared(config, as_of, output)
    monitoring(settings, cutoff, get_run_logger().info, as_task)


@flow(name="holdfast-monthly", persist_result=False, validate_parameters=False, on_failure=[_say_so])
def monthly_flow(config: str, as_of: date | None = None, output: str | None = None) -> None:
    """The report of the month before `as_of`, else the day it was scheduled for, and how past lists turned out."""
    settings, cutoff = _prepared(config, as_of, output)
    monthly(settings, cutoff, get_run_logger().info, as_task)


def _prepared(config: str, as_of: date | None, output: str | None) -> tuple[Settings, Cutoff]:
    settings = load_settings(Path(config), Path(output) if output else None)
    return settings, Cutoff(as_of or scheduled_day(settings.zone), settings.zone)


def scheduled_day(zone: ZoneInfo) -> date:
    """The day, in the business time zone, that this run was scheduled for, however late or early it began.

    Prefect knows the time in UTC, and a run may begin a moment before it.
    """
    return flow_run.scheduled_start_time.astimezone(zone).date()
