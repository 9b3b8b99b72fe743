"""By when to act: each rule by hand, the earliest wins, weekends are avoided, and a deadline does not wander."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from configs.outreach import Outreach
from pipelines.outreach.act_by import FEATURES_READ, act_by

TUESDAY = date(2026, 7, 7)
COMPLAINT, PROMISE, RENEWAL, OVERDUE = FEATURES_READ
IN_A_WEEK = "Within 7 days of coming onto the list"
LONG_OPEN = "A complaint has been open for more than 7 days"
SCHEMA: dict[str, Any] = {
    "churn_probability": pl.Float64,
    "item_opened": pl.Date,
    "act_by": pl.Date,
    "act_by_why": pl.String,
    **dict.fromkeys(FEATURES_READ, pl.Float64),
}


def deadline(today: date = TUESDAY, **change: Any) -> tuple[int, str]:
    """Day of July, and why."""
    row = {"churn_probability": 0.6, "item_opened": today, **change}
    schema = SCHEMA | ({"churn_probability_30d": pl.Float64} if "churn_probability_30d" in change else {})
    day, why = act_by(pl.DataFrame([row], schema=schema), today, Outreach()).row(0)
    assert day.month == 7
    return day.day, why


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (14, IN_A_WEEK)),
        ({COMPLAINT: 7.1}, (8, LONG_OPEN)),
        ({COMPLAINT: 7.0}, (14, IN_A_WEEK)),
        ({PROMISE: 1.0}, (8, "A promise is overdue")),
        ({RENEWAL: 3.4}, (9, "Before the contract renews")),  # it renews on the tenth
        ({RENEWAL: 0.2}, (7, "Before the contract renews")),  # today
        ({RENEWAL: -2.0}, (14, IN_A_WEEK)),  # passed
        ({RENEWAL: 30.0}, (14, IN_A_WEEK)),  # near, but not as near
        ({OVERDUE: -2.5}, (10, "The next order is due by then")),
        ({OVERDUE: 0.0}, (14, IN_A_WEEK)),  # due now: nothing to get ahead of
        ({OVERDUE: -8.0}, (14, IN_A_WEEK)),
        ({OVERDUE: 5.0}, (14, IN_A_WEEK)),
        (
            {"churn_probability_30d": 0.31},
            (10, "The risk is greatest in the next 30 days"),
        ),  # half of 7 days, rounded up
        ({"churn_probability_30d": 0.3}, (14, IN_A_WEEK)),
        ({"churn_probability_30d": None}, (14, IN_A_WEEK)),
    ],
)
def test_each_rule(change: dict[str, Any], expected: tuple[int, str]) -> None:
    # 10 July 2026 is a Friday.
    assert deadline(**change) == expected


def test_the_earliest_wins_and_an_alarm_speaks_first() -> None:
    assert deadline(**{COMPLAINT: 20.0, PROMISE: 2.0, RENEWAL: 2.0, OVERDUE: -3.0}) == (8, LONG_OPEN)
    assert deadline(**{RENEWAL: 4.0, OVERDUE: -2.0}) == (9, "The next order is due by then")


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (3, 3),  # Friday: Saturday becomes Friday
        (4, 6),  # Saturday: that Friday is over, so Monday
        (5, 6),
    ],
)
def test_no_deadline_on_a_weekend(today: int, expected: int) -> None:
    assert deadline(date(2026, 7, today), **{PROMISE: 1.0})[0] == expected


def test_a_week_from_a_saturday_ends_on_a_friday() -> None:
    assert deadline(date(2026, 7, 4)) == (10, IN_A_WEEK)


def test_the_deadline_of_an_open_item_stays_while_its_reason_does() -> None:
    opened = {"item_opened": date(2026, 7, 1)}
    kept = {**opened, "act_by": date(2026, 7, 2), "act_by_why": LONG_OPEN}

    assert deadline(**opened) == (8, IN_A_WEEK)  # a week from the first
    assert deadline(**kept, **{COMPLAINT: 15.0}) == (2, LONG_OPEN)
    assert deadline(**kept) == (8, IN_A_WEEK)  # the complaint is settled
    assert deadline(**opened, act_by=date(2026, 7, 8), act_by_why=IN_A_WEEK, **{PROMISE: 1.0}) == (
        8,
        "A promise is overdue",
    )


def test_rules_whose_features_are_not_there_are_passed_over() -> None:
    bare = pl.DataFrame([{"churn_probability": 0.6, "item_opened": TUESDAY}], schema=SCHEMA).drop(FEATURES_READ)

    assert act_by(bare, TUESDAY, Outreach(act_within_days=3)).rows() == [
        (date(2026, 7, 10), "Within 3 days of coming onto the list")
    ]


def test_nobody() -> None:
    assert act_by(pl.DataFrame(schema=SCHEMA), TUESDAY, Outreach()).schema == {
        "act_by": pl.Date,
        "act_by_why": pl.String,
    }
