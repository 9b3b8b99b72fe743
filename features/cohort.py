"""Who is scored at a cutoff."""

from collections.abc import Mapping, Sequence

import polars as pl

from configs.modelling import Churn
from features.asof import aggregate
from features.family import Events, Feature
from features.time import LIFETIME, Cutoff, Window
from features.timeline import timeline_of


def cohort(tables: Mapping[str, pl.DataFrame], cutoffs: Sequence[Cutoff], churn: Churn) -> pl.DataFrame:
    """Rows (customer_id, cutoff Date), one a customer and cutoff, sorted.

    Inactivity: customers with a purchase (amount > 0) in `[cutoff - active_within_days, cutoff)`. Contract: customers
    with a contract that started before the cutoff and had not ended before it. Only what was known before the cutoff
    counts. Customers who objected to profiling, or were erased, before the cutoff are left out.
    """
    if churn.definition == "inactivity":
        purchases = Feature("purchases", pl.col("amount"), "count", "", "", "", (Window(churn.active_within_days),))
        events = Events("transactions", (purchases,), where=pl.col("amount") > 0)
    else:
        contracts = Feature("contracts", pl.col("started_on"), "count", "", "", "", (LIFETIME,))
        events = Events("contracts", (contracts,), where=pl.col("ended_on").is_null(), state=True)
    timeline = timeline_of(tables, events.table, cutoffs)
    everybody = timeline.everybody()
    inside = aggregate("cohort", events, timeline, everybody, tables).to_series().to_numpy() > 0
    rows = pl.DataFrame(
        {
            "customer_id": timeline.numbers["customer_id"].gather(everybody.number[inside]),
            "cutoff": pl.Series([c.day for c in timeline.cutoffs], dtype=pl.Date).gather(everybody.at[inside]),
        }
    )
    if "objections" not in tables:
        return rows
    objections, kinds = tables["objections"], ["no_profiling", "erased"]
    objected = [objectors(objections, kinds, cutoff).with_columns(cutoff=pl.lit(cutoff.day)) for cutoff in cutoffs]
    return rows.join(pl.concat(objected), on=["customer_id", "cutoff"], how="anti", maintain_order="left")


def objectors(objections: pl.DataFrame, kinds: Sequence[str], cutoff: Cutoff) -> pl.DataFrame:
    """Customers (customer_id, each once) with an objection of one of `kinds` that took effect before `cutoff`.

    It counts from that day on even where it was learned later: law, not knowledge.
    """
    effective = pl.col("kind").is_in(kinds) & (pl.col("effective_at") < cutoff.instant)
    return objections.filter(effective).select("customer_id").unique()
