"""Price: what a customer pays for a unit, how much comes as a discount, whether discounts have stopped, and notices.

A notice of a price change is a message from the company that belongs to a campaign with "price" in its name.
`amount` is what was paid, `discount` the money taken off before; no discount, or none above zero, is none. The list
price is the two together. Unit prices are totals: paid over units, where the quantity is known; they follow what is
bought, so they belong to the basket when it comes to reasons.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature, Op, Reason, ago, number, plural, previous
from features.time import LIFETIME, Window, days_between, windows

ENDED_LATELY_DAYS = NOTICED_DAYS = 90

RECENT = (*windows(90), LIFETIME)
SAID_OF = {"90d": "in 90 days", "lifetime": "so far"}

DISCOUNT = pl.when(pl.col("discount") > 0).then(pl.col("discount"))
LIST_PRICE = pl.col("amount") + DISCOUNT.fill_null(0)
NOTICE = (pl.col("direction") == "out") & pl.col("campaign").str.contains("(?i)price")
UNITS = pl.when(pl.col("quantity") > 0).then(pl.col("quantity"))

# The row of the customer's latest purchase with a discount; -1 where there was none so far.
ROW = pl.int_range(pl.len(), dtype=pl.Int64)
IS_FIRST = previous(pl.col("occurred_at")).is_null()
LATEST_DISCOUNT = pl.when(DISCOUNT.is_not_null()).then(ROW).when(IS_FIRST).then(-1).forward_fill()
FULL_PRICE_RUN = pl.when(LATEST_DISCOUNT >= 0).then(ROW - LATEST_DISCOUNT)

RUN = pl.col("price__full_price_run_last_lifetime")
DEPTH = pl.col("price__discount_depth")
BEFORE = pl.col("price__discounted_before")
ENDED_DAYS = pl.col("price__discount_ended_days")
NOTICE_DAYS = pl.col("price__notice_days").ceil()


def hidden(name: str, column: str, op: Op, description: str, unit: str, spans: tuple[Window, ...] = RECENT) -> Feature:
    """A measure that only derived features use."""
    return Feature(name, pl.col(column), op, description, unit, "price", spans, internal=True)


def shares(
    name: str, part: str, whole: str, description: str, unit: str = "share", reason: str = "price"
) -> tuple[Derived, ...]:
    """One measure over another, recently and so far."""
    return tuple(
        Derived(
            f"{name}_{span}",
            pl.col(f"price__{part}_{span}") / pl.col(f"price__{whole}_{span}"),
            f"{description}, {said}",
            unit,
            reason,
        )
        for span, said in SAID_OF.items()
    )


FAMILY = Family(
    name="price",
    description="Price of a unit, share of discounts, how long ago they stopped, and notices of price changes.",
    events=(
        Events(
            "transactions",
            where=pl.col("amount") > 0,
            columns=(
                UNITS.alias("units"),
                pl.when(UNITS.is_not_null()).then(pl.col("amount")).alias("paid"),
                DISCOUNT.alias("taken_off"),
                LIST_PRICE.alias("list_price"),
                pl.when(DISCOUNT.is_not_null()).then(LIST_PRICE).alias("reduced_list_price"),
                FULL_PRICE_RUN.alias("full_price_run"),
                pl.when(FULL_PRICE_RUN == 1).then(pl.col("occurred_at")).alias("ended_at"),
            ),
            measures=(
                hidden("units", "units", "sum", "units", "units"),
                hidden("paid", "paid", "sum", "paid for them", "amount"),
                hidden("orders", "amount", "count", "purchases", "orders"),
                hidden("discounted", "taken_off", "count", "purchases with a discount", "orders"),
                hidden("taken_off", "taken_off", "sum", "discounts", "amount"),
                hidden("list_price", "list_price", "sum", "list price", "amount"),
                hidden("reduced", "reduced_list_price", "sum", "list price where reduced", "amount", (LIFETIME,)),
                hidden("ended_at", "ended_at", "max", "latest end of discounts", "time", (LIFETIME,)),
                Feature(
                    "full_price_run",
                    pl.col("full_price_run"),
                    "last",
                    "purchases since the latest one with a discount; nothing if none ever had one",
                    "orders",
                    "price",
                ),
            ),
        ),
        Events(
            "interactions",
            where=NOTICE,
            measures=(
                Feature(
                    "notices",
                    pl.col("occurred_at"),
                    "count",
                    "notices of price changes",
                    "notices",
                    "price",
                    windows(30, 90, 365),
                ),
                hidden("noticed_at", "occurred_at", "max", "latest notice of a price change", "time", (LIFETIME,)),
            ),
        ),
    ),
    derived=(
        *shares("unit_price", "paid_sum", "units_sum", "mean price of a unit", "amount", "basket"),
        Derived(
            "unit_price_ratio",
            pl.col("price__unit_price_90d") / pl.col("price__unit_price_lifetime"),
            "mean price of a unit in 90 days over that so far",
            "ratio",
            "basket",
        ),
        *shares("discount_share", "taken_off_sum", "list_price_sum", "discounts as a share of the list price"),
        *shares("discounted_share", "discounted_count", "orders_count", "share of purchases with a discount"),
        Derived(
            "discounted_share_change",
            pl.col("price__discounted_share_90d") - pl.col("price__discounted_share_lifetime"),
            "share of purchases with a discount in 90 days less that so far",
            "share",
            "price",
        ),
        Derived(
            "discount_depth",
            pl.col("price__taken_off_sum_lifetime") / pl.col("price__reduced_sum_lifetime"),
            "discounts as a share of the list price of the purchases that had one",
            "share",
            "price",
        ),
        Derived(
            "discounted_before",
            pl.col("price__discounted_count_lifetime") / (pl.col("price__orders_count_lifetime") - RUN),
            "share of purchases with a discount among those up to the latest that had one",
            "share",
            "price",
        ),
        Derived(
            "discount_ended_days",
            pl.when(RUN > 0).then(days_between(pl.col("price__ended_at_max_lifetime"), pl.col("cutoff_at"))),
            "days since the first of the purchases since the latest one with a discount",
            "days",
            "price",
        ),
        Derived(
            "notice_days",
            days_between(pl.col("price__noticed_at_max_lifetime"), pl.col("cutoff_at")),
            "days since the latest notice of a price change",
            "days",
            "price",
        ),
    ),
    reasons=(
        Reason(
            "price",
            (RUN > 0) & (BEFORE > 0.5) & (DEPTH >= 0.005) & (ENDED_DAYS <= ENDED_LATELY_DAYS),
            pl.format(
                "Last {} without a discount; {}% off on {} before",
                pl.when(RUN == 1).then(pl.lit("purchase")).otherwise(plural(RUN, "purchase", "purchases")),
                number(100 * DEPTH),
                pl.when(BEFORE == 1).then(pl.lit("all")).otherwise(pl.lit("most")),
            ),
        ),
        Reason.of("price", NOTICE_DAYS <= NOTICED_DAYS, "A price change was announced {}", ago(NOTICE_DAYS)),
    ),
)
