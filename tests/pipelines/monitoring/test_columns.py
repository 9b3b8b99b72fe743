"""The newest rows of a table against those of the year before, as far as they were known then."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from configs.monitoring import Monitoring
from features.tables import TABLES
from features.time import Cutoff
from pipelines.monitoring.columns import column_figures
from pipelines.storage import MANIFEST, write_json

CUTOFF = Cutoff(date(2026, 7, 1), ZoneInfo("UTC"))
DAYS = 378  # 27 windows of two weeks


def stored(folder: Path, days_to_answer: float, cause: str = "support", severity: str | None = "low") -> Path:
    """Eight complaints a day, answered after about a day; those of the last two weeks otherwise, with this cause."""
    random, rows = np.random.default_rng(1), 8 * DAYS
    ago = np.repeat(np.arange(DAYS), 8) + random.random(rows)
    recent = ago < 14
    waited = random.exponential(np.where(recent, days_to_answer, 1.0))
    opened = [CUTOFF.instant - timedelta(days=float(days)) for days in ago]
    answered = [at + timedelta(days=float(days)) for at, days in zip(opened, waited, strict=True)]
    table = TABLES["complaints"]
    causes = np.where(
        recent & (random.random(rows) < 0.2), cause, np.where(random.random(rows) < 0.5, "support", "delay")
    )
    columns = {
        "complaint_id": [f"K{number}" for number in range(rows)], "customer_id": ["C1"] * rows,
        "opened_at": opened, "known_at": opened, "cause": causes.tolist(),
        "first_response_at": [at if at < CUTOFF.instant else None for at in answered],
        "severity": [severity if is_recent else "low" for is_recent in recent],
    }  # fmt: skip
    frame = pl.concat([table.empty(), pl.DataFrame(columns, schema_overrides=table.schema)], how="diagonal")
    (folder / "complaints").mkdir(parents=True)
    frame.write_parquet(folder / "complaints" / "bucket-0000.parquet")
    write_json(folder / MANIFEST, {"tables": {"complaints": {}}})
    return folder


def test_rows_as_ever_are_not_unlike(tmp_path: Path) -> None:
    found = column_figures(stored(tmp_path, 1.0), CUTOFF, Monitoring())
    assert found.filter(check="columns")["p"].min() > 0.01
    assert "first_response_at (days waited)" in found["name"] and "complaint_id" not in found["name"]
    assert not found.filter(check="unseen")["beyond"].any()


def test_late_answers_show_though_the_latest_are_still_open(tmp_path: Path) -> None:
    found = column_figures(stored(tmp_path, 8.0), CUTOFF, Monitoring())
    waits = found.filter(name="first_response_at (days waited)").row(0, named=True)
    assert waits["p"] < 1e-4 and waits["value"] > 0.25 and waits["table"] == "complaints"
    # Of eight days cut off where two weeks end: 8 x (1 - 8/14 x (1 - exp(-14/8))) = 4.2 on average.
    assert "(mean 4." in waits["says"] and "before 0.9" in waits["says"]


def test_a_value_never_seen_before(tmp_path: Path) -> None:
    found = column_figures(stored(tmp_path, 1.0, cause="refund"), CUTOFF, Monitoring())
    cause = found.filter(check="unseen", name="cause").row(0, named=True)
    assert cause["beyond"] and "never seen before: refund" in cause["says"]
    assert 0.15 < cause["value"] < 0.25
    assert found.filter(check="columns", name="cause")["p"][0] < 0.01


def test_what_is_no_longer_filled_in(tmp_path: Path) -> None:
    found = column_figures(stored(tmp_path, 1.0, severity=None), CUTOFF, Monitoring())
    assert found.filter(name="severity (known at all)")["p"][0] < 1e-4
