"""Rhythm: the gaps between a customer's purchases, and how overdue the next one is against them.

A purchase at least half a day after the customer's purchase before it begins a new visit and closes a gap; a purchase
sooner after it belongs to the same visit. Months are blocks of 30 days counted from the first purchase, so they need
no time zone and the first one is never a partial one.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature, Reason, ago, number, previous
from features.time import LIFETIME, days_between, windows

SHORTEST_GAP_DAYS = 0.5
MONTH_DAYS = 30

SINCE_PREVIOUS = days_between(previous(pl.col("occurred_at")), pl.col("occurred_at"))
GAP_DAYS = pl.when(SINCE_PREVIOUS >= SHORTEST_GAP_DAYS).then(SINCE_PREVIOUS)

# A customer's first visit closes no gap, so a sum that reaches back to the customer before is null.
BEGINS_VISIT = (SINCE_PREVIOUS >= SHORTEST_GAP_DAYS).fill_null(True)
VISIT_GAPS = GAP_DAYS.filter(BEGINS_VISIT)
LAST_THREE_GAPS = (VISIT_GAPS + VISIT_GAPS.shift(1) + VISIT_GAPS.shift(2)) / 3

FIRST_PURCHASE = pl.when(SINCE_PREVIOUS.is_null()).then(pl.col("occurred_at")).forward_fill()
MONTH = (pl.col("occurred_at") - FIRST_PURCHASE).dt.total_days() // MONTH_DAYS
BEGINS_MONTH = (MONTH != previous(MONTH)).fill_null(True)

TYPICAL = pl.col("rhythm__gap_median_lifetime")
MEAN = pl.col("rhythm__gap_mean_lifetime")
SILENCE = days_between(pl.col("rhythm__bought_max_lifetime"), pl.col("cutoff_at"))
MONTHS_BEGUN = (days_between(pl.col("rhythm__bought_min_lifetime"), pl.col("cutoff_at")) / MONTH_DAYS).ceil()

# A whole number of days must not become a day more by rounding.
SAID_SILENCE = (pl.col("rhythm__overdue_days") + TYPICAL - 1e-6).ceil()
SAID_TYPICAL = TYPICAL.clip(lower_bound=1).round(0, mode="half_away_from_zero")

FAMILY = Family(
    name="rhythm",
    description="Gaps between visits (purchases at least half a day apart), how overdue the next one is, and season.",
    events=(
        Events(
            "transactions",
            where=pl.col("amount") > 0,
            columns=(
                GAP_DAYS.alias("gap_days"),
                LAST_THREE_GAPS.gather(BEGINS_VISIT.cum_sum() - 1).alias("last_three_gaps"),
                pl.when(BEGINS_MONTH).then(pl.col("occurred_at")).alias("month_begun"),
            ),
            measures=(
                Feature("gap", pl.col("gap_days"), "mean", "mean gap between visits", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "median", "median gap between visits", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "std", "spread of the gaps", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "last", "latest gap", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "max", "longest gap", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "count", "gaps", "gaps", "buying", (*windows(365), LIFETIME)),
                Feature(
                    "last_three_gaps",
                    pl.col("last_three_gaps"),
                    "last",
                    "mean of the last three gaps",
                    "days",
                    "silence",
                    internal=True,
                ),
                Feature(
                    "active_months",
                    pl.col("month_begun"),
                    "count",
                    "30-day months since the first purchase with a purchase, each counted at its first one",
                    "months",
                    "silence",
                    (*windows(365), LIFETIME),
                ),
                Feature("bought", pl.col("occurred_at"), "min", "first purchase", "time", "silence", internal=True),
                Feature("bought", pl.col("occurred_at"), "max", "latest purchase", "time", "silence", internal=True),
                Feature(
                    "orders",
                    pl.col("occurred_at"),
                    "count",
                    "purchases",
                    "orders",
                    "season",
                    windows(275, 335, 365),
                    internal=True,
                ),
            ),
        ),
    ),
    derived=(
        Derived(
            "overdue_days",
            SILENCE - TYPICAL,
            "days since the latest purchase less the median gap",
            "days",
            "silence",
        ),
        Derived(
            "overdue_ratio",
            SILENCE / TYPICAL,
            "days since the latest purchase over the median gap",
            "ratio",
            "silence",
        ),
        Derived(
            "overdue_score",
            (SILENCE - MEAN) / (pl.col("rhythm__gap_std_lifetime") + 1),
            "days since the latest purchase beyond the mean gap, in spreads of the gaps plus a day",
            "spreads",
            "silence",
        ),
        Derived(
            "longest_gap_ratio",
            SILENCE / pl.col("rhythm__gap_max_lifetime"),
            "days since the latest purchase over the longest gap so far",
            "ratio",
            "silence",
        ),
        Derived(
            "recent_gap_ratio",
            pl.col("rhythm__last_three_gaps_last_lifetime") / MEAN,
            "mean of the last three gaps over the mean of all; nothing before the third gap",
            "ratio",
            "silence",
        ),
        Derived(
            "active_months_share",
            pl.col("rhythm__active_months_count_lifetime") / MONTHS_BEGUN,
            "30-day months with a purchase as a share of those begun since the first purchase",
            "share",
            "silence",
        ),
        Derived(
            "orders_same_season",
            pl.col("rhythm__orders_count_365d") - pl.col("rhythm__orders_count_275d"),
            "purchases in the 90 days that followed this date a year ago",
            "orders",
            "season",
        ),
        Derived(
            "orders_same_season_30d",
            pl.col("rhythm__orders_count_365d") - pl.col("rhythm__orders_count_335d"),
            "purchases in the 30 days that followed this date a year ago",
            "orders",
            "season",
        ),
    ),
    reasons=(
        Reason(
            "silence",
            SAID_SILENCE > SAID_TYPICAL,
            pl.format(
                "Last order {}; usually every {}",
                ago(SAID_SILENCE),
                pl.when(SAID_TYPICAL == 1).then(pl.lit("day")).otherwise(pl.format("{} days", number(SAID_TYPICAL))),
            ),
        ),
    ),
)
