"""By when to act: what is urgent about a customer sets the day, else how long the customer has been on the list."""

from datetime import date

import polars as pl

from configs.outreach import Outreach
from features.families.complaints import RESOLUTION_STANDARD_DAYS

FEATURES_READ = (
    "complaints__open_age_max_lifetime",
    "promises__overdue_sum_90d",
    "contract__renewal_days",
    "rhythm__overdue_days",
)
ALARM_DAYS = 1
RENEWAL_NEAR_DAYS = 30
FRIDAY, WEEK = 5, 7

# Days from today, and why.
Deadline = tuple[pl.Expr, str]


def act_by(customers: pl.DataFrame, today: date, outreach: Outreach) -> pl.DataFrame:
    """act_by (Date) and act_by_why (text) for each row of `customers`, in order: the earliest deadline that holds.

    `customers`: scores and features, `item_opened`, and `act_by` and `act_by_why` as last published (null: none). The
    deadline of an open item does not move while its reason stays. No day is a weekend: the Friday before is meant, or
    the Monday after where that Friday is over.
    """
    present = set(customers.columns)
    found = [(days, why) for days, why in _deadlines(today, outreach) if set(days.meta.root_names()) <= present]
    days = [days.cast(pl.Int64) for days, _ in found]
    earliest = pl.min_horizontal(days)
    chosen = customers.select(
        "act_by",
        "act_by_why",
        day=_workday(pl.lit(today) + pl.duration(days=earliest), today),
        why=pl.coalesce(
            pl.when(rule == earliest).then(pl.lit(why)) for rule, (_, why) in zip(days, found, strict=True)
        ),
    )
    stays = pl.col("why") == pl.col("act_by_why")
    return chosen.select(
        act_by=pl.when(stays).then(pl.min_horizontal("day", "act_by")).otherwise("day"), act_by_why="why"
    )


def _deadlines(today: date, outreach: Outreach) -> tuple[Deadline, ...]:
    """In the order in which they speak where two name the same day; one whose columns are not there is passed over."""
    complaint, promise, renewal, overdue = (pl.col(name) for name in FEATURES_READ)
    soon, risk, patience = pl.col("churn_probability_30d"), pl.col("churn_probability"), outreach.act_within_days
    days_to_renewal, on_list = renewal.floor(), pl.lit(today) - pl.col("item_opened")
    return (
        (
            pl.when(complaint > RESOLUTION_STANDARD_DAYS).then(ALARM_DAYS),
            f"A complaint has been open for more than {RESOLUTION_STANDARD_DAYS} days",
        ),
        (pl.when(promise > 0).then(ALARM_DAYS), "A promise is overdue"),
        (
            pl.when(days_to_renewal.is_between(0, RENEWAL_NEAR_DAYS)).then((days_to_renewal - 1).clip(lower_bound=0)),
            "Before the contract renews",
        ),
        (pl.when(soon > risk / 2).then((patience + 1) // 2), "The risk is greatest in the next 30 days"),
        (
            pl.when(overdue.is_between(-patience, 0, closed="left")).then((-overdue).ceil()),
            "The next order is due by then",
        ),
        (patience - on_list.dt.total_days(), f"Within {patience} days of coming onto the list"),
    )


def _workday(day: pl.Expr, today: date) -> pl.Expr:
    """`day`, or the Friday before a weekend; the Monday after it where that Friday lies before today."""
    past_friday = day.dt.weekday().cast(pl.Int64) - FRIDAY
    friday = day - pl.duration(days=past_friday)
    monday = day + pl.duration(days=WEEK + 1 - day.dt.weekday().cast(pl.Int64))
    weekend = past_friday > 0
    return pl.when(~weekend).then(day).when((friday < today) & (day >= today)).then(monday).otherwise(friday)
