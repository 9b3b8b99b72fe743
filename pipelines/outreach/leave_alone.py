"""The leave-alone list: customers at risk whom nobody is to call, since it would cost more than it brings, and why.

It is told to account managers and those who lead them, so that no customer drops off a list in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.outreach.columns import Column
from pipelines.outreach.policy import DESELECTED, NOT_WORTH_ACTING
from pipelines.outreach.wording import customers, money, one_line

# What a customer brought in the last year, by the features that say it.
LAST_YEAR = {
    "margin": "profitability__margin_sum_365d",
    "cost_to_serve": "profitability__to_serve_sum_365d",
    "net_value": "profitability__net_value_365d",
}
MOST_SHOWN = 50  # of one account manager, on the page and in the workbook

# In reading order, as the page and the workbook show them.
COLUMNS = (
    Column("display_name", "Name", "text", "The customer's name.", 26, optional=True),
    Column("customer_id", "Customer ID", "text", "The customer's number in the company's own systems.", 14),
    Column("why", "Why", "text", "Why calling would cost more than it brings.", 60),
    Column(
        "margin",
        "Brought in a year",
        "money",
        "Sales of the last year, less returns and the cost of goods where it is known.",
        13,
    ),
    Column("cost_to_serve", "Cost to serve", "money", "What serving the customer cost in the last year.", 13),
    Column("net_value", "Left over", "money", "The one less the other: what the customer brought in the year.", 13),
    Column(
        "churn_probability",
        "Chance of leaving",
        "percent",
        "How likely the customer is to leave in {horizon} days.",
        11,
    ),
    Column(
        "value_if_retained",
        "Value if they stay",
        "money",
        "What the model expects of the next {clv_horizon} days if they stay; it expects a loss of nobody.",
        13,
    ),
    Column("expected_gain", "Expected gain", "money", "What calling is expected to bring, its cost taken off.", 13),
)
BY_NAME = {column.name: column for column in COLUMNS}
KEPT = [*(column.name for column in COLUMNS), "account_manager", "code", "predicted_clv", "value_at_risk", "gain_basis"]


def last_year(features: pl.DataFrame) -> pl.DataFrame:
    """customer_id and the columns of `LAST_YEAR` (Float64, currency units), null where `features` lack them."""
    return features.select(
        "customer_id",
        **{
            name: pl.col(feature) if feature in features.columns else pl.lit(None, pl.Float64)
            for name, feature in LAST_YEAR.items()
        },
    )


def leave_alone(decisions: pl.DataFrame, gain_basis: str, action_cost: float, currency: str) -> pl.DataFrame:
    """The columns `KEPT` of whoever is left alone as too costly: by account manager, the costliest first.

    `decisions`: rows of `Decided.decisions`.
    """
    costly = decisions.filter(pl.col("code").is_in([DESELECTED, NOT_WORTH_ACTING]))
    sentences = [_why(row, action_cost, currency) for row in costly.iter_rows(named=True)]
    return (
        costly.with_columns(pl.Series("why", sentences, pl.String), gain_basis=pl.lit(gain_basis))
        .sort("account_manager", "code", "net_value", "expected_gain", "customer_id", nulls_last=True)
        .select(KEPT)
    )


@dataclass(frozen=True)
class Shown:
    """The leave-alone list of one account manager as page and workbook show it: the first `MOST_SHOWN` of `total`."""

    columns: Sequence[Column]
    lines: pl.DataFrame
    total: int

    @property
    def in_words(self) -> str:
        """How many there are, and where the rest stands."""
        rest = "" if self.total == self.lines.height else f"; the first {self.lines.height:,} are shown"
        return f"{customers(self.total)} at risk who would cost more than they bring{rest}"


def shown(alone: pl.DataFrame) -> Shown:
    """The rows of one account manager (columns `KEPT`), texts on one line; without figures that nobody has."""
    lines = alone.head(MOST_SHOWN)
    known = [column for column in COLUMNS if lines[column.name].null_count() < lines.height]
    return Shown(
        known, lines.select(column.name for column in known).with_columns(one_line(pl.col(pl.String))), alone.height
    )


def _why(row: dict[str, Any], action_cost: float, currency: str) -> str:
    def said(amount: float) -> str:
        return money(amount, currency)

    if row["code"] == DESELECTED and (row["net_value"] or 0.0) < 0:
        lost, margin, serving = said(-row["net_value"]), row["margin"], row["cost_to_serve"]
        if not serving:
            return f"Lost us {lost} in the last year: returns and the cost of goods were more than the sales"
        if margin < 0:
            return (
                f"Lost us {lost} in the last year: {said(-margin)} on goods and returns, and {said(serving)} of "
                "costs to serve"
            )
        return f"Lost us {lost} in the last year: brought {said(margin)}, and cost {said(serving)} to serve"
    if row["code"] == DESELECTED:
        return "Is not expected to bring anything, even if the customer stays"
    brings = row["expected_gain"] + action_cost
    if brings <= 0:
        return "A call is not expected to bring anything"
    return f"A call is expected to bring {said(brings)}, and costs {said(action_cost)}"
