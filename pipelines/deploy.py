"""Schedules on a Prefect server: the nightly job, the weekly training, and messages about runs that fail or are late.

A worker on this machine runs them; it needs nothing but the server's address, PREFECT_API_URL.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httpx import TransportError
from prefect import Flow
from prefect.automations import Automation, EventTrigger
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import Posture
from prefect.schedules import Cron

from configs.errors import DependencyError
from configs.settings import Settings
from pipelines.monitoring.tell import ALARM_EVENT, WEBHOOK
from pipelines.progress import Log

POOL = "holdfast"
PROJECT = Path(__file__).parents[1]
OF_A_RUN = "{{ flow.name }}, {{ flow_run.name }}: {{ flow_run.state.name }}"


@dataclass(frozen=True)
class Message:
    """Which events of which resources the webhook is called for, and what it is told."""

    events: tuple[str, ...]
    resource: str
    subject: str
    body: str


FAILED = ("prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut")
MESSAGES = {
    "failed": Message(FAILED, "prefect.flow-run.*", "Holdfast: a run failed", OF_A_RUN),
    "late": Message(("prefect.flow-run.Late",), "prefect.flow-run.*", "Holdfast: a run is late", OF_A_RUN),
    "alarm": Message((ALARM_EVENT,), "holdfast.*", "Holdfast: an alarm", "{{ event.payload.text }}"),
}


def schedules(settings: Settings) -> dict[str, tuple[str, str]]:
    """Entry point of each flow, and its cron line in the business time zone, by the name of the deployment."""
    times = settings.schedule
    return {
        f"{settings.name}-nightly": ("pipelines/flows.py:nightly_flow", times.nightly_cron),
        f"{settings.name}-training": ("pipelines/flows.py:training_flow", times.training_cron),
    }


def deploy(config: Path, settings: Settings, log: Log) -> None:
    """Tell the Prefect server when to run `config`.

    Done again, it changes them to what is configured now. Runs take their day from the time they were scheduled for.
    Raises DependencyError where the server does not answer.
    """
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
        except TransportError:
            raise DependencyError("the server that PREFECT_API_URL names did not answer. Run `make server`.") from None
    parameters = {"config": str(config.resolve()), "output": str(settings.root.resolve())}
    for name, (entrypoint, cron) in schedules(settings).items():
        flow: Any = Flow.from_source(source=str(PROJECT), entrypoint=entrypoint)
        deployment = flow.to_deployment(
            name=name,
            work_pool_name=POOL,
            schedule=Cron(cron, timezone=settings.business_timezone),
            parameters=parameters,
            concurrency_limit=1,
        )
        deployment.apply()
        log(f"{name}: {cron} ({settings.business_timezone})")
    notify(os.environ, log)


def notify(environment: Mapping[str, str], log: Log) -> None:
    """Have the server call the webhook of the environment whenever a run fails, crashes, takes too long or is late, and
    at an alarm of the monitor."""
    if not (address := environment.get(WEBHOOK)):
        log(f"nobody is told of failed or late runs: set {WEBHOOK} and deploy again")
        return
    body = {"text": "{{subject}}: {{body}}"}
    block = CustomWebhookNotificationBlock(name=POOL, url="{{address}}", json_data=body, secrets={"address": address})
    block_id: Any = block.save(POOL, overwrite=True)
    for kind, message in MESSAGES.items():
        automation = Automation(
            name=f"{POOL}-{kind}",
            trigger=EventTrigger(
                expect=set(message.events),
                match={"prefect.resource.id": message.resource},
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[SendNotification(block_document_id=block_id, subject=message.subject, body=message.body)],
        )
        _replace(automation)
        log(f"{POOL}-{kind}: the webhook is called")


def _replace(automation: Automation) -> None:
    with get_client(sync_client=True) as client:
        for before in client.read_automations_by_name(automation.name):
            client.delete_automation(before.id)
    automation.create()
