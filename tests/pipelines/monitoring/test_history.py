"""What is beyond what is usual, for how many nights in a row, and what a run again replaces."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from configs.monitoring import Monitoring
from pipelines.monitoring.checks import figures
from pipelines.monitoring.history import NIGHT, history, judged, write_history

DAY = date(2026, 7, 1)
LIMITS = Monitoring(false_alarm_rate=0.1, psi=0.1, persists_nights=2)


def feature(name: str, p: float, value: float = 0.5, of: str = "all customers") -> dict[str, object]:
    return {"check": "features", "table": "transactions", "name": name, "of": of, "value": value, "p": p, "says": name}


def refused(beyond: bool) -> dict[str, object]:
    return {"check": "quarantined", "table": "transactions", "value": 0.1, "beyond": beyond, "says": "refused"}


def night(number: int, *rows: dict[str, object], limits: Monitoring = LIMITS, before: pl.DataFrame | None = None):
    known = pl.DataFrame(schema=NIGHT) if before is None else before
    return judged(figures(list(rows)), known, DAY + timedelta(days=number), limits)


def levels(found: pl.DataFrame) -> dict[str, tuple[str, int]]:
    return {row["name"] or row["check"]: (row["level"], row["nights"]) for row in found.iter_rows(named=True)}


def test_tests_are_judged_together_and_columns_apart() -> None:
    # A third of the rate each: of two features 0.02 <= 1/2 x 0.05; 0.04 would do for one alone, as for the column.
    limits = LIMITS.model_copy(update={"false_alarm_rate": 0.15})
    column = {"check": "columns", "table": "costs", "name": "amount", "value": 0.5, "p": 0.04, "says": ""}
    found = night(0, feature("a", 0.02), feature("b", 0.06), column, limits=limits)
    assert levels(found) == {"a": ("warn", 1), "b": ("ok", 0), "amount": ("warn", 1)}
    assert levels(night(0, feature("a", 0.04), feature("b", 0.9), limits=limits)) == {"a": ("ok", 0), "b": ("ok", 0)}


@pytest.mark.parametrize(
    ("p", "beyond", "level"), [(0.01, True, "warn"), (0.04, True, "ok"), (0.01, False, "ok"), (None, True, "warn")]
)
def test_a_rate_is_beyond_its_range_and_beyond_how_rates_differ_anyway(
    p: float | None, beyond: bool, level: str
) -> None:
    rate = {"check": "base rate", "name": "left", "of": "all customers", "value": 0.02, "p": p, "beyond": beyond}
    first = night(0, rate | {"says": "2 % left"})
    assert levels(first) == {"left": (level, int(level == "warn"))}
    again = night(1, rate | {"says": "2 % left"}, before=first)
    assert levels(again)["left"][0] == ("alarm" if level == "warn" else "ok")


def test_small_differences_and_groups_as_ever_are_left() -> None:
    found = night(0, feature("a", 1e-9, value=0.09), feature("b", 0.5, of="trade"), feature("c", 1e-9, of="trade"))
    assert levels(found) == {"a": ("ok", 0), "c": ("warn", 1)}


def test_it_must_persist_and_a_gap_begins_anew(tmp_path: Path) -> None:
    known = pl.DataFrame(schema=NIGHT)
    told = []
    for number, p in enumerate([1e-9, 1e-9, 0.9, 1e-9, 1e-9, 1e-9]):
        found = night(number, feature("a", p), refused(p < 0.5), before=known)
        write_history(tmp_path, known, found, DAY + timedelta(days=number))
        known = history(tmp_path)
        told.append(levels(found))
    assert [one["a"] for one in told] == [
        ("warn", 1), ("alarm", 2), ("ok", 0), ("warn", 1), ("alarm", 2), ("alarm", 3),
    ]  # fmt: skip
    assert told[0]["quarantined"] == ("warn", 1) and known["day"].n_unique() == 6


@pytest.mark.parametrize(
    ("level", "expected"), [("off", {}), ("warn", {"a": ("warn", 2)}), ("alarm", {"a": ("alarm", 2)})]
)
def test_each_check_is_what_is_configured(level: str, expected: dict) -> None:
    limits = Monitoring.model_validate({"features": level})
    first = night(0, feature("a", 1e-9))
    assert levels(night(1, feature("a", 1e-9), limits=limits, before=first)) == expected


def test_a_run_again_replaces_its_own_night_only(tmp_path: Path) -> None:
    nothing = history(tmp_path)
    assert nothing.is_empty() and nothing.columns == list(NIGHT)
    for number in range(3):
        write_history(tmp_path, history(tmp_path), night(number, feature("a", 0.5)), DAY + timedelta(days=number))
    before = history(tmp_path)

    again = night(1, feature("a", 1e-9), feature("b", 0.5), before=before)
    write_history(tmp_path, before, again, DAY + timedelta(days=1))

    after = history(tmp_path)
    others = pl.col("day") != DAY + timedelta(days=1)
    assert after.filter(others).equals(before.filter(others))
    assert after.filter(~others)["name"].to_list() == ["a", "b"]
    assert after["day"].is_sorted()
