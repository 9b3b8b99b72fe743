"""Aggregating as of many cutoffs: late knowledge, the fast path against the direct one, sums and spreads that hold."""

import statistics
from collections.abc import Sequence
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from features.asof import aggregate
from features.family import Events, Feature, Op
from features.tables import TABLES
from features.time import LIFETIME, Cutoff, Window, windows
from features.timeline import Timeline, known_before
from tests.features.drawn_tables import at, cutoff, table
from tests.features.strategies import CUTOFFS, Row, frames, stores

AMOUNT = pl.col("amount")
ADDING_UP: tuple[Op, ...] = ("count", "sum", "min", "max", "first", "last", "mean", "std")
EXPRESSIONS = {
    "amount": AMOUNT,
    "sold": pl.when(AMOUNT > 0).then(AMOUNT),
    "small": (AMOUNT // 10_000).cast(pl.Int32),
    "bought": AMOUNT > 0,
    "quantity": pl.col("quantity"),
}


def trial(*measures: Feature, columns: tuple[pl.Expr, ...] = (), state: bool = False) -> Events:
    return Events("transactions", measures, columns=columns, state=state)


def feature(expression: pl.Expr, op: Op, *within: Window, name: str = "it", unit: str = "") -> Feature:
    return Feature(name, expression, op, "", unit, "", within or (LIFETIME,))


def aggregated(events: Events, found: pl.DataFrame, cutoffs: Sequence[Cutoff]) -> pl.DataFrame:
    """The measures of every customer with events at every cutoff."""
    days = pl.DataFrame({"cutoff": [c.day for c in cutoffs]}).with_row_index("at")
    rows = found.select(pl.col("customer_id").unique(maintain_order=True)).join(days, how="cross")
    timeline = Timeline(TABLES["transactions"], found, cutoffs)
    asked = timeline.asked(rows["customer_id"], rows["at"].cast(pl.Int64).to_numpy())
    return rows.drop("at").hstack(aggregate("trial", events, timeline, asked, {}))


def test_a_fact_counts_from_the_first_cutoff_after_it_was_learned():
    events = table(
        "transactions",
        """
        occurred_at      | amount | known_at
        2025-05-10 00:00 |      1 | -
        2025-05-20 00:00 |      2 | 2025-06-01 00:00
        2025-05-25 00:00 |      4 | 2025-06-15 00:00
        2025-06-01 00:00 |      8 | 2025-05-01 00:00
        2025-06-10 00:00 |     16 | 2025-07-20 00:00
        """,
    )
    days = ("2025-06-01", "2025-06-02", "2025-06-16", "2025-07-21")
    measure = feature(AMOUNT, "sum", *windows(30), LIFETIME, unit="amount")
    found = aggregated(trial(measure), events, [cutoff(day) for day in days]).sort("cutoff")
    # The 2 was learned at the first cutoff, so the second is the first to see it; the 8 was announced before it
    # happened and counts from then; the 4 and the 16 were learned later. The 1 without `known_at` always counts.
    assert found["trial__it_sum_lifetime"].to_list() == [1, 1 + 2 + 8, 1 + 2 + 4 + 8, 31]
    assert found["trial__it_sum_30d"].to_list() == [1, 1 + 2 + 8, 2 + 4 + 8, 0]


def test_a_fact_learned_at_the_very_cutoff_counts_from_the_next():
    events = table("transactions", "occurred_at | amount | known_at\n2025-05-20 | 2 | 2025-06-01")
    measure = feature(AMOUNT, "sum", unit="amount")
    found = aggregated(trial(measure), events, [cutoff("2025-06-01"), cutoff("2025-06-02")])
    assert found.rows() == [("ada", date(2025, 6, 1), 0), ("ada", date(2025, 6, 2), 2)]


def test_what_is_learned_late_changes_the_earlier_events_columns_only_once_known():
    gap = (pl.col("occurred_at") - pl.col("occurred_at").shift(1).over("customer_id")).dt.total_days()
    gaps = trial(feature(pl.col("gap"), "max"), columns=(gap.alias("gap"),))
    events = table(
        "transactions",
        "occurred_at | amount | known_at\n2025-05-01 | 1 | -\n2025-05-03 | 1 | 2025-06-05\n2025-05-11 | 1 | -",
    )
    found = aggregated(gaps, events, [cutoff("2025-06-01"), cutoff("2025-06-10")]).sort("cutoff")
    assert found["trial__it_max_lifetime"].to_list() == [10, 8]


def test_cells_filled_in_later_are_empty_until_then():
    rows = table(
        "complaints",
        """
        opened_at  | cause | resolved_at | satisfaction | satisfaction_at
        2025-05-01 | delay | 2025-05-09  | 3            | 2025-05-10
        2025-05-02 | delay | 2025-05-11  | 4            | -
        2025-05-10 | delay | -           | -            | -
        """,
    )
    seen = known_before(rows.lazy(), TABLES["complaints"], at("2025-05-10")).collect()
    assert seen["resolved_at"].to_list() == [at("2025-05-09"), None]
    assert seen["satisfaction"].to_list() == seen["satisfaction_at"].to_list() == [None, None]
    later = known_before(rows.lazy(), TABLES["complaints"], at("2025-05-11")).collect()
    assert later["satisfaction"].to_list() == [3, None, None]


@settings(max_examples=settings().max_examples // 4)
@given(store=stores(["transactions"]))
def test_the_fast_path_equals_the_direct_path(store: dict[str, list[Row]]):
    within = (*windows(30), LIFETIME)
    measures = [feature(e, op, *within, name=name) for name, e in EXPRESSIONS.items() for op in ADDING_UP]
    punctual = frames(store)["transactions"].with_columns(known_at=pl.col("occurred_at"))
    # The rows of a state family are looked at for each cutoff anew.
    fast = aggregated(trial(*measures), punctual, CUTOFFS[:3])
    direct = aggregated(trial(*measures, state=True), punctual, CUTOFFS[:3])
    key = ["customer_id", "cutoff"]
    columns = [*key, *(pl.col(column).cast(pl.Float64) for column in fast.columns[2:])]
    assert_frame_equal(fast.select(columns).sort(key), direct.select(columns).sort(key), rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_rows_measured_a_few_at_a_time_are_the_same(at_once: int, monkeypatch: pytest.MonkeyPatch):
    days = [cutoff(day) for day in ("2025-05-01", "2025-06-01", "2025-07-01")]
    lines = [
        f"{who} | 2025-0{month}-{day} | {month * day} | {product}"
        for who in ("ada", "ben", "cyd")
        for month, day, product in ((4, 11, "a"), (5, 12, "b"), (6, 13, "a"))
    ]
    events = table("transactions", "\n".join(["customer_id | occurred_at | amount | product", *lines]))
    measures = [feature(AMOUNT, op, *windows(45), LIFETIME) for op in (*ADDING_UP, "median")]
    measures.append(feature(pl.col("product"), "n_unique", *windows(45), LIFETIME, name="kind"))
    together = aggregated(trial(*measures), events, days)
    # Of 44 (April), 60 (May) and 78 (June) a row sees what came before its cutoff; 45 days reach back to one of them.
    seen = together.filter(pl.col("customer_id") == "ben")
    assert seen["trial__it_max_lifetime"].to_list() == [440_000, 600_000, 780_000]
    monkeypatch.setattr("features.asof.ROWS_AT_ONCE", at_once)
    assert_frame_equal(aggregated(trial(*measures), events, days), together)


@pytest.mark.parametrize("late", [False, True])
def test_sums_of_small_integers_and_of_truths_do_not_wrap(late: bool):
    # 300 events of 50,000,000 add up to 15,000,000,000, more than an Int32 holds; 300 truths are more than a UInt8.
    events = table("transactions", "occurred_at | amount\n" + "2025-05-01 | 1\n" * 300)
    if late:
        learned = pl.when(pl.col("transaction_id") == "000").then(at("2025-07-01")).otherwise("known_at")
        events = events.with_columns(known_at=learned)
    counted = 299 if late else 300
    expressions = {
        "number": pl.when(AMOUNT > 0).then(pl.lit(50_000_000, pl.Int32)),
        "small": pl.when(AMOUNT > 0).then(pl.lit(100, pl.Int8)),
        "yes": AMOUNT > 0,
    }
    measures = [feature(expression, "sum", name=name) for name, expression in expressions.items()]
    found = aggregated(trial(*measures), events, [cutoff("2025-06-01")])
    assert found["trial__number_sum_lifetime"].to_list() == [counted * 50_000_000]
    assert found["trial__small_sum_lifetime"].to_list() == [counted * 100]
    assert found["trial__yes_sum_lifetime"].to_list() == [counted]


@pytest.mark.parametrize("offset", [0, 10**6, 10**9, 10**11])
def test_the_spread_over_intervals_is_that_of_all_values(offset: int):
    amounts = [offset + amount for amount in (3, 1, 4, 1, 5, 9, 2, 6)]
    days = (
        "2024-03-01",
        "2024-12-20",
        "2025-01-05",
        "2025-02-20",
        "2025-04-20",
        "2025-05-20",
        "2025-05-30",
        "2025-05-30",
    )
    lines = [f"{day} | {amount}" for day, amount in zip(days, amounts, strict=True)]
    events = table("transactions", "\n".join(["occurred_at | amount", *lines]))
    measure = feature(AMOUNT, "std", *windows(7, 14, 30, 60, 90, 180, 365), LIFETIME, unit="amount")
    found = aggregated(trial(measure), events, [cutoff("2025-06-01")]).row(0, named=True)
    assert found["trial__it_std_lifetime"] == pytest.approx(statistics.stdev(amounts), rel=1e-6)
    assert found["trial__it_std_365d"] == pytest.approx(statistics.stdev(amounts[1:]), rel=1e-6)
    assert found["trial__it_std_60d"] == pytest.approx(statistics.stdev(amounts[4:]), rel=1e-6)
    assert found["trial__it_std_7d"] == pytest.approx(statistics.stdev(amounts[6:]), rel=1e-6)


@pytest.mark.parametrize("keys", ["abc", "cba", "bca"])
def test_of_events_of_one_instant_the_greatest_key_is_the_last(keys: str):
    amounts = {"a": 1, "b": 2, "c": 3}
    lines = [f"{key} | 2025-05-01 | {amounts[key]}" for key in keys]
    events = table("transactions", "\n".join(["transaction_id | occurred_at | amount", *lines]))
    measures = [feature(AMOUNT, "first", unit="amount"), feature(AMOUNT, "last", unit="amount")]
    found = aggregated(trial(*measures), events, [cutoff("2025-06-01")]).row(0, named=True)
    assert (found["trial__it_first_lifetime"], found["trial__it_last_lifetime"]) == (1, 3)


def test_one_value_has_no_spread_and_equal_values_have_none_apart():
    events = table("transactions", "occurred_at | amount\n2025-01-01 | 7\n2025-05-01 | 7\n2025-05-30 | 7")
    measure = feature(AMOUNT, "std", *windows(7, 90), unit="amount")
    found = aggregated(trial(measure), events, [cutoff("2025-06-01")]).row(0, named=True)
    assert (found["trial__it_std_7d"], found["trial__it_std_90d"]) == (None, 0)


def test_medians_and_distinct_values_stand_beside_sums():
    events = table(
        "transactions",
        """
        occurred_at | amount | product
        2025-01-01  |      9 | pen
        2025-05-01  |      1 | pen
        2025-05-30  |      2 | -
        2025-05-31  |      4 | cup
        """,
    )
    measures = [
        feature(AMOUNT, "median", *windows(90), LIFETIME, unit="amount"),
        feature(pl.col("product"), "n_unique", *windows(90, 1), LIFETIME),
        feature(AMOUNT, "sum", unit="amount"),
    ]
    found = aggregated(trial(*measures), events, [cutoff("2025-06-01")]).row(0, named=True)
    assert (found["trial__it_median_90d"], found["trial__it_median_lifetime"]) == (2, 3)
    assert (found["trial__it_n_unique_90d"], found["trial__it_n_unique_1d"]) == (2, 1)
    assert (found["trial__it_n_unique_lifetime"], found["trial__it_sum_lifetime"]) == (2, 16)
