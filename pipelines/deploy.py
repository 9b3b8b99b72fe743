"""Schedules on a Prefect server: every night, week and month, and messages about runs that fail or are late.

A worker on this machine runs them; it needs nothing but the server's address, PREFECT_API_URL.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apprise import Apprise
from httpx import TransportError
from prefect import Flow
from prefect.automations import Automation, EventTrigger
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.notifications import CustomWebhookNotificationBlock, SlackWebhook
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import Posture
from prefect.schedules import Cron
from pydantic import SecretStr

from configs.errors import ConfigError, DependencyError
from configs.operations import Schedule
from configs.settings import Settings
from pipelines.flows import FAILED_EVENT
from pipelines.monitoring.tell import ALARM_EVENT, WEBHOOK
from pipelines.progress import Log

POOL = "holdfast"
PROJECT = Path(__file__).parents[1]
MAIL = "HOLDFAST_MAIL_URL"
OF_A_RUN = "{{ flow.name }}, {{ flow_run.name }}: {{ flow_run.state.name }}"
OF_AN_EVENT = "{{ event.payload.text }}"


@dataclass(frozen=True)
class Job:
    """A flow of pipelines/flows.py, and its line of cron."""

    flow: str
    cron: Callable[[Schedule], str]


JOBS = {
    "nightly": Job("nightly_flow", lambda times: times.nightly_cron),
    "training": Job("training_flow", lambda times: times.training_cron),
    "monitoring": Job("monitoring_flow", lambda times: times.monitoring_cron),
    "report": Job("monthly_flow", lambda times: times.report_cron),
}


@dataclass(frozen=True)
class Message:
    """Which events of which resources somebody is told of, and in which words."""

    events: tuple[str, ...]
    resource: str
    subject: str
    body: str


MESSAGES = {
    "failed": Message((FAILED_EVENT,), "holdfast.run.*", "Holdfast: a run failed", OF_AN_EVENT),
    "crashed": Message(("prefect.flow-run.Crashed",), "prefect.flow-run.*", "Holdfast: a run crashed", OF_A_RUN),
    "late": Message(("prefect.flow-run.Late",), "prefect.flow-run.*", "Holdfast: a run is late", OF_A_RUN),
    "alarm": Message((ALARM_EVENT,), "holdfast.*", "Holdfast: an alarm", OF_AN_EVENT),
}


def schedules(settings: Settings) -> dict[str, tuple[str, str]]:
    """Entry point of each flow, and its cron line in the business time zone, by the name of the deployment."""
    return {
        f"{settings.name}-{name}": (f"pipelines/flows.py:{job.flow}", job.cron(settings.schedule))
        for name, job in JOBS.items()
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
    """Have the server tell, by the addresses in the environment, of runs that fail, crash, take too long or are late,
    and of alarms of the monitor.

    Raises ConfigError for an address that no mail can be sent by.
    """
    told_by = {way: block(environment[way]) for way, block in WAYS.items() if environment.get(way)}
    if not told_by:
        log(f"nobody is told of failed or late runs: set {' or '.join(WAYS)} and deploy again")
        return
    saved: list[Any] = [
        block.save(f"{POOL}-{way.split('_')[1].lower()}", overwrite=True) for way, block in told_by.items()
    ]
    for kind, message in MESSAGES.items():
        automation = Automation(
            name=f"{POOL}-{kind}",
            trigger=EventTrigger(
                expect=set(message.events),
                match={"prefect.resource.id": message.resource},
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[
                SendNotification(block_document_id=block_id, subject=message.subject, body=message.body)
                for block_id in saved
            ],
        )
        _replace(automation)
        log(f"{POOL}-{kind}: told by {' and '.join(told_by)}")


def _webhook(address: str) -> NotificationBlock:
    body = {"text": "{{subject}}: {{body}}"}
    return CustomWebhookNotificationBlock(name=POOL, url="{{address}}", json_data=body, secrets={"address": address})


def _mail(address: str) -> NotificationBlock:
    """Prefect has no block for mail alone; that for Slack hands to Apprise whatever is no address of Slack's."""
    if not address.startswith(("mailto://", "mailtos://")) or not Apprise().add(address):
        right = "mailtos://user:password@smtp.example?from=holdfast@shop.example&to=team@shop.example"
        raise ConfigError(f"environment variable {MAIL}: no mail can be sent by it. It looks like {right}.")
    return SlackWebhook(url=SecretStr(address), notify_type="failure")


WAYS: dict[str, Callable[[str], NotificationBlock]] = {WEBHOOK: _webhook, MAIL: _mail}


def _replace(automation: Automation) -> None:
    with get_client(sync_client=True) as client:
        for before in client.read_automations_by_name(automation.name):
            client.delete_automation(before.id)
    automation.create()
