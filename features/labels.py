"""What happened after a cutoff: who left, and what the customer was worth."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl

from configs.modelling import Churn
from features.contract import MONEY_SCALE
from features.time import Cutoff, Horizon, local_day


def labels(
    tables: Mapping[str, pl.DataFrame], rows: pl.DataFrame, cutoffs: Sequence[Cutoff], churn: Churn, clv_days: int
) -> pl.DataFrame:
    """`rows` (customer_id, cutoff Date) with `churned` (Int8), `value` (Float64, currency units), `event_days` (Int16).

    Inactivity: churned is 1 without a purchase in `[cutoff, cutoff + horizon)`. Contract: 1 where a contract ended in
    it and no other outlasts that end, begun by the `grace_days`-th day (of the business zone) after it. Value: sales
    less returns, less cost where it is known, and less costs to serve, in `[cutoff, cutoff + clv_days)`.
    `event_days`: whole days of the business zone from the cutoff to what was seen first in the horizon, the purchase of
    who stayed or the end of the contract of who left; null where neither was. What happened within d days has
    event_days < d. The caller keeps to cutoffs whose horizons lie wholly before what has been observed.
    """
    contractual = churn.definition == "contract"
    events = _ends if contractual else _purchases
    seen = pl.col("event_days").is_not_null()
    churned = (seen if contractual else ~seen).cast(pl.Int8).alias("churned")
    parts = []
    for cutoff in cutoffs:
        here = rows.lazy().filter(pl.col("cutoff") == cutoff.day)
        first = events(tables, cutoff, churn).group_by("customer_id").agg(pl.col("at").min())
        days = (local_day(pl.col("at"), cutoff.zone) - cutoff.day).dt.total_days().cast(pl.Int16)
        value = _value(tables, cutoff, Horizon(clv_days))
        found = here.join(first, on="customer_id", how="left").join(value, on="customer_id", how="left")
        found = found.with_columns(pl.col("value").fill_null(0.0), event_days=days)
        parts.append(found.select("customer_id", "cutoff", churned, "value", "event_days"))
    order = rows.with_row_index("position").select("customer_id", "cutoff", "position")
    found = order.join(pl.concat(pl.collect_all(parts)), on=["customer_id", "cutoff"], how="left")
    return found.sort("position").drop("position")


def _within(column: str, cutoff: Cutoff, horizon: Horizon) -> pl.Expr:
    return (pl.col(column) >= cutoff.instant) & (pl.col(column) < horizon.end(cutoff))


def _purchases(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn) -> pl.LazyFrame:
    """customer_id and the instant `at` of every purchase in the horizon."""
    bought = tables["transactions"].lazy().filter(pl.col("amount") > 0)
    bought = bought.filter(_within("occurred_at", cutoff, Horizon(churn.horizon_days)))
    return bought.select("customer_id", at="occurred_at")


def _ends(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn) -> pl.LazyFrame:
    """customer_id and the instant `at` of every end of a contract in the horizon that no other contract outlasts."""
    contracts = tables["contracts"].lazy()
    ended = contracts.filter(_within("ended_on", cutoff, Horizon(churn.horizon_days)))
    return final_ends(contracts, ended, cutoff.zone, churn.grace_days)


def final_ends(contracts: pl.LazyFrame, ended: pl.LazyFrame, zone: ZoneInfo, grace_days: int) -> pl.LazyFrame:
    """customer_id and the instant `at` of every end in `ended` that no other of `contracts` outlasts, begun by the
    `grace_days`-th day (of `zone`) after it."""
    ended = ended.select("customer_id", at="ended_on").unique()
    others = contracts.select("customer_id", other_start="started_on", other_end="ended_on")
    outlasts = pl.col("other_end").is_null() | (pl.col("other_end") > pl.col("at"))
    began, over = (local_day(pl.col(time), zone) for time in ("other_start", "at"))
    in_time = began <= over + timedelta(days=grace_days)
    carried_on = ended.join(others, on="customer_id").filter(outlasts & in_time)
    return ended.join(carried_on, on=["customer_id", "at"], how="anti")


def _value(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, horizon: Horizon) -> pl.LazyFrame:
    sales = tables["transactions"].lazy().filter(_within("occurred_at", cutoff, horizon))
    amounts = [sales.select("customer_id", gain=pl.col("amount") - pl.col("cost").fill_null(0))]
    if "costs" in tables:
        costs = tables["costs"].lazy().filter(_within("occurred_at", cutoff, horizon))
        amounts.append(costs.select("customer_id", gain=-pl.col("amount")))
    total = pl.concat(amounts).group_by("customer_id").agg(pl.col("gain").sum())
    return total.select("customer_id", value=pl.col("gain") / MONEY_SCALE)
