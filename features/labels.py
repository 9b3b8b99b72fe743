"""What happened after a cutoff: who left, and what the customer was worth."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import polars as pl

from configs.settings import Churn
from features.contract import MONEY_SCALE
from features.time import Cutoff, Horizon, local_day


def labels(
    tables: Mapping[str, pl.DataFrame], rows: pl.DataFrame, cutoffs: Sequence[Cutoff], churn: Churn, clv_days: int
) -> pl.DataFrame:
    """`rows` (customer_id, cutoff Date) with `churned` (Int8) and `value` (Float64, currency units).

    Inactivity: churned is 1 without a purchase in `[cutoff, cutoff + horizon)`. Contract: 1 where a contract ended in
    it and no other outlasts that end, begun by the `grace_days`-th day (of the business zone) after it. Value: sales
    less returns, less cost where it is known, and less costs to serve, in `[cutoff, cutoff + clv_days)`. The caller
    keeps to cutoffs whose horizons lie wholly before what has been observed.
    """
    leaving = _left_contract if churn.definition == "contract" else _no_purchase
    parts = []
    for cutoff in cutoffs:
        here = rows.lazy().filter(pl.col("cutoff") == cutoff.day)
        value = _value(tables, cutoff, Horizon(clv_days))
        parts.append(leaving(here, tables, cutoff, churn).join(value, on="customer_id", how="left"))
    order = rows.with_row_index("position").select("customer_id", "cutoff", "position")
    found = pl.concat(pl.collect_all(parts)).with_columns(pl.col("value").fill_null(0.0))
    return order.join(found, on=["customer_id", "cutoff"], how="left").sort("position").drop("position")


def _within(column: str, cutoff: Cutoff, horizon: Horizon) -> pl.Expr:
    return (pl.col(column) >= cutoff.instant) & (pl.col(column) < horizon.end(cutoff))


def _no_purchase(rows: pl.LazyFrame, tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn) -> pl.LazyFrame:
    bought = tables["transactions"].lazy().filter(pl.col("amount") > 0)
    bought = bought.filter(_within("occurred_at", cutoff, Horizon(churn.horizon_days))).select("customer_id").unique()
    stayed = bought.with_columns(stayed=pl.lit(True))
    return rows.join(stayed, on="customer_id", how="left").select(
        "customer_id", "cutoff", churned=pl.col("stayed").is_null().cast(pl.Int8)
    )


def _left_contract(
    rows: pl.LazyFrame, tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn
) -> pl.LazyFrame:
    def day(column: str) -> pl.Expr:
        return local_day(pl.col(column), cutoff.zone)

    contracts = tables["contracts"].lazy()
    ended = contracts.filter(_within("ended_on", cutoff, Horizon(churn.horizon_days)))
    ended = ended.select("customer_id", "ended_on").unique()
    others = contracts.select("customer_id", other_start="started_on", other_end="ended_on")
    outlasts = pl.col("other_end").is_null() | (pl.col("other_end") > pl.col("ended_on"))
    in_time = day("other_start") <= day("ended_on") + timedelta(days=churn.grace_days)
    carried_on = ended.join(others, on="customer_id").filter(outlasts & in_time)
    left = ended.join(carried_on, on=["customer_id", "ended_on"], how="anti").select("customer_id").unique()
    return rows.join(left.with_columns(left=pl.lit(True)), on="customer_id", how="left").select(
        "customer_id", "cutoff", churned=pl.col("left").is_not_null().cast(pl.Int8)
    )


def _value(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, horizon: Horizon) -> pl.LazyFrame:
    sales = tables["transactions"].lazy().filter(_within("occurred_at", cutoff, horizon))
    amounts = [sales.select("customer_id", gain=pl.col("amount") - pl.col("cost").fill_null(0))]
    if "costs" in tables:
        costs = tables["costs"].lazy().filter(_within("occurred_at", cutoff, horizon))
        amounts.append(costs.select("customer_id", gain=-pl.col("amount")))
    total = pl.concat(amounts).group_by("customer_id").agg(pl.col("gain").sum())
    return total.select("customer_id", value=pl.col("gain") / MONEY_SCALE)
