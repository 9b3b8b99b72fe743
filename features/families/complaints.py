"""Complaints: how many, what is open and for how long, and whether they were answered in time.

`resolved_at` is the first resolution, so a complaint that was reopened counts as reopened, not as open again.
Service standards: a first response within 24 hours, a resolution within 7 days.
"""

import polars as pl

from features.family import Events, Family, Feature, Reason, number, plural
from features.time import LIFETIME, days_between, windows

RESPONSE_STANDARD_HOURS = 24
RESOLUTION_STANDARD_DAYS = 7


OPEN = pl.col("resolved_at").is_null()
# An unanswered complaint has waited up to the cutoff; so has an open one.
RESPONSE_HOURS = 24 * days_between(pl.col("opened_at"), pl.coalesce("first_response_at", "resolved_at", "cutoff_at"))
RESOLUTION_DAYS = days_between(pl.col("opened_at"), pl.when(OPEN).then("cutoff_at").otherwise("resolved_at"))

OPEN_NOW = pl.col("complaints__open_sum_lifetime")
OLDEST = pl.col("complaints__open_age_max_lifetime")
REOPENED = pl.col("complaints__reopened_count_90d")


FAMILY = Family(
    name="complaints",
    description="Complaints as they stood: counts, open ones and their age, waiting times against the standards.",
    events=(
        Events(
            "complaints",
            state=True,
            columns=(
                OPEN.alias("is_open"),
                pl.when(OPEN).then(pl.col("age_days")).alias("open_age_days"),
                RESPONSE_HOURS.alias("response_hours"),
                RESOLUTION_DAYS.alias("resolution_days"),
                (RESPONSE_HOURS > RESPONSE_STANDARD_HOURS).alias("answered_late"),
                (RESOLUTION_DAYS > RESOLUTION_STANDARD_DAYS).alias("resolved_late"),
            ),
            measures=(
                Feature(
                    "complaints",
                    pl.col("complaint_id"),
                    "count",
                    "complaints opened",
                    "complaints",
                    "complaints",
                    (*windows(30, 90, 365), LIFETIME),
                ),
                Feature("open", pl.col("is_open"), "sum", "complaints open now", "complaints", "complaints"),
                Feature(
                    "open_age", pl.col("open_age_days"), "max", "age of the oldest open complaint", "days", "complaints"
                ),
                Feature(
                    "response_hours",
                    pl.col("response_hours"),
                    "mean",
                    "hours to the first response, or waited so far",
                    "hours",
                    "complaints",
                    (*windows(90), LIFETIME),
                ),
                Feature(
                    "resolution_days",
                    pl.col("resolution_days"),
                    "mean",
                    "days to the resolution, or open so far",
                    "days",
                    "complaints",
                    (*windows(90), LIFETIME),
                ),
                Feature(
                    "answered_late",
                    pl.col("answered_late"),
                    "sum",
                    f"complaints first answered after more than {RESPONSE_STANDARD_HOURS} hours",
                    "complaints",
                    "complaints",
                    (*windows(90), LIFETIME),
                ),
                Feature(
                    "resolved_late",
                    pl.col("resolved_late"),
                    "sum",
                    f"complaints open for more than {RESOLUTION_STANDARD_DAYS} days",
                    "complaints",
                    "complaints",
                    (*windows(90), LIFETIME),
                ),
                Feature(
                    "reopened",
                    pl.col("reopened_at"),
                    "count",
                    "complaints reopened",
                    "complaints",
                    "complaints",
                    windows(90, 365),
                ),
                Feature("age", pl.col("age_days"), "min", "days since the latest complaint", "days", "complaints"),
                Feature(
                    "satisfaction", pl.col("satisfaction"), "last", "latest rating afterwards", "points", "complaints"
                ),
            ),
        ),
    ),
    reasons=(
        Reason(
            "complaints",
            (OPEN_NOW == 1) & (OLDEST >= 1),
            pl.format("A complaint has been open for {}", plural(OLDEST.floor(), "day", "days")),
        ),
        Reason("complaints", OPEN_NOW == 1, pl.lit("A complaint was opened yesterday and is not resolved")),
        Reason(
            "complaints",
            OPEN_NOW > 1,
            pl.format(
                "{} complaints are open, the oldest for {}", number(OPEN_NOW), plural(OLDEST.floor(), "day", "days")
            ),
        ),
        Reason(
            "complaints",
            REOPENED > 0,
            pl.format("{} reopened", plural(REOPENED, "recent complaint was", "recent complaints were")),
        ),
        Reason(
            "complaints",
            pl.col("complaints__resolved_late_sum_90d") > 0,
            pl.format(
                "{} in the last 90 days took more than 7 days to resolve",
                plural(pl.col("complaints__resolved_late_sum_90d"), "complaint", "complaints"),
            ),
        ),
        Reason(
            "complaints",
            pl.col("complaints__answered_late_sum_90d") > 0,
            pl.format(
                "{} in the last 90 days waited more than a day for a first answer",
                plural(pl.col("complaints__answered_late_sum_90d"), "complaint", "complaints"),
            ),
        ),
        Reason(
            "complaints",
            pl.col("complaints__complaints_count_365d") > 0,
            pl.format(
                "{} in the last year, the latest {} ago",
                plural(pl.col("complaints__complaints_count_365d"), "complaint", "complaints"),
                plural(pl.col("complaints__age_min_lifetime").floor(), "day", "days"),
            ),
        ),
    ),
)
