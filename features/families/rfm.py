"""Recency, frequency and monetary value: how recently, how often and for how much a customer buys."""

import polars as pl

from features.family import Derived, Events, Family, Feature, Reason, money, number, plural
from features.time import LIFETIME, days_between, windows

PURCHASED_AT = pl.when(pl.col("amount") > 0).then(pl.col("occurred_at"))
PURCHASE_AMOUNT = pl.when(pl.col("amount") > 0).then(pl.col("amount"))
RECENT = windows(7, 14, 30, 60, 90, 180, 365)

ORDERS = pl.col("rfm__orders_count_90d")
ORDERS_BEFORE = pl.col("rfm__orders_count_180d") - ORDERS
SPENT = pl.col("rfm__spent_sum_90d")
SPENT_BEFORE = pl.col("rfm__spent_sum_180d") - SPENT
ORDERS_LIFETIME = pl.col("rfm__orders_count_lifetime")
ORDERS_YEAR = pl.col("rfm__orders_count_365d")
RECENCY = pl.col("rfm__recency_days")
TENURE = pl.col("rfm__tenure_days")

FAMILY = Family(
    name="rfm",
    description="Recency, frequency and monetary value of purchases; spending is net of returns.",
    events=(
        Events(
            "transactions",
            measures=(
                Feature("orders", PURCHASED_AT, "count", "purchases", "orders", "buying", (*RECENT, LIFETIME)),
                Feature(
                    "spent", pl.col("amount"), "sum", "sales less returns", "amount", "buying", (*RECENT, LIFETIME)
                ),
                Feature(
                    "basket",
                    PURCHASE_AMOUNT,
                    "mean",
                    "mean purchase",
                    "amount",
                    "buying",
                    (*windows(90, 365), LIFETIME),
                ),
                Feature("basket", PURCHASE_AMOUNT, "max", "largest purchase", "amount", "buying"),
                Feature("basket", PURCHASE_AMOUNT, "std", "spread of purchases", "amount", "buying"),
                Feature("basket", PURCHASE_AMOUNT, "last", "latest purchase", "amount", "buying"),
                Feature("purchased_at", PURCHASED_AT, "min", "first purchase", "time", "history", internal=True),
                Feature("purchased_at", PURCHASED_AT, "max", "latest purchase", "time", "silence", internal=True),
            ),
        ),
    ),
    derived=(
        Derived(
            "recency_days",
            days_between(pl.col("rfm__purchased_at_max_lifetime"), pl.col("cutoff_at")),
            "days since the latest purchase",
            "days",
            "silence",
        ),
        Derived(
            "tenure_days",
            days_between(pl.col("rfm__purchased_at_min_lifetime"), pl.col("cutoff_at")),
            "days since the first purchase",
            "days",
            "history",
        ),
        Derived(
            "active_share",
            1 - RECENCY / pl.col("rfm__tenure_days"),
            "share of the time since the first purchase that lies before the latest one",
            "share",
            "silence",
        ),
        Derived(
            "orders_per_year",
            ORDERS_LIFETIME / pl.col("rfm__tenure_days").clip(lower_bound=30) * 365,
            "purchases a year since the first one, over at least 30 days",
            "orders",
            "buying",
        ),
        Derived(
            "orders_change_90d",
            ORDERS - ORDERS_BEFORE,
            "purchases in 90 days less those in the 90 before",
            "orders",
            "buying",
        ),
        Derived(
            "spent_change_90d",
            SPENT - SPENT_BEFORE,
            "sales less returns in 90 days, less those in the 90 before",
            "amount",
            "buying",
        ),
    ),
    reasons=(
        Reason("silence", RECENCY >= 7, pl.format("No order for {}", plural(RECENCY.floor(), "day", "days"))),
        Reason(
            "buying",
            ORDERS_LIFETIME == 1,
            pl.format("Ordered only once, {} ago", plural(RECENCY.floor(), "day", "days")),
        ),
        Reason(
            "buying",
            (ORDERS == 0) & (ORDERS_BEFORE > 0),
            pl.format("No order in the last 90 days, {} in the 90 before", number(ORDERS_BEFORE)),
        ),
        Reason(
            "buying",
            ORDERS < ORDERS_BEFORE,
            pl.format(
                "{} in the last 90 days, down from {} in the 90 before",
                plural(ORDERS, "order", "orders"),
                number(ORDERS_BEFORE),
            ),
        ),
        Reason(
            "buying",
            (SPENT < 0.9 * SPENT_BEFORE) & (SPENT >= 0),
            pl.format("Spent {} in the last 90 days, {} in the 90 before", money(SPENT), money(SPENT_BEFORE)),
        ),
        Reason(
            "buying",
            ORDERS_YEAR > 0,
            pl.format(
                "{} in the last year, {} on average",
                plural(ORDERS_YEAR, "order", "orders"),
                money(pl.col("rfm__basket_mean_365d")),
            ),
        ),
        Reason("history", TENURE < 365, pl.format("A customer for only {}", plural(TENURE.floor(), "day", "days"))),
    ),
)
