"""Profitability: what a customer's purchases bring after the cost of goods, and what serving the customer costs.

Margin is amount less cost; a return takes both back. A transaction whose cost is unknown counts with its whole amount,
so `cost_known_share_365d` tells how far to trust the margin; margin shares use only transactions with a known cost.
Cost to serve is the sum of the table `costs`; net value is margin less cost to serve.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature
from features.time import LIFETIME, windows

SPANS = (*windows(90, 365), LIFETIME)
YEAR = (*windows(365), LIFETIME)

MARGIN = pl.col("amount") - pl.col("cost").fill_null(0)
COSTED = pl.col("cost").is_not_null()
SOLD = pl.col("amount") > 0
RETURNED = pl.when(pl.col("amount") < 0).then(-pl.col("amount"))
DISCOUNT = pl.when(SOLD & (pl.col("discount") > 0)).then(pl.col("discount"))
COMPLAINT_COST = pl.when(pl.col("kind").str.contains("(?i)complaint")).then(pl.col("amount"))


def hidden(name: str, values: pl.Expr, description: str, *days: int) -> Feature:
    """An amount that only derived features use."""
    spans = windows(*days) or YEAR
    return Feature(name, values, "sum", description, "amount", "profitability", spans, internal=True)


def summed(name: str, span: str) -> pl.Expr:
    """The column of one of the family's own sums."""
    return pl.col(f"profitability__{name}_sum_{span}")


def share(of: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A share of something that is more than nothing."""
    return pl.when(whole > 0).then(of / whole)


FAMILY = Family(
    name="profitability",
    description="Margin, cost to serve and net value; discounts, returns and costs as shares of sales.",
    events=(
        Events(
            "transactions",
            measures=(
                Feature(
                    "margin",
                    MARGIN,
                    "sum",
                    "sales less returns and cost of goods, where it is known",
                    "amount",
                    "profitability",
                    SPANS,
                ),
                hidden("costed_margin", pl.when(COSTED).then(MARGIN), "margin where the cost is known"),
                hidden("costed", pl.when(COSTED).then(pl.col("amount")), "sales less returns where the cost is known"),
                hidden("costed_sold", pl.when(SOLD & COSTED).then(pl.col("amount")), "sales with a known cost", 365),
                hidden("sold", pl.when(SOLD).then(pl.col("amount")), "sales", 365),
                hidden("returned", RETURNED, "value returned", 365),
                hidden("discount", DISCOUNT, "discounts", 365),
            ),
        ),
        Events(
            "costs",
            measures=(
                Feature("to_serve", pl.col("amount"), "sum", "cost to serve", "amount", "profitability", SPANS),
                Feature(
                    "complaint_cost",
                    COMPLAINT_COST,
                    "sum",
                    'costs of a kind that names a "complaint"',
                    "amount",
                    "complaints",
                    windows(90, 365),
                ),
            ),
        ),
    ),
    derived=(
        *(
            Derived(
                f"net_value_{span.suffix}",
                summed("margin", span.suffix) - summed("to_serve", span.suffix),
                f"margin less cost to serve, {'so far' if span.days is None else f'in {span.days} days'}",
                "amount",
                "profitability",
            )
            for span in SPANS
        ),
        *(
            Derived(
                f"margin_share_{span.suffix}",
                share(summed("costed_margin", span.suffix), summed("costed", span.suffix)),
                "margin as a share of sales less returns, over transactions with a known cost, "
                f"{'so far' if span.days is None else f'in {span.days} days'}",
                "share",
                "profitability",
            )
            for span in YEAR
        ),
        Derived(
            "cost_known_share_365d",
            share(summed("costed_sold", "365d"), summed("sold", "365d")),
            "share of the sales in 365 days whose cost is known",
            "share",
            "profitability",
        ),
        Derived(
            "given_up_share_365d",
            share(
                summed("discount", "365d") + summed("returned", "365d"),
                summed("sold", "365d") + summed("discount", "365d"),
            ),
            "discounts and returns in 365 days as a share of the sales before discounts",
            "share",
            "profitability",
        ),
        Derived(
            "to_serve_share_365d",
            share(summed("to_serve", "365d"), summed("sold", "365d")),
            "cost to serve in 365 days as a share of sales",
            "share",
            "profitability",
        ),
    ),
)
