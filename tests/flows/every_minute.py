"""A server, a worker and a schedule that fires every minute: each run must publish, and a failure be told by mail.

`python -m tests.flows.every_minute --minutes 10` starts all on this machine, changes the orders of a small company
between the runs, takes them away for the last one, lets the other deployments run once, and prints what came of it.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import polars as pl

from configs.load import load_settings
from configs.settings import Settings
from features.time import Cutoff
from pipelines.nightly import training
from pipelines.simulate.company import simulate
from tests.faults.conftest import PROJECT, refuse_half
from tests.flows.conftest import wait_until
from tests.mailbox import Mailbox


def company_of_today(root: Path) -> Settings:
    """A small company with a champion."""
    demo = (PROJECT / "configs" / "demo.toml").read_text(encoding="utf-8")
    config = root / "small.toml"
    config.write_text(
        demo + "[ingest]\nbuckets = 2\n[training]\ncutoff_every_days = 60\nrounds = 40\n", encoding="utf-8"
    )
    settings = load_settings(config, root)
    today = datetime.now(UTC).date()
    simulate(root / "simulated", customers=300, seed=5, until=today)
    training(settings, Cutoff(today, settings.zone), lambda _: None)
    return settings


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def run(settings: Settings, minutes: int, mailbox: Mailbox) -> list[str]:
    """States of the runs that the schedule fired, in order; the last one had no orders."""
    port = free_port()
    os.environ |= {
        "PREFECT_HOME": str(settings.root / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "true",
        "HOLDFAST_MAIL_URL": f"mailto://127.0.0.1:{mailbox.port}?mode=insecure&from=a@shop.example&to=b@shop.example",
    }
    prefect = [sys.executable, "-m", "prefect"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": PROJECT}
    server = subprocess.Popen([*prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port)], **quiet)
    worker = None
    try:
        ready = [sys.executable, "-c", f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/api/health')"]
        wait_until(lambda: subprocess.run(ready, capture_output=True).returncode == 0, seconds=300)
        worker = subprocess.Popen([*prefect, "worker", "start", "--pool", "holdfast", "--type", "process"], **quiet)
        return scheduled(settings, minutes, mailbox)
    finally:
        for process in filter(None, (worker, server)):
            process.terminate()
            process.wait(timeout=60)


def scheduled(settings: Settings, minutes: int, mailbox: Mailbox) -> list[str]:
    """Deploy for every minute, change the orders after each run, take them away for the last; states of all runs."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter
    from prefect.client.schemas.objects import State
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.deployments import run_deployment

    from pipelines import deploy

    every_minute = {"nightly": deploy.Job("nightly_flow", lambda _: "* * * * *")}
    with patch.object(deploy, "JOBS", deploy.JOBS | every_minute):
        deploy.deploy(settings.root / "small.toml", settings, print)
    orders = settings.root / "simulated" / "raw" / "transactions.parquet"

    def nights() -> list[State]:
        with get_client(sync_client=True) as client:
            of_ours = DeploymentFilter(name={"any_": ["demo-nightly"]})
            found = client.read_flow_runs(deployment_filter=of_ours, sort=FlowRunSort.START_TIME_ASC, limit=200)
        return [run.state for run in found if run.state]

    def ended() -> list[str]:
        return [str(state.name) for state in nights() if state.is_final()]

    for number in range(1, minutes):
        wait_until(lambda number=number: len(ended()) >= number, seconds=400)
        new = orders.with_suffix(".new")
        pl.read_parquet(orders)[:-1].write_parquet(new)
        os.replace(new, orders)
    orders.rename(away := orders.with_suffix(".away"))
    wait_until(lambda: len(ended()) >= minutes, seconds=400)
    assert mailbox.received("Subject: Holdfast: a run failed", seconds=60)
    states = ended()
    with get_client(sync_client=True) as client:
        client.pause_deployment(client.read_deployment_by_name("holdfast-nightly/demo-nightly").id)
    wait_until(lambda: all(state.is_final() for state in nights()), seconds=400)  # of what would hold the day's lock
    away.rename(orders)
    for name in ("holdfast-monitoring/demo-monitoring", "holdfast-monthly/demo-report"):
        state = run_deployment(name, timeout=400).state
        print(f"{name}: {state.name if state else 'unknown'}")
    return states


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=10)
    minutes = parser.parse_args().minutes
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        settings = company_of_today(Path(folder))
        begun = time.monotonic()
        states = run(settings, minutes, Mailbox(server))
        day = refuse_half(settings)
        revisions = [int(path.name) for path in (settings.root / "published" / ".revisions" / day).iterdir()]
        print(
            f"{len(states)} runs in {(time.monotonic() - begun) / 60:.0f} minutes: {states.count('Completed')} "
            f"completed, {states.count('Failed')} failed as it should and told by mail; "
            f"{max(revisions)} publications, the last of {day} is whole"
        )
        assert (states[:minutes], max(revisions)) == (["Completed"] * (minutes - 1) + ["Failed"], minutes - 1)


if __name__ == "__main__":
    main()
