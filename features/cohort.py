"""Who is scored at a cutoff."""

from collections.abc import Mapping, Sequence

import polars as pl

from configs.settings import Churn
from features.time import Cutoff


def cohort(tables: Mapping[str, pl.DataFrame], cutoffs: Sequence[Cutoff], churn: Churn) -> pl.DataFrame:
    """Rows (customer_id, cutoff Date), one a customer and cutoff, sorted.

    Inactivity: customers with a purchase (amount > 0) in `[cutoff - active_within_days, cutoff)`. Contract: customers
    with a contract that started before the cutoff and had not ended before it. Only what was known before the cutoff
    counts. Customers who objected to profiling, or were erased, before the cutoff are left out.
    """
    at = _active if churn.definition == "inactivity" else _under_contract
    rows = [
        at(tables, cutoff, churn)
        .join(_objectors(tables, cutoff), on="customer_id", how="anti")
        .with_columns(cutoff=pl.lit(cutoff.day))
        for cutoff in cutoffs
    ]
    return pl.concat(pl.collect_all(rows)).sort("customer_id", "cutoff")


def _active(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn) -> pl.LazyFrame:
    when = pl.col("occurred_at")
    return (
        tables["transactions"]
        .lazy()
        .filter(pl.col("amount") > 0, pl.col("known_at") < cutoff.instant, when < cutoff.instant)
        .filter(when >= cutoff.days_before(churn.active_within_days))
        .select("customer_id")
        .unique()
    )


def _under_contract(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn) -> pl.LazyFrame:
    running = pl.col("ended_on").is_null() | (pl.col("ended_on") >= cutoff.instant)
    started = (pl.col("started_on") < cutoff.instant) & (pl.col("known_at") < cutoff.instant)
    return tables["contracts"].lazy().filter(started & running).select("customer_id").unique()


def _objectors(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff) -> pl.LazyFrame:
    if "objections" not in tables:
        return pl.LazyFrame(schema={"customer_id": pl.String})
    refused = pl.col("kind").is_in(["no_profiling", "erased"]) & (pl.col("effective_at") < cutoff.instant)
    return tables["objections"].lazy().filter(refused).select("customer_id").unique()
