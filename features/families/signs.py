"""Signs of life: whatever customers do by themselves, of any kind, and how long they have been silent against it.

A sign is a purchase or return, a complaint opened, reopened or rated, a contact from the customer, an answer to a
message or a survey, points spent or a friend referred. What follows a row of its table later on (an answer, a rating)
is a sign of its own, at its own time. Earning points, tiers and enrolment only accompany what is counted already.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature, Reason, ago, number
from features.time import LIFETIME, Window, days_between, windows

SHORTEST_PAST_DAYS = 30  # a pace needs as much time as this, or a new customer's would be of many signs a day
SILENT_DAYS, SIGNS_ENOUGH, OVERDUE = 7, 5, 3  # worth saying from here on

SPANS = (*windows(30, 90, 365), LIFETIME)


def signs(name: str, table: str, time: str, where: pl.Expr | None = None, *, later: bool = False) -> Events:
    """Signs of one kind: the rows of a table, at the `time` of a column, filled in after the row where `later`."""
    at = pl.col(time)
    measures = (
        Feature(name, at, "count", "signs of this kind", "signs", "silence", SPANS, internal=True),
        Feature(name, at, "min", "first sign of this kind", "time", "silence", internal=True),
        Feature(name, at, "max", "latest sign of this kind", "time", "silence", internal=True),
    )
    return Events(table, measures, where, state=later, time=time if later else None)


KINDS = (
    signs("transactions", "transactions", "occurred_at"),
    signs("complaints", "complaints", "opened_at"),
    signs("reopened", "complaints", "reopened_at", later=True),
    signs("rated", "complaints", "satisfaction_at", later=True),
    signs("received", "interactions", "occurred_at", pl.col("direction") == "in"),
    signs("answers", "interactions", "responded_at", pl.col("direction") == "out", later=True),
    signs("surveys", "surveys", "answered_at", later=True),
    signs("loyalty", "loyalty", "occurred_at", pl.col("kind").is_in(["redeem", "referral"])),
)


def columns(op: str, window: Window = LIFETIME) -> list[str]:
    """One measure of every kind."""
    return [m.column("signs", window) for events in KINDS for m in events.measures if m.op == op]


def count(window: Window, during: str) -> Derived:
    """Signs of all kinds together."""
    together = pl.sum_horizontal(columns("count", window))
    return Derived(f"count_{window.suffix}", together, f"signs of life {during}", "signs", "silence", fill=0.0)


FIRST_DAYS = days_between(pl.min_horizontal(columns("min")), pl.col("cutoff_at")).clip(SHORTEST_PAST_DAYS)
RECENCY, PACE, RATIO = (pl.col(f"signs__{name}") for name in ("recency_days", "pace_days", "overdue_ratio"))
YEAR, EVER = pl.col("signs__count_365d"), pl.col("signs__count_lifetime")
SAID_PACE = PACE.clip(1).round(0, mode="half_away_from_zero")

FAMILY = Family(
    name="signs",
    description="Signs of life of any kind (orders, complaints, contacts, answers, points spent), and their absence.",
    events=KINDS,
    derived=(
        Derived(
            "recency_days",
            days_between(pl.max_horizontal(columns("max")), pl.col("cutoff_at")),
            "days since the latest sign of life",
            "days",
            "silence",
        ),
        *(count(window, f"in {window.days} days") for window in windows(30, 90, 365)),
        count(LIFETIME, "so far"),
        Derived(
            "pace_days",
            FIRST_DAYS / EVER,
            f"days since the first sign, at least {SHORTEST_PAST_DAYS}, over signs so far: a sign every so many days",
            "days",
            "silence",
        ),
        Derived(
            "overdue_ratio",
            RECENCY / PACE,
            "days since the latest sign over the pace: signs to be expected in so long a silence",
            "ratio",
            "silence",
        ),
        # Who was silent for all of the year has no pace in it: not overdue by nothing, but not to be told.
        Derived(
            "overdue_ratio_365d",
            pl.when(YEAR > 0).then(RECENCY * YEAR / FIRST_DAYS.clip(upper_bound=365)),
            "as overdue_ratio, at the pace of the last 365 days; nothing without a sign in them",
            "ratio",
            "silence",
        ),
    ),
    reasons=(
        Reason.of(
            "silence",
            (RECENCY >= SILENT_DAYS) & (EVER >= SIGNS_ENOUGH) & (RATIO >= OVERDUE),
            "Last heard from {}; usually every {}",
            ago(RECENCY),
            pl.when(SAID_PACE == 1).then(pl.lit("day")).otherwise(pl.format("{} days", number(SAID_PACE))),
        ),
    ),
)
