"""One small simulated company, shared by the tests that only read it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.simulate.company import SimulationSummary, simulate

UNTIL = date(2025, 6, 1)


@dataclass(frozen=True)
class Company:
    until: date
    summary: SimulationSummary
    tables: dict[str, pl.DataFrame]
    truth: pl.DataFrame


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    directory: Path = tmp_path_factory.mktemp("company")
    summary = simulate(directory, customers=1_500, seed=11, until=UNTIL, history_days=720)
    tables = {path.stem: pl.read_parquet(path) for path in (directory / "raw").glob("*.parquet")}
    return Company(UNTIL, summary, tables, pl.read_parquet(directory / "truth.parquet"))
