"""Basket: how many different products, categories and channels a customer buys, and how much at a time."""

import polars as pl

from features.family import Events, Family, Feature, Reason, number, plural
from features.time import LIFETIME, windows

RECENT = windows(90, 365)

NEW_PRODUCT = pl.struct("customer_id", "product").is_first_distinct() & pl.col("product").is_not_null()

PRODUCTS = pl.col("basket__products_n_unique_90d")
PRODUCTS_YEAR = pl.col("basket__products_n_unique_365d")

FAMILY = Family(
    name="basket",
    description="Breadth of products, categories and channels, new products, and units a purchase.",
    events=(
        Events(
            "transactions",
            where=pl.col("amount") > 0,
            columns=(
                pl.when(NEW_PRODUCT).then(pl.col("occurred_at")).alias("tried_at"),
                pl.when(pl.col("quantity") > 0).then(pl.col("quantity")).alias("units"),
            ),
            measures=(
                Feature(
                    "products",
                    pl.col("product"),
                    "n_unique",
                    "different products bought",
                    "products",
                    "basket",
                    RECENT,
                ),
                # Over a lifetime these are all the different products, without the cost of counting them again.
                Feature(
                    "new_products",
                    pl.col("tried_at"),
                    "count",
                    "products bought for the first time; over a lifetime, all different ones",
                    "products",
                    "basket",
                    (*RECENT, LIFETIME),
                ),
                Feature(
                    "categories",
                    pl.col("category"),
                    "n_unique",
                    "different categories bought from",
                    "categories",
                    "basket",
                    (*RECENT, LIFETIME),
                ),
                Feature(
                    "channels",
                    pl.col("channel"),
                    "n_unique",
                    "different channels bought through",
                    "channels",
                    "basket",
                    windows(365),
                ),
                Feature(
                    "units", pl.col("units"), "mean", "units a purchase", "units", "basket", (*windows(90), LIFETIME)
                ),
            ),
        ),
    ),
    reasons=(
        Reason(
            "basket",
            # Fewer than half an even share of the year, although 90 days by nature hold more than an even share.
            (PRODUCTS >= 1) & (PRODUCTS / 90 < 0.5 * PRODUCTS_YEAR / 365),
            pl.format(
                "Bought {} in the last 90 days, {} in the last year",
                plural(PRODUCTS, "product", "different products"),
                number(PRODUCTS_YEAR),
            ),
        ),
    ),
)
