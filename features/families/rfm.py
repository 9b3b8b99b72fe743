"""Recency, frequency and monetary value: how recently, how often and for how much a customer buys.

A purchase is a transaction with a positive amount. Gross spending is the sum of purchases; net spending subtracts
returns. Repeat purchases (the "frequency" of buy-till-you-die models) are those after the first.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature, Reason, ago, lasting, number, plural
from features.time import LIFETIME, days_between, windows

PURCHASED_AT = pl.when(pl.col("amount") > 0).then(pl.col("occurred_at"))
PURCHASE_AMOUNT = pl.when(pl.col("amount") > 0).then(pl.col("amount"))
EVERY = (*windows(7, 14, 30, 60, 90, 180, 365), LIFETIME)

SILENT_DAYS, FEW_A_YEAR = 14, 4  # worth saying from here on

ORDERS_LIFETIME = pl.col("rfm__orders_count_lifetime")
ORDERS_YEAR = pl.col("rfm__orders_count_365d")
ORDERS_QUARTER = pl.col("rfm__orders_count_90d")
RECENCY = pl.col("rfm__recency_days")
TENURE = pl.col("rfm__tenure_days")

FAMILY = Family(
    name="rfm",
    description="Recency, frequency and monetary value of purchases, gross and net of returns.",
    events=(
        Events(
            "transactions",
            measures=(
                Feature("orders", PURCHASED_AT, "count", "purchases", "orders", "buying", EVERY),
                Feature("spent", pl.col("amount"), "sum", "sales less returns", "amount", "buying", EVERY),
                Feature("gross", PURCHASE_AMOUNT, "sum", "sales, returns not subtracted", "amount", "buying", EVERY),
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
            1 - RECENCY / TENURE,
            "share of the time since the first purchase that lies before the latest one",
            "share",
            "silence",
        ),
        Derived(
            "repeat_orders",
            (ORDERS_LIFETIME - 1).clip(lower_bound=0),
            "purchases after the first one",
            "orders",
            "buying",
            fill=0.0,
        ),
        Derived(
            "orders_per_year",
            ORDERS_LIFETIME / TENURE.clip(lower_bound=30) * 365,
            "purchases a year since the first one, over at least 30 days",
            "orders",
            "buying",
        ),
    ),
    reasons=(
        Reason("silence", RECENCY >= SILENT_DAYS, pl.format("Last order {}", ago(RECENCY))),
        Reason("buying", ORDERS_LIFETIME == 1, pl.lit("Ordered only once so far")),
        Reason(
            "buying",
            (ORDERS_YEAR > 0) & (ORDERS_YEAR <= FEW_A_YEAR),
            pl.format("Only {} in the last year", plural(ORDERS_YEAR, "order", "orders")),
        ),
        Reason(
            "buying",
            (ORDERS_YEAR > FEW_A_YEAR) & (ORDERS_QUARTER == 0),
            pl.format("{} orders in the last year, none in the last 90 days", number(ORDERS_YEAR)),
        ),
        Reason("history", TENURE < 1, pl.lit("A customer only since yesterday")),
        Reason("history", TENURE < 365, pl.format("A customer for only {}", lasting(TENURE))),
    ),
)
