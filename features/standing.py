"""How customers stood at a cutoff: the features of a few families, and the month's money."""

from collections.abc import Mapping, Sequence

import polars as pl

from features.contract import MONEY_SCALE
from features.family import Family
from features.matrix import build_matrix
from features.registry import active_families
from features.service import known_rows
from features.time import Cutoff, Month
from features.timeline import timeline_of

Tables = Mapping[str, pl.DataFrame]
READ = ("rfm", "profitability", "ties", "loyalty")


def families_for(tables: Sequence[str]) -> tuple[Family, ...]:
    """The families that say how a customer stands, as far as their tables are there."""
    return tuple(family for family in active_families(tables) if family.name in READ)


def standing(tables: Tables, cutoffs: Sequence[Cutoff], families: Sequence[Family]) -> pl.DataFrame:
    """The features of every customer with a purchase known before a cutoff: customer_id, cutoff, one column each.

    Other than a cohort it holds those who have been silent for however long.
    """
    customers = timeline_of(tables, "transactions", cutoffs).numbers.select("customer_id")
    rows = customers.join(pl.DataFrame({"cutoff": [c.day for c in cutoffs]}), how="cross", maintain_order="left_right")
    return build_matrix(tables, rows, cutoffs, families).filter(pl.col("rfm__orders_count_lifetime") > 0)


def money(tables: Tables, month: Month) -> pl.DataFrame:
    """One row of the month's totals, in fixed point: sold, returned, costed (sales less returns whose cost is known),
    cost, to_serve; orders and transactions (counts)."""
    sales = known_rows(tables, "transactions", month).filter(month.holds(pl.col("occurred_at")))
    amount, cost = pl.col("amount"), pl.col("cost")
    totals = sales.select(
        sold=amount.filter(amount > 0).sum(),
        returned=-amount.filter(amount < 0).sum(),
        costed=amount.filter(cost.is_not_null()).sum(),
        cost=cost.sum(),
        orders=(amount > 0).sum().cast(pl.Int64),
        transactions=pl.len().cast(pl.Int64),
    )
    serving = known_rows(tables, "costs", month).filter(month.holds(pl.col("occurred_at")))
    return pl.concat([totals, serving.select(to_serve=pl.col("amount").sum())], how="horizontal").collect()


def in_units(fixed: int | None) -> float:
    """A fixed-point amount in currency units."""
    return (fixed or 0) / MONEY_SCALE
