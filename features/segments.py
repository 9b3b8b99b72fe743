"""Segments that people know by name, from recency, frequency and monetary value (RFM).

Customers who bought within the days that count as active are scored from 1 to 5 by fifths: R by the days since the
latest purchase (5: the shortest), F by the purchases and M by the sales less returns of 365 days; V is the mean of F
and M, halves rounded up. The bounds of the fifths are found once, so that a customer who moves has moved by itself.
"""

from collections.abc import Mapping, Sequence

import polars as pl

RECENCY, ORDERS, SPENT = pl.col("rfm__recency_days"), pl.col("rfm__orders_count_365d"), pl.col("rfm__spent_sum_365d")
TENURE = pl.col("rfm__tenure_days")
SCORED = {"recency": RECENCY, "orders": ORDERS, "spent": SPENT}
Bounds = Mapping[str, Sequence[float]]


SCORES = (
    "R, F and M are fifths of the customers who bought within the days that count as active, 5 the best: by days since "
    "the latest purchase, by purchases and by sales less returns of 365 days. V is the mean of F and M."
)
MEANINGS = {
    "champions": "bought lately (R 4 or 5), much and often (V 4 or 5)",
    "loyal": "R 3 or more and V 3 or more, and no champion",
    "promising": "bought lately (R 4 or 5), but little (V 1 or 2), and is not new",
    "new": "first purchase within the churn horizon, and V at most 3",
    "needs attention": "R 3, V 1 or 2",
    "cannot lose": "among the best (V 5), and silent for long (R 1 or 2)",
    "at risk": "V 3 or 4, and silent for long (R 1 or 2)",
    "hibernating": "V 1 or 2, and silent for long (R 1 or 2)",
    "lost": "no purchase within the days that count as active",
}


def bounds_of(standing: pl.DataFrame, active_within_days: int) -> Bounds:
    """The four bounds between fifths of the active customers of one cutoff, by what is scored; none without any."""
    active = standing.filter(RECENCY <= active_within_days)
    if active.is_empty():
        return {name: [] for name in SCORED}
    return {
        name: active.select(values.quantile(fifth / 5, "linear").alias(str(fifth)) for fifth in range(1, 5)).row(0)
        for name, values in SCORED.items()
    }


def segment(bounds: Bounds, active_within_days: int, new_days: int) -> pl.Expr:
    """Name of the segment (String, one of configs.report.SEGMENTS) of a row of `features.standing`.

    "new": the first purchase lies at most `new_days` back, and V is 3 or less.
    """
    recency = 5 - _above(RECENCY, bounds["recency"])
    value = (1 + _above(ORDERS, bounds["orders"]) + 1 + _above(SPENT, bounds["spent"]) + 1) // 2
    return (
        pl.when(RECENCY > active_within_days)
        .then(pl.lit("lost"))
        .when((recency >= 4) & (value >= 4))
        .then(pl.lit("champions"))
        .when((TENURE <= new_days) & (value <= 3))
        .then(pl.lit("new"))
        .when((recency >= 3) & (value >= 3))
        .then(pl.lit("loyal"))
        .when(recency >= 4)
        .then(pl.lit("promising"))
        .when(recency == 3)
        .then(pl.lit("needs attention"))
        .when(value == 5)
        .then(pl.lit("cannot lose"))
        .when(value >= 3)
        .then(pl.lit("at risk"))
        .otherwise(pl.lit("hibernating"))
        .alias("segment")
    )


def _above(values: pl.Expr, bounds: Sequence[float]) -> pl.Expr:
    """How many of the bounds a value exceeds."""
    return pl.sum_horizontal(pl.lit(0), *((values > bound).cast(pl.Int32) for bound in bounds))
