"""One small simulated company, trained and published once for all tests of whole runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from configs.load import load_settings
from configs.settings import Settings
from features.time import Cutoff
from pipelines.nightly import nightly, training
from pipelines.simulate.company import simulate

PROJECT = Path(__file__).parents[2]
AS_OF = date(2026, 6, 30)
SMALLER = "\n[ingest]\nbuckets = 2\n[training]\ncutoff_every_days = 60\nrounds = 100\n"  # settings of tests


@dataclass
class Company:
    """A configured root folder, and what every run said."""

    config: Path
    settings: Settings
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> Callable[[str], None]:
        return self.lines.append

    def cutoff(self, day: date = AS_OF) -> Cutoff:
        return Cutoff(day, self.settings.zone)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    root = tmp_path_factory.mktemp("company")
    config = root / "small.toml"
    demo = (PROJECT / "configs" / "demo.toml").read_text(encoding="utf-8")
    config.write_text(demo + SMALLER, encoding="utf-8")
    made = Company(config, load_settings(config, root))
    simulate(root / "simulated", customers=500, seed=5, until=AS_OF)
    training(made.settings, made.cutoff(), made.log)
    nightly(made.settings, made.cutoff(), made.log)
    return made


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Return once `condition()` holds; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds} seconds"
        time.sleep(0.5)
