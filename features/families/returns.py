"""Returns: how often, how much and how recently a customer sent goods back."""

import polars as pl

from features.family import Derived, Events, Family, Feature, Reason, money, plural
from features.time import LIFETIME, days_between, windows

RETURNED_AT = pl.when(pl.col("amount") < 0).then(pl.col("occurred_at"))
RETURNED = pl.when(pl.col("amount") < 0).then(-pl.col("amount"))
SOLD = pl.when(pl.col("amount") > 0).then(pl.col("amount"))


def said(count: pl.Expr, returned: pl.Expr, period: str) -> pl.Expr:
    """How many returns and, unless it rounds to nothing, what they were worth."""
    worth = pl.when(returned >= 0.5).then(pl.format(", worth {}", money(returned))).otherwise(pl.lit(""))
    return pl.format("{} in the last {}{}", plural(count, "return", "returns"), pl.lit(period), worth)


FAMILY = Family(
    name="returns",
    description="Returned goods: transactions with a negative amount.",
    events=(
        Events(
            "transactions",
            measures=(
                Feature(
                    "returns", RETURNED_AT, "count", "returns", "returns", "returns", (*windows(30, 90, 365), LIFETIME)
                ),
                Feature(
                    "returned", RETURNED, "sum", "value returned", "amount", "returns", (*windows(90, 365), LIFETIME)
                ),
                Feature(
                    "sold", SOLD, "sum", "value sold", "amount", "returns", (*windows(365), LIFETIME), internal=True
                ),
                Feature("returned_at", RETURNED_AT, "max", "latest return", "time", "returns", internal=True),
            ),
        ),
    ),
    derived=(
        Derived(
            "share_365d",
            pl.col("returns__returned_sum_365d") / pl.col("returns__sold_sum_365d"),
            "value returned in 365 days as a share of the value sold",
            "share",
            "returns",
            fill=0.0,
        ),
        Derived(
            "share_lifetime",
            pl.col("returns__returned_sum_lifetime") / pl.col("returns__sold_sum_lifetime"),
            "value returned so far as a share of the value sold",
            "share",
            "returns",
            fill=0.0,
        ),
        Derived(
            "recency_days",
            days_between(pl.col("returns__returned_at_max_lifetime"), pl.col("cutoff_at")),
            "days since the latest return",
            "days",
            "returns",
        ),
    ),
    reasons=(
        Reason(
            "returns",
            pl.col("returns__returns_count_90d") > 0,
            said(pl.col("returns__returns_count_90d"), pl.col("returns__returned_sum_90d"), "90 days"),
        ),
        Reason(
            "returns",
            pl.col("returns__returns_count_365d") > 0,
            said(pl.col("returns__returns_count_365d"), pl.col("returns__returned_sum_365d"), "year"),
        ),
    ),
)
