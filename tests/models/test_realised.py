"""Scores of a past day against what happened: treated set apart, controls standing for them, opponents beside."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.baselines import Opponents
from models.realised import by_group, counts, realised, set_apart

DAY = date(2026, 1, 1)


def rows_of(*rows: tuple[str, int, bool] | tuple[str, int, bool, str]) -> pl.DataFrame:
    """customer, churned, would_list and, of who was left alone at a risk that was seen, the code."""
    codes = [row[3] if len(row) == 4 else None if row[2] else "unlikely_to_leave" for row in rows]
    found = pl.DataFrame([row[:3] for row in rows], schema=["customer_id", "churned", "would_list"], orient="row")
    return found.with_columns(cutoff=pl.lit(DAY), code=pl.Series(codes, dtype=pl.String))


def listed(*rows: tuple[str, int, str]) -> pl.DataFrame:
    """customer, days after the scored day, arm."""
    days = [DAY + timedelta(days=after) for _, after, _ in rows]
    names, arms = [row[0] for row in rows], [row[2] for row in rows]
    texts = {"customer_id": names, "season": ["s"] * len(rows), "arm": arms}
    columns = [pl.Series(name, values, dtype=pl.String) for name, values in texts.items()]
    return pl.DataFrame([*columns, pl.Series("cutoff", days, dtype=pl.Date)])


def test_treated_are_no_false_alarms_and_controls_stand_for_them() -> None:
    rows = rows_of(
        ("A", 0, True), ("B", 1, True), ("C", 0, True), ("D", 1, True), ("E", 1, False), ("F", 0, False),
        ("G", 0, False)
    )  # fmt: skip
    listings = listed(
        ("A", 0, "treat"), ("B", 0, "treat"), ("C", 0, "control"), ("D", 0, "control"),
        ("F", 29, "treat"),  # listed later, within the horizon of 30 days
        ("G", 30, "treat"),  # after it
    )  # fmt: skip

    found = set_apart(rows, listings, observation_days=30, lasting_days=365)

    # 6 listings of the season and 2 controls: each control stands for 3.
    assert found.select("customer_id", "treated", "copies", "turned_out").rows() == [
        ("A", True, 0, "treated_stayed"),
        ("B", True, 0, "treated_left"),
        ("C", False, 3, "false_alarm"),
        ("D", False, 3, "hit"),
        ("E", False, 1, "miss"),
        ("F", True, 0, "treated_stayed"),
        ("G", False, 1, "quiet"),
    ]


def test_whom_policy_left_alone_is_no_miss() -> None:
    rows = rows_of(
        ("A", 1, False), ("B", 1, False, "over_capacity"), ("C", 1, False, "no_contact"), ("D", 0, False, "cool_down")
    )  # fmt: skip
    found = set_apart(rows, listed(), 30, 365)
    assert found["turned_out"].to_list() == ["miss", "passed_over", "passed_over", "quiet"]
    older = set_apart(rows.with_columns(code=pl.lit(None, pl.String)), listed(), 30, 365)
    assert older["turned_out"].to_list() == ["miss", "miss", "miss", "quiet"]


def test_without_controls_the_treated_do_not_serve_as_truth() -> None:
    found = set_apart(rows_of(("A", 0, True), ("B", 1, False)), listed(("A", 0, "treat")), 30, 365)
    assert found.select("copies", "turned_out").rows() == [(0, "treated_stayed"), (1, "miss")]


ROWS = pl.DataFrame(
    {
        "churned": [1, 0, 1, 0, 0],
        "value": [0.0, 40.0, 0.0, 10.0, 999.0],
        "churn_probability": [0.9, 0.6, 0.5, 0.1, 0.99],
        "predicted_clv": [5.0, 20.0, 30.0, 5.0, 1.0],
        "predicted_clv_low": [1.0, 10.0, 0.0, 5.0, 0.0],
        "predicted_clv_high": [9.0, 40.0, 50.0, 9.0, 1.0],
        "copies": [1, 2, 1, 1, 0],  # the last was treated
    }
)
RECENCY = {"recency": np.array([10.0, 30.0, 20.0, 5.0, 0.0])}
SPENT = {"last year's spend": np.array([0.0, 9.0, 1.0, 2.0, 99.0])}


def test_figures_by_hand() -> None:
    found = realised(ROWS, RECENCY, SPENT, listed_share=0.2, seed=1)
    by_name = dict(found.select("figure", "value").iter_rows())
    expected = {
        "customers": 4,
        "customers_stood_for": 5,
        "auc": (3 + 1) / 6,  # 0.9 is above 0.6, 0.6 and 0.1; 0.5 above 0.1 only
        "auc of recency": (1 + 1) / 6,  # 10 and 20 are above 5 only
        "auc ahead of recency": 2 / 6,
        "lift_at_list_length": 1 / (2 / 5),  # the first of five left
        "lift_at_list_length of recency": 0,
        "mean_probability": (0.9 + 2 * 0.6 + 0.5 + 0.1) / 5,
        "churn_rate": 2 / 5,
        "calibration_error": (0.1 + 0.6 + 0.6 + 0.5 + 0.1) / 5,  # a bin each
        "lift_at_10": 1 / (2 / 5),  # half a customer is one, the first
        "value_captured_20": 0 / 40,  # the third was predicted most valuable
        "value_captured_20 of last year's spend": 40 / 40,
        "value_captured_20 ahead of last year's spend": -1,
        "value_ratio": (5 + 2 * 20 + 30 + 5) / (2 * 40 + 10),
        "coverage_80": 3 / 5,  # 0 is below 1, 10 above 9; 40 and 0 are ends
    }
    assert by_name == pytest.approx(expected)
    intervals = found.filter(~pl.col("figure").str.starts_with("customers"))
    assert intervals.filter(pl.col("low") <= pl.col("value"), pl.col("value") <= pl.col("high")).height == 14


def test_nobody_untreated_gives_no_figures() -> None:
    assert realised(ROWS.with_columns(copies=0), {}, {}, 0.2, seed=1).is_empty()


def test_counts_say_why_others_were_passed_over() -> None:
    turned_out = ["hit", "passed_over", "passed_over", "miss"]
    found = counts(pl.DataFrame({"turned_out": turned_out, "code": [None, "no_contact", "no_contact", None]}))
    assert found.rows() == [
        ("hit", 1.0, None, None),
        ("miss", 1.0, None, None),
        ("passed_over", 2.0, None, None),
        ("passed_over: no_contact", 2.0, None, None),
    ]


def test_groups_of_enough_customers_have_figures_of_their_own() -> None:
    rows = ROWS.with_columns(
        account_manager=pl.Series(["Anna", "Anna", "Anna", "Bo", None]), segment=pl.lit(None, pl.String),
        would_list=pl.Series([True, False, False, False, True]), code=pl.lit(None, pl.String),
        turned_out=pl.Series(["hit", "quiet", "miss", "quiet", "treated_stayed"]),
    )  # fmt: skip
    found = by_group(rows, Opponents(RECENCY, SPENT), fewest=2, seed=1)

    assert found["of"].unique(maintain_order=True).to_list() == ["all customers", "account_manager: Anna"]
    anna = dict(found.filter(of="account_manager: Anna").select("figure", "value").iter_rows())
    assert anna["churn_rate"] == 2 / 4 and anna["miss"] == 1  # the one who stayed counts twice
    assert anna["auc of recency"] == 0  # both who left had been silent for less long than who stayed
    # Lists had places for two of five, so for two of her four: of the first two one left, and 0.5 of all.
    assert anna["lift_at_list_length"] == 1
