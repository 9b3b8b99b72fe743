"""Prefect with the pinned companions: it imports, runs the flows, and its schedules fire."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import flow
from prefect.testing.utilities import prefect_test_harness

import pipelines.flows
from configs.errors import ConfigError, DataError, DependencyError
from pipelines.deploy import MESSAGES
from pipelines.nightly import nightly
from tests.flows.conftest import AS_OF, Company, wait_until

pytestmark = pytest.mark.slow


def test_the_server_imports() -> None:
    """A newer fastapi breaks this import; see the constraints in pyproject.toml."""
    found = subprocess.run([sys.executable, "-c", "import prefect.server.api.server"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr[-2000:]


@pytest.fixture(scope="module")
def harness() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.mark.parametrize(
    ("deployed", "error", "times"),
    [("a deployment", DependencyError, 3), ("a deployment", DataError, 1), (None, DependencyError, 1)],
)
def test_a_scheduled_step_is_tried_again_where_waiting_may_help(
    harness: None, monkeypatch: pytest.MonkeyPatch, deployed: str | None, error: type[Exception], times: int
) -> None:
    monkeypatch.setattr(pipelines.flows, "deployment", SimpleNamespace(id=deployed))
    monkeypatch.setattr(pipelines.flows, "WAITS", [0.1, 0.2])
    tried: list[int] = []

    def ingest() -> None:
        tried.append(1)
        raise error("away")

    with pytest.raises(error, match="away"):
        flow(lambda: pipelines.flows.as_task(ingest), name="a night", validate_parameters=False)()
    assert len(tried) == times


def test_a_run_that_fails_says_so_itself(harness: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []
    monkeypatch.setattr(pipelines.flows, "emit_event", lambda **event: said.append(event))

    with pytest.raises(ConfigError):
        pipelines.flows.nightly_flow(str(tmp_path / "absent.toml"), AS_OF)

    (event,) = said
    assert event["event"] == MESSAGES["failed"].events[0]
    assert re.fullmatch(r"holdfast-nightly, [\w-]+: Failed", event["payload"]["text"])


def test_the_flow_publishes_what_the_command_does(company: Company, harness: None) -> None:
    from pipelines.flows import nightly_flow

    root = company.settings.root
    before = nightly(company.settings, company.cutoff(), company.log)  # other tests may have published earlier days
    folder = nightly_flow(str(company.config), AS_OF, str(root))
    assert Path(folder).resolve() == before.resolve()  # the same bytes, so no new revision


def test_a_schedule_fires(tmp_path: Path) -> None:
    """A newer SQLAlchemy lets flows run but silences schedules; see the constraints in pyproject.toml."""
    script, marker = tmp_path / "every_second.py", tmp_path / "fired"
    script.write_text(
        "from datetime import timedelta\nfrom pathlib import Path\nfrom prefect import flow\n\n"
        f"@flow\ndef touch():\n    Path({str(marker)!r}).touch()\n\n"
        "if __name__ == '__main__':\n    touch.serve('every-second', interval=timedelta(seconds=2), limit=1)\n"
    )
    port = "4291"
    environment = os.environ | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "true",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }
    prefect = shutil.which("prefect", path=Path(sys.executable).parent)
    assert prefect is not None
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    server = subprocess.Popen([prefect, "server", "start", "--host", "127.0.0.1", "--port", port], **quiet)
    serving = None
    try:
        ready = [sys.executable, "-c", f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/api/health')"]
        wait_until(lambda: subprocess.run(ready, capture_output=True).returncode == 0, seconds=90)
        serving = subprocess.Popen([sys.executable, str(script)], **quiet)
        wait_until(marker.exists, seconds=120)
    finally:
        for process in filter(None, (serving, server)):
            process.terminate()
            process.wait(timeout=30)
