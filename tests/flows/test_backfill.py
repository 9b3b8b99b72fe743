"""Days that are published late are what they would have been: the same bytes as nights run in order, whatever is known
by then and however often the backfill died."""

import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from configs.settings import Settings
from pipelines.backfill import backfill
from pipelines.nightly import nightly
from pipelines.storage import MANIFEST, hashes_below, read_json
from tests.flows.conftest import AS_OF, PROJECT, Company, wait_until

pytestmark = pytest.mark.slow
DAYS = [AS_OF - timedelta(days=days) for days in (5, 4, 3)]


def with_models_alone(company: Company, root: Path) -> Settings:
    """The same company where no night ever ran."""
    root.mkdir()
    (root / "simulated").symlink_to(company.settings.root / "simulated")
    shutil.copy(company.settings.root / "mlflow.db", root)
    return company.settings.model_copy(update={"root": root})


def test_a_backfill_that_died_publishes_what_nights_in_order_do(company: Company, tmp_path: Path) -> None:
    in_order = with_models_alone(company, tmp_path / "in order")
    for day in DAYS:
        nightly(in_order, company.cutoff(day), company.log)
    late = with_models_alone(company, tmp_path / "late")
    nightly(late, company.cutoff(AS_OF), company.log)  # a later day is there before the earlier ones
    command = [sys.executable, "-m", "pipelines.cli", "backfill", "--config", str(company.config)]
    command += ["--output", str(late.root), "--from", str(DAYS[0]), "--to", str(DAYS[-1])]

    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL) as dying:
        wait_until((late.folder_of("published", DAYS[0]) / MANIFEST).exists, seconds=300)
        dying.kill()
    assert dying.returncode == -signal.SIGKILL
    went_on = backfill(late, DAYS[0], DAYS[-1], company.log)

    assert went_on and went_on == DAYS[-len(went_on) :] and DAYS[0] not in went_on
    for day in DAYS:
        folders = [settings.folder_of("published", day) for settings in (in_order, late)]
        assert hashes_below(folders[0]) == hashes_below(folders[1])
        assert read_json(folders[0] / MANIFEST) == read_json(folders[1] / MANIFEST)
    assert read_json(late.root / "published" / "current" / MANIFEST)["as_of"] == AS_OF.isoformat()
    assert backfill(late, DAYS[0], DAYS[-1], company.log) == []
