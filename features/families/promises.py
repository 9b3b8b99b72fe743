"""Promises: deliveries, call-backs and repairs, and whether they were kept by the time they were due.

A promise is kept on time where it is kept no later than it was due; else it is broken, whether it is kept late, never,
or not yet (then it is also overdue). Being kept or broken happens when the promise falls due, so windows go by
`due_at`: what was promised or kept for later than the cutoff is only counted as made.
"""

from functools import partial

import polars as pl

from features.family import Derived, Events, Family, Feature, Op, Reason, lasting, number
from features.time import LIFETIME, Window, days_between, windows

DUE, KEPT = pl.col("due_at"), pl.col("kept_at")
ON_TIME = (KEPT <= DUE).fill_null(False)
OVERDUE = KEPT.is_null()
LATENESS_DAYS = days_between(DUE, pl.coalesce("kept_at", "cutoff_at"))
PLACE = pl.col("promise_id").cum_count().over("customer_id").cast(pl.Int64)

ALWAYS, YEARLY = (*windows(30, 90, 365), LIFETIME), (*windows(90, 365), LIFETIME)
RECENT, QUARTER, YEAR = (*windows(30, 90), LIFETIME), (*windows(90), LIFETIME), (*windows(365), LIFETIME)


def _measure(
    name: str, op: Op, description: str, unit: str, seen: tuple[Window, ...] = (LIFETIME,), internal: bool = False
) -> Feature:
    return Feature(name, pl.col(name), op, description, unit, "promises", seen, internal)


MADE_EVENTS = Events(
    "promises",
    state=True,
    columns=(
        pl.col("promised_at").alias("made"),
        (KEPT.is_null() & (DUE >= pl.col("cutoff_at"))).alias("pending"),
    ),
    measures=(
        _measure("made", "count", "promises made", "promises", ALWAYS),
        _measure("pending", "sum", "promises not due yet and not kept yet", "promises"),
    ),
)

DUE_EVENTS = Events(
    "promises",
    state=True,
    time="due_at",
    columns=(
        DUE.alias("due"),
        ON_TIME.alias("on_time"),
        (KEPT > DUE).alias("late"),
        (~ON_TIME).alias("broken"),
        OVERDUE.alias("overdue"),
        pl.when(OVERDUE).then("age_days").alias("overdue_days"),
        pl.when(~ON_TIME).then(LATENESS_DAYS).alias("lateness"),
        pl.when(~ON_TIME).then("age_days").alias("broken_age"),
        pl.when(ON_TIME).then(PLACE).alias("on_time_place"),
        pl.when(~ON_TIME).then(PLACE).alias("broken_place"),
    ),
    measures=(
        _measure("due", "count", "promises that fell due", "promises", ALWAYS),
        _measure("on_time", "sum", "promises kept on time", "promises", YEARLY),
        _measure("late", "sum", "promises kept late", "promises", YEARLY),
        _measure("broken", "sum", "promises not kept by the time they were due", "promises", ALWAYS),
        _measure("overdue", "sum", "promises that fell due and are not kept yet", "promises", RECENT),
        _measure("overdue_days", "max", "days since the oldest overdue promise fell due", "days", QUARTER),
        _measure("overdue_days", "min", "days since the newest overdue promise fell due", "days"),
        _measure("lateness", "mean", "mean days of delay of broken promises, so far", "days", YEAR),
        _measure("lateness", "max", "longest delay of a broken promise, so far", "days", QUARTER),
        _measure("broken_age", "min", "days since the latest broken promise fell due", "days"),
        _measure("on_time_place", "max", "place of the latest promise kept on time", "place", internal=True),
        _measure("broken_place", "max", "place of the latest broken promise", "place", internal=True),
    ),
)


def _column(name: str) -> pl.Expr:
    return pl.col(f"promises__{name}")


def _broken_share(window: str, during: str) -> Derived:
    share = _column(f"broken_sum_{window}") / _column(f"due_count_{window}")
    return Derived(
        f"broken_share_{window}", share, f"share of the promises due {during} not kept by then", "share", "promises"
    )


_reason = partial(Reason.of, "promises")


def _broken_reasons(days: int, during: str) -> tuple[Reason, ...]:
    broken, due = _column(f"broken_sum_{days}d"), _column(f"due_count_{days}d")
    return (
        _reason((broken == 1) & (due == 1), f"The only promise due {during} was not kept on time"),
        _reason(
            (broken > 0) & (broken == due), f"None of the {{}} promises due {during} was kept on time", number(due)
        ),
        _reason(
            broken > 0,
            f"{{}} of {{}} promises due {during} {{}} not kept on time",
            number(broken),
            number(due),
            pl.when(broken == 1).then(pl.lit("was")).otherwise(pl.lit("were")),
        ),
    )


# A promise that is overdue for long was given up, and is one of the broken ones.
OVERDUE_NOW, OLDEST = _column("overdue_sum_90d"), _column("overdue_days_max_90d")
DAYS_OVERDUE = lasting(OLDEST)

FAMILY = Family(
    name="promises",
    description="Promises made, kept on time, kept late, broken and overdue, and how late they were.",
    events=(MADE_EVENTS, DUE_EVENTS),
    derived=(
        _broken_share("90d", "in 90 days"),
        _broken_share("365d", "in 365 days"),
        _broken_share("lifetime", "so far"),
        # Of the two places, the one of the latest promise is the number of promises; so the difference is the run.
        Derived(
            "run",
            _column("on_time_place_max_lifetime").fill_null(0) - _column("broken_place_max_lifetime").fill_null(0),
            "how many promises in a row, up to the latest one due, were kept on time (positive) or broken (negative)",
            "promises",
            "promises",
            fill=0.0,
        ),
    ),
    reasons=(
        _reason((OVERDUE_NOW == 1) & (OLDEST < 1), "A promise fell due yesterday and has not been kept"),
        _reason(OVERDUE_NOW == 1, "A promise has been overdue for {}", DAYS_OVERDUE),
        _reason(
            (OVERDUE_NOW > 1) & (OLDEST < 1),
            "{} promises fell due yesterday and have not been kept",
            number(OVERDUE_NOW),
        ),
        _reason(OVERDUE_NOW > 1, "{} promises are overdue, the oldest for {}", number(OVERDUE_NOW), DAYS_OVERDUE),
        *_broken_reasons(90, "in the last 90 days"),
        *_broken_reasons(365, "in the last year"),
    ),
)
