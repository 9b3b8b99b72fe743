"""Trend: whether a customer buys more or less often, for more or less, and a wider or narrower range than before.

The last 30 or 90 days are held against the same number of days before them, and the last 90 days against an average
90 days of the last year (of the time since the first purchase, if shorter, but at least 90 days: a newcomer's year is
not diluted by the days before the first purchase). Values are net of returns.

Ratios are smoothed, so that few purchases do not make them jump: one purchase, one mean purchase or one product is
added to both sides, and a negative value counts as nothing.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature, Reason, money, number, plural
from features.time import days_between, windows

PURCHASED_AT = pl.when(pl.col("amount") > 0).then(pl.col("occurred_at"))
PURCHASE_AMOUNT = pl.when(pl.col("amount") > 0).then(pl.col("amount"))
PRODUCT = pl.when(pl.col("amount") > 0).then(pl.col("product"))

SPANS = windows(30, 60, 90, 180, 365)
TENURE_DAYS = days_between(pl.col("trend__purchased_at_min_lifetime"), pl.col("cutoff_at"))
AVERAGE_QUARTER = 90 / TENURE_DAYS.clip(90, 365)
MEAN_PURCHASE = pl.col("trend__basket_mean_lifetime")


def compared(name: str, total: str, unit: str, what: str, smoothing: pl.Expr) -> tuple[Derived, ...]:
    """What was in the earlier 90 days, and change and ratio for each pair of a recent and an earlier time."""
    in_days = {span.days: pl.col(f"trend__{total}_{span.suffix}") for span in SPANS}
    pairs = {
        "30d": (in_days[30], in_days[60] - in_days[30], "30 days", "the 30 before"),
        "90d": (in_days[90], in_days[180] - in_days[90], "90 days", "the 90 before"),
        "year": (in_days[90], in_days[365] * AVERAGE_QUARTER, "90 days", "an average 90 days of the last year"),
    }
    columns = [Derived(f"{name}_before_90d", pairs["90d"][1], f"{what} 91 to 180 days ago", unit, "buying")]
    for suffix, (recent, earlier, now, then) in pairs.items():
        change, description = recent - earlier, f"{what} in {now} less those in {then}"
        columns.append(Derived(f"{name}_change_{suffix}", change, description, unit, "buying"))
        ratio = (recent.clip(lower_bound=0) + smoothing) / (earlier.clip(lower_bound=0) + smoothing)
        description = f"{what} in {now} over those in {then}, smoothed"
        columns.append(Derived(f"{name}_ratio_{suffix}", ratio, description, "ratio", "buying"))
    return tuple(columns)


ORDERS_BEFORE = pl.col("trend__orders_before_90d")
ORDERS = ORDERS_BEFORE + pl.col("trend__orders_change_90d")
ORDERS_AVERAGE = ORDERS - pl.col("trend__orders_change_year")
SPENT_BEFORE = pl.col("trend__spent_before_90d")
SPENT = SPENT_BEFORE + pl.col("trend__spent_change_90d")

PRODUCTS = pl.col("trend__products_n_unique_90d")
PRODUCTS_HALF_YEAR = pl.col("trend__products_n_unique_180d")

SAID_ORDERS = pl.when(ORDERS > 0).then(plural(ORDERS, "order", "orders")).otherwise(pl.lit("No order"))

FAMILY = Family(
    name="trend",
    description="Change of frequency, value and breadth of purchases, recent against earlier.",
    events=(
        Events(
            "transactions",
            measures=(
                Feature("orders", PURCHASED_AT, "count", "purchases", "orders", "buying", SPANS, internal=True),
                Feature("spent", pl.col("amount"), "sum", "net sales", "amount", "buying", SPANS, internal=True),
                Feature("purchased_at", PURCHASED_AT, "min", "first purchase", "time", "buying", internal=True),
                Feature("basket", PURCHASE_AMOUNT, "mean", "mean purchase", "amount", "buying", internal=True),
                Feature(
                    "products",
                    PRODUCT,
                    "n_unique",
                    "different products bought",
                    "products",
                    "buying",
                    windows(90, 180),
                    internal=True,
                ),
            ),
        ),
    ),
    derived=(
        *compared("orders", "orders_count", "orders", "purchases", pl.lit(1.0)),
        *compared("spent", "spent_sum", "amount", "sales less returns", MEAN_PURCHASE),
        Derived(
            "products_dropped_90d",
            PRODUCTS_HALF_YEAR - PRODUCTS,
            "products bought 91 to 180 days ago and not since",
            "products",
            "buying",
        ),
        Derived(
            "products_ratio_180d",
            (PRODUCTS + 1) / (PRODUCTS_HALF_YEAR + 1),
            "different products bought in 90 days over those in 180, smoothed",
            "ratio",
            "buying",
        ),
    ),
    # A single earlier order is left to the sentences about customers who ordered only once.
    reasons=(
        Reason(
            "buying",
            (ORDERS < ORDERS_BEFORE) & (ORDERS_BEFORE >= 2),
            pl.format(
                "{} in the last 90 days, {}{} in the 90 before",
                SAID_ORDERS,
                pl.when(ORDERS > 0).then(pl.lit("down from ")).otherwise(pl.lit("")),
                number(ORDERS_BEFORE),
            ),
        ),
        Reason(
            "buying",
            # Without any, an average thinned by the silence would belie how often the customer used to order.
            (ORDERS > 0) & (pl.col("trend__orders_change_year") <= -1),
            pl.format(
                "{} in the last 90 days, {} in an average 90 days of the last year", SAID_ORDERS, number(ORDERS_AVERAGE)
            ),
        ),
        Reason(
            "buying",
            (SPENT <= -1) & (ORDERS > 0),
            pl.format("Returns of the last 90 days were worth {} more than the orders", money(-SPENT)),
        ),
        Reason(
            "buying",
            (SPENT < 0.5) & (SPENT_BEFORE >= 0.5) & (ORDERS > 0),
            pl.format("Nothing spent in the last 90 days after returns, {} in the 90 before", money(SPENT_BEFORE)),
        ),
        Reason(
            "buying",
            (SPENT >= 0.5) & (SPENT < 0.9 * SPENT_BEFORE) & (SPENT_BEFORE - SPENT >= 1) & (ORDERS > 0),
            pl.format("Spent {} in the last 90 days, {} in the 90 before", money(SPENT), money(SPENT_BEFORE)),
        ),
    ),
)
