"""Who is scored at a cutoff."""

from collections.abc import Mapping, Sequence

import polars as pl

from configs.settings import Churn
from features.asof import known_before
from features.tables import TABLES
from features.time import Cutoff


def cohort(tables: Mapping[str, pl.DataFrame], cutoffs: Sequence[Cutoff], churn: Churn) -> pl.DataFrame:
    """Rows (customer_id, cutoff Date), one a customer and cutoff, sorted.

    Inactivity: customers with a purchase (amount > 0) in `[cutoff - active_within_days, cutoff)`. Contract: customers
    with a contract that started before the cutoff and had not ended before it. Only what was known before the cutoff
    counts. Customers who objected to profiling, or were erased, before the cutoff are left out.
    """
    at = _active if churn.definition == "inactivity" else _under_contract
    objections = tables.get("objections", TABLES["objections"].empty())
    rows = [
        at(tables, cutoff, churn)
        .join(objectors(objections, ["no_profiling", "erased"], cutoff).lazy(), on="customer_id", how="anti")
        .with_columns(cutoff=pl.lit(cutoff.day))
        for cutoff in cutoffs
    ]
    return pl.concat(pl.collect_all(rows)).sort("customer_id", "cutoff")


def _active(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn) -> pl.LazyFrame:
    when = pl.col("occurred_at")
    known = known_before(tables["transactions"].lazy(), TABLES["transactions"], cutoff.instant)
    lately = (when >= cutoff.days_before(churn.active_within_days)) & (when < cutoff.instant)
    return known.filter(pl.col("amount") > 0, lately).select("customer_id").unique()


def _under_contract(tables: Mapping[str, pl.DataFrame], cutoff: Cutoff, churn: Churn) -> pl.LazyFrame:
    known = known_before(tables["contracts"].lazy(), TABLES["contracts"], cutoff.instant)
    running = (pl.col("started_on") < cutoff.instant) & pl.col("ended_on").is_null()
    return known.filter(running).select("customer_id").unique()


def objectors(objections: pl.DataFrame, kinds: Sequence[str], cutoff: Cutoff) -> pl.DataFrame:
    """Customers (customer_id, each once) with an objection of one of `kinds` that took effect before `cutoff`."""
    effective = pl.col("kind").is_in(kinds) & (pl.col("effective_at") < cutoff.instant)
    return objections.filter(effective).select("customer_id").unique()
