"""Rhythm: the gaps between a customer's purchases, and how overdue the next one is against them."""

import polars as pl

from features.family import Derived, Events, Family, Feature, Reason, number, plural
from features.time import LIFETIME, days_between, windows

# Two purchases on one day are one visit: only the first purchase of a day closes a gap.
PREVIOUS = pl.col("occurred_at").shift(1).over("customer_id")
GAP_DAYS = days_between(PREVIOUS, pl.col("occurred_at"))

TYPICAL = pl.col("rhythm__gap_median_lifetime")

FAMILY = Family(
    name="rhythm",
    description="Gaps between purchases at least half a day apart, and how overdue the next purchase is.",
    events=(
        Events(
            "transactions",
            where=pl.col("amount") > 0,
            columns=(pl.when(GAP_DAYS >= 0.5).then(GAP_DAYS).alias("gap_days"),),
            measures=(
                Feature("gap", pl.col("gap_days"), "mean", "mean gap between purchases", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "median", "median gap between purchases", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "std", "spread of the gaps", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "last", "latest gap", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "max", "longest gap", "days", "silence"),
                Feature("gap", pl.col("gap_days"), "count", "gaps", "gaps", "buying", (*windows(365), LIFETIME)),
                Feature("bought", pl.col("occurred_at"), "max", "latest purchase", "time", "silence", internal=True),
                Feature(
                    "orders",
                    pl.col("occurred_at"),
                    "count",
                    "purchases",
                    "orders",
                    "season",
                    windows(275, 365),
                    internal=True,
                ),
            ),
        ),
    ),
    derived=(
        Derived(
            "overdue_days",
            days_between(pl.col("rhythm__bought_max_lifetime"), pl.col("cutoff_at")) - TYPICAL,
            "days since the latest purchase less the median gap",
            "days",
            "silence",
        ),
        Derived(
            "overdue_ratio",
            (pl.col("rhythm__overdue_days") + TYPICAL) / TYPICAL,
            "days since the latest purchase over the median gap",
            "ratio",
            "silence",
        ),
        Derived(
            "overdue_score",
            (pl.col("rhythm__overdue_days") + TYPICAL - pl.col("rhythm__gap_mean_lifetime"))
            / (pl.col("rhythm__gap_std_lifetime") + 1),
            "days since the latest purchase beyond the mean gap, in spreads of the gaps plus a day",
            "spreads",
            "silence",
        ),
        Derived(
            "longest_gap_ratio",
            (pl.col("rhythm__overdue_days") + TYPICAL) / pl.col("rhythm__gap_max_lifetime"),
            "days since the latest purchase over the longest gap so far",
            "ratio",
            "silence",
        ),
        Derived(
            "orders_same_season",
            pl.col("rhythm__orders_count_365d") - pl.col("rhythm__orders_count_275d"),
            "purchases in the 90 days that followed this date a year ago",
            "orders",
            "season",
        ),
    ),
    reasons=(
        Reason(
            "silence",
            pl.col("rhythm__overdue_days") > 0,
            pl.format(
                "No order for {}; usually every {}",
                plural((pl.col("rhythm__overdue_days") + TYPICAL).floor(), "day", "days"),
                number(TYPICAL.clip(lower_bound=1)),
            ),
        ),
    ),
)
