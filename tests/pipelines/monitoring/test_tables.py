"""Freshness, volume and refused rows of tables, by hand."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from configs.monitoring import Monitoring
from features.time import Cutoff
from pipelines.monitoring.tables import freshness, rows_by_day, table_figures, volume
from pipelines.storage import MANIFEST, write_json

CUTOFF = Cutoff(date(2026, 7, 1), ZoneInfo("Europe/Berlin"))


def weeks(*days: int, count: int = 54) -> np.ndarray:
    """Rows by day, yesterday first, of so many weeks alike."""
    return np.array(list(days) * count)


def test_a_pause_is_told_from_a_weekend() -> None:
    usual = weeks(50, 50, 50, 50, 50, 0, 0)
    assert freshness(usual)["beyond"] is False
    stopped = np.concatenate([np.zeros(4, dtype=int), usual])
    found = freshness(stopped)
    assert (found["value"], found["usual"], found["beyond"]) == (4.0, 2.0, False)  # 1.5 x 2 + 1 is not passed
    assert freshness(np.concatenate([[0], stopped]))["beyond"] is True


@pytest.mark.parametrize(
    ("yesterday", "beyond"),
    [(50, False), (30, False), (19, True), (0, True), (99, False), (150, True)],
)
def test_a_day_is_held_against_the_same_weekday(yesterday: int, beyond: bool) -> None:
    by_day = weeks(50, 7, 7, 7, 7, 7, 7)
    by_day[0] = yesterday
    found = volume(by_day, 2.0)
    assert found["usual"] == 50 and found["beyond"] is beyond


def test_the_season_of_a_year_ago_counts() -> None:
    by_day = weeks(50, 50, 50, 50, 50, 50, 50)
    by_day[0] = 150
    by_day[364] = 140  # as many at the same time last year
    assert volume(by_day, 2.0)["beyond"] is False


def test_few_rows_go_up_and_down_by_chance() -> None:
    by_day = weeks(1, 1, 1, 1, 1, 1, 1)
    by_day[0] = 4
    assert volume(by_day, 2.0)["beyond"] is False  # four where one is usual: a Poisson count does so
    assert volume(by_day[:28], 2.0) == {}  # three weekdays to compare with


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Orders every hour until midnight in Berlin before the cutoff, three of 100 refused."""
    (tmp_path / "transactions").mkdir()
    last = CUTOFF.instant - timedelta(minutes=30)
    at = pl.Series("known_at", [last - timedelta(hours=hours) for hours in range(24 * 60)])
    later = pl.Series("known_at", [CUTOFF.instant + timedelta(hours=1)])  # a store of a later day
    pl.DataFrame([pl.concat([at, later])]).write_parquet(tmp_path / "transactions" / "bucket-0000.parquet")
    counts = {"table": "transactions", "rows": 100, "kept": 97, "quarantined": 3, "not_yet_known": 0, "reasons": {}}
    write_json(tmp_path / MANIFEST, {"tables": {"transactions": counts}})
    return tmp_path


def test_days_are_those_of_the_business_zone(store: Path) -> None:
    by_day = rows_by_day(store, "transactions", CUTOFF)
    assert by_day.tolist() == [24] * 60
    assert CUTOFF.instant.hour == 22 and isinstance(CUTOFF.instant, datetime)  # summer time


def test_figures_of_a_table(store: Path) -> None:
    found = table_figures(store, CUTOFF, Monitoring(quarantined_share=0.02))
    assert found.select("check", "table", "value", "usual", "beyond").rows() == [
        ("quarantined", "transactions", 0.03, 0.02, True),
        ("freshness", "transactions", 0.0, 0.0, False),
        ("volume", "transactions", 24.0, 24.0, False),
    ]
    assert found["says"][0] == "3 of 100 rows refused, 2.0% may be"
