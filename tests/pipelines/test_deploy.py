"""What is scheduled when, and which day a scheduled run is for."""

import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect.settings.models.server.services import ServerServicesDBVacuumSettings
from pydantic import ValidationError

import pipelines.flows
from configs.errors import ConfigError
from configs.operations import Schedule
from configs.settings import Settings
from configs.sources import Source
from pipelines.deploy import MAIL, MESSAGES, PROJECT, WAYS, notify, schedules
from tests.mailbox import Mailbox

# Apprise imports modules that later versions of Python lack, where they are there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def settings_of(**schedule: Any) -> Settings:
    sources = {"transactions": Source(path="x.csv")}
    return Settings(name="shop", business_timezone="Europe/Berlin", sources=sources, schedule=Schedule(**schedule))


def test_the_cron_lines_are_those_of_the_configuration() -> None:
    times = {"monitoring_at": "00:09", "report_at": "08:00", "report_on": 2}
    found = schedules(settings_of(nightly_at="23:05", training_at="06:00", training_on="wednesday", **times))
    assert {name: cron for name, (_, cron) in found.items()} == {
        "shop-nightly": "5 23 * * *",
        "shop-training": "0 6 * * 3",
        "shop-monitoring": "9 0 * * *",
        "shop-report": "0 8 2 * *",
    }
    for entrypoint, _ in found.values():
        file, flow = entrypoint.split(":")
        assert (PROJECT / file).exists() and hasattr(pipelines.flows, flow)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Mailbox(server)


@pytest.mark.parametrize("time", ["02:00", "02:30", "03:29", "24:00", "4:30", "noon"])
def test_times_that_some_days_lack_are_refused(time: str) -> None:
    with pytest.raises(ValidationError):
        Schedule(nightly_at=time)


@pytest.mark.parametrize("time", ["00:00", "01:59", "03:30", "23:59"])
def test_times_of_every_day_are_taken(time: str) -> None:
    assert Schedule(training_at=time).training_at == time


@pytest.mark.parametrize(
    ("scheduled", "day"),
    [
        (datetime(2026, 3, 28, 23, 5, tzinfo=UTC), date(2026, 3, 29)),  # five past midnight in Berlin
        (datetime(2026, 3, 28, 22, 55, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 22, 5, tzinfo=UTC), date(2026, 3, 30)),  # summer time has begun
    ],
)
def test_a_run_is_for_the_day_it_was_scheduled_for(
    monkeypatch: pytest.MonkeyPatch, scheduled: datetime, day: date
) -> None:
    monkeypatch.setattr(pipelines.flows, "flow_run", SimpleNamespace(scheduled_start_time=scheduled))
    assert pipelines.flows.scheduled_day(ZoneInfo("Europe/Berlin")) == day


def test_without_an_address_it_is_said_that_nobody_is_told() -> None:
    said: list[str] = []
    notify({}, said.append)
    assert said == [
        "nobody is told of failed or late runs: set HOLDFAST_WEBHOOK_URL or HOLDFAST_MAIL_URL and deploy again"
    ]


@pytest.mark.parametrize("address", ["https://hook.example", "mailto://", "owner@nowhere.example"])
def test_an_address_that_no_mail_can_be_sent_by_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="HOLDFAST_MAIL_URL: no mail can be sent by it") as raised:
        notify({MAIL: address}, print)
    assert "hook.example" not in str(raised.value) and "nowhere" not in str(raised.value)


def test_the_message_is_sent_by_mail(mailbox: Mailbox) -> None:
    block: Any = WAYS[MAIL](
        f"mailto://127.0.0.1:{mailbox.port}?mode=insecure&from=holdfast@shop.example&to=a@shop.example"
    )

    block.notify(body="holdfast-nightly, eager-owl: Failed", subject="Holdfast: a run failed")

    assert mailbox.received("Subject: Holdfast: a run failed")
    assert mailbox.received("eager-owl: Failed") and mailbox.received("To: a@shop.example")


def test_every_event_is_told_in_words_of_its_own() -> None:
    assert {kind: message.subject for kind, message in MESSAGES.items()} == {
        "failed": "Holdfast: a run failed",
        "crashed": "Holdfast: a run crashed",
        "late": "Holdfast: a run is late",
        "alarm": "Holdfast: an alarm",
    }


def test_the_server_listens_to_this_machine_only() -> None:
    makefile = (Path(PROJECT) / "Makefile").read_text(encoding="utf-8")
    assert "server start --host 127.0.0.1" in makefile


def test_the_server_forgets_runs_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    dry = subprocess.run(["make", "-n", "server", "RUNS_DAYS=30"], cwd=PROJECT, capture_output=True, text=True).stdout
    settings = next(line for line in dry.splitlines() if "prefect server start" in line).split(".venv")[0]
    said = subprocess.run(["sh", "-c", f"{settings} env"], capture_output=True, text=True).stdout
    for name, value in (line.split("=", 1) for line in said.splitlines() if "_DB_VACUUM_" in line):
        monkeypatch.setenv(name, value)

    vacuum = ServerServicesDBVacuumSettings()

    assert vacuum.enabled_vacuum_types == {"events", "flow_runs", "orphans"} and vacuum.retention_period.days == 30


def test_the_webhook_is_told_of_alarms_too() -> None:
    assert MESSAGES["alarm"].events == ("holdfast.monitor.alarm",) and MESSAGES["alarm"].resource == "holdfast.*"
    assert {kind for kind, message in MESSAGES.items() if message.resource == "prefect.flow-run.*"} == {
        "crashed",
        "late",
    }
