"""The base rate of a night against those its champion learned from: outside their range, and beyond how they differ."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import pipelines.monitoring.champion
from configs.settings import Settings
from features.time import Cutoff
from models.learned_from import CHURNED, EVERYBODY, learned_from
from pipelines.monitoring.champion import champion_figures
from pipelines.monitoring.checks import AGE

CUTOFF = Cutoff(date(2026, 7, 1), ZoneInfo("UTC"))
PAST = date(2026, 4, 2)  # a horizon of 90 days before
DAYS = [PAST - timedelta(days=20 * number) for number in range(15, 0, -1)]
CUSTOMERS = 1000
FEATURE = "rfm__recency_days"


def customers(share: float, day: date, segment: str | None = None) -> pl.DataFrame:
    """`CUSTOMERS` scored on a day, of whom so many leave."""
    number = pl.int_range(CUSTOMERS, eager=True)
    left = (number < round(share * CUSTOMERS)).cast(pl.Int8)
    names = pl.format("C{}", pl.lit(number))
    cutoff, of = pl.lit(day).alias("cutoff"), pl.lit(segment, pl.String).alias("segment")
    return pl.select(names.alias("customer_id"), cutoff, of, pl.lit(left).alias(CHURNED), pl.lit(0.3).alias(FEATURE))


def base_rates(
    monkeypatch: pytest.MonkeyPatch, folder: Path, learned: list[float], left: float, scored: float
) -> dict[str, dict[str, Any]]:
    """The figures of the base rate where so many left on the days learned from, in the last window, and tonight."""
    rows = pl.concat([customers(share, day) for share, day in zip(learned, DAYS, strict=True)])
    kept = learned_from(rows.select("cutoff", CHURNED), rows["segment"], {})

    class Champion:
        version, churn, clv, recipe = "1", None, None, {"features": [FEATURE], "as_of": "2026-06-17"}

    class Pair:
        @staticmethod
        def restore(*_: object) -> "Pair":
            return Pair()

        def without_level(self, matrix: pl.DataFrame) -> pl.DataFrame:
            return pl.DataFrame({"score_of_leaving": [0.5] * matrix.height})

    for name, stands in {
        "load_champion": lambda _: Champion,
        "load_table": lambda *_: kept,
        "ModelPair": Pair,
        "observed": lambda settings, store, past: customers(left, past.day),
        "segments": lambda store, rows: pl.Series("segment", [None] * rows.height, dtype=pl.String),
    }.items():
        monkeypatch.setattr(pipelines.monitoring.champion, name, stands)
    tonight = customers(0.0, CUTOFF.day)
    tonight.with_columns(churn_probability=pl.lit(scored)).write_parquet(folder / "scores.parquet")
    tonight.select("customer_id", "cutoff", FEATURE).write_parquet(folder / "features.parquet")
    settings = Settings.model_validate({"name": "shop", "sources": {"transactions": {"path": "x.csv"}}})
    log: list[str] = []
    found = champion_figures(settings, folder, CUTOFF, folder, log.append)
    assert log == [] and found.filter(pl.col("check") != AGE)["of"].unique().to_list() == [EVERYBODY]
    return {row["name"]: row for row in found.filter(check="base rate").iter_rows(named=True)}


def test_a_rate_far_from_steady_ones_is_beyond(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    steady = [0.20, 0.21, 0.19] * 5
    found = base_rates(monkeypatch, tmp_path, steady, left=0.35, scored=0.2)
    # The range and 5 points and two errors of 1.6 points: 0.21 + 0.05 + 0.032 is less than 0.35.
    assert found["left"]["beyond"] and found["left"]["p"] < 1e-4
    assert found["left"]["says"] == "35.0% left after 2026-04-02; 19.0% to 21.0% left on the days learned from"
    assert found["left"]["usual"] == pytest.approx(0.19)
    assert not found["scored as leaving"]["beyond"] and found["scored as leaving"]["p"] > 0.1


def test_the_same_distance_is_usual_where_rates_climb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a first year: every 90 days the share climbed by 0.12, and now by 0.13 from the highest, 0.52."""
    monkeypatch.setattr(f"{__name__}.DAYS", [day - timedelta(days=70) for day in DAYS])
    climbing = [0.10 + 0.03 * number for number in range(15)]
    found = base_rates(monkeypatch, tmp_path, climbing, left=0.65, scored=0.5)
    assert found["left"]["beyond"] and found["left"]["p"] > 0.05


def test_two_days_do_not_say_how_rates_differ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(f"{__name__}.DAYS", DAYS[-2:])
    found = base_rates(monkeypatch, tmp_path, [0.2, 0.2], left=0.35, scored=0.2)
    assert found["left"]["beyond"] and found["left"]["p"] is None
