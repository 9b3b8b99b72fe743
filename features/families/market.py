"""Market: how busy all customers together were as of the cutoff, the same for everyone.

The season ahead is read from last year: purchases in the 90 days that followed this date against the 90 before it.
Figures that look back for longer than there is history are null.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature
from features.time import LIFETIME, days_between, windows

PURCHASED_AT = pl.when(pl.col("amount") > 0).then(pl.col("occurred_at"))


def orders(days: int) -> pl.Expr:
    """Purchases of all customers in so many days."""
    return pl.col(f"market__orders_count_{days}d_total")


def buyers(days: int) -> pl.Expr:
    """Customers who purchased in so many days."""
    return pl.col(f"market__orders_count_{days}d_customers")


HISTORY = days_between(pl.col("market__began_min_lifetime_total"), pl.col("cutoff_at"))


def seen(days: int, value: pl.Expr) -> pl.Expr:
    """`value` where there is history of at least so many days."""
    return pl.when(days <= HISTORY).then(value)


FAMILY = Family(
    name="market",
    description="Activity of the whole customer base, and its season.",
    everybody=(
        Events(
            "transactions",
            measures=(
                Feature(
                    "orders",
                    PURCHASED_AT,
                    "count",
                    "purchases",
                    "orders",
                    "season",
                    windows(30, 60, 90, 180, 275, 365, 455),
                ),
                Feature(
                    "spent",
                    pl.col("amount"),
                    "sum",
                    "sales less returns",
                    "ten-thousandths",
                    "season",
                    windows(90, 180),
                ),
                Feature("began", PURCHASED_AT, "min", "first purchase", "time", "season", (LIFETIME,)),
            ),
        ),
    ),
    derived=(
        Derived(
            "observed_days",
            pl.when(HISTORY >= 0).then(pl.min_horizontal(HISTORY, 365.0)).floor(),
            "days of history behind the cutoff, at most 365: in a young log, windows are not full",
            "days",
            "season",
        ),
        Derived(
            "orders_change_30d",
            seen(60, orders(30) / (orders(60) - orders(30))),
            "purchases of all customers in 30 days over those in the 30 before",
            "ratio",
            "season",
        ),
        Derived(
            "orders_change_90d",
            seen(180, orders(90) / (orders(180) - orders(90))),
            "purchases of all customers in 90 days over those in the 90 before",
            "ratio",
            "season",
        ),
        Derived(
            "spent_change_90d",
            seen(
                180,
                pl.col("market__spent_sum_90d_total")
                / (pl.col("market__spent_sum_180d_total") - pl.col("market__spent_sum_90d_total")),
            ),
            "sales less returns of all customers in 90 days over those in the 90 before",
            "ratio",
            "season",
        ),
        Derived(
            "orders_change_year",
            seen(455, orders(90) / (orders(455) - orders(365))),
            "purchases of all customers in 90 days over those in the same days a year before",
            "ratio",
            "season",
        ),
        Derived(
            "season_ahead",
            seen(455, (orders(365) - orders(275)) / (orders(455) - orders(365))),
            "a year ago, purchases of all customers in the 90 days from this date on over those in the 90 before it",
            "ratio",
            "season",
        ),
        Derived(
            "active_share",
            seen(365, buyers(90) / buyers(365)),
            "share of the customers of 365 days who purchased in the last 90",
            "share",
            "season",
        ),
        Derived(
            "orders_per_buyer_90d",
            orders(90) / buyers(90),
            "purchases in 90 days of a customer who made any",
            "orders",
            "season",
        ),
    ),
)
