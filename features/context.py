"""What all customers together tell, ahead of the buckets: the market at each cutoff, and what is fitted for a model.

A row of the matrix depends on its customer and the context alone. The market is measured for every cutoff from what
was known before it; parameters and categories are fitted once, from what was known before one day, and kept with the
model that learned from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl

from features.asof import aggregate
from features.btyd_fit import NotFitted, fit_bg_nbd, fit_gamma_gamma
from features.families import btyd
from features.family import Events, Family
from features.matrix import with_features
from features.tables import TABLES
from features.time import Cutoff
from features.timeline import known_before, timeline_of

Tables = Mapping[str, pl.DataFrame]
CUSTOMERS_ENOUGH = 100_000  # for a handful of parameters
CATEGORIES_LIMIT = 50
RETURNING_AT_LEAST = 50
# On a log of a year or two nobody may seem to leave, or everybody at one rate: by likelihood alone, parameters then run
# to zero or infinity. So weak a prior (a factor of 7 either way) moves those of a longer log by less than their error.
PRIOR_SD = 2.0


@dataclass(frozen=True)
class Fitted:
    """What is kept with a model: `parameters` of families by name, `categories` of profile columns by column.

    `missing` says in words what could not be fitted; the features that need it are null.
    """

    parameters: Mapping[str, float] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Sequence[str] = ()

    def recipe(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"parameters": dict(self.parameters), "categories": {k: list(v) for k, v in self.categories.items()}}

    @classmethod
    def restore(cls, recipe: Mapping[str, Any]) -> Self:
        """What `recipe()` gave."""
        return cls(recipe["parameters"], recipe["categories"])


NOTHING = Fitted()


def fit(buckets: Iterable[Tables], cutoff: Cutoff, category_columns: Sequence[str] = ()) -> Fitted:
    """Parameters and categories from what was known before `cutoff`, from as many buckets as hold customers enough.

    `category_columns`: columns of `customers` whose most frequent values are kept.
    """
    seen, values, customers = [], [], 0
    for tables in buckets:
        seen.append(visits(tables, cutoff))
        values.append(_values(tables, cutoff, category_columns))
        customers += seen[-1].height
        if customers >= CUSTOMERS_ENOUGH:
            break
    parameters, missing = _purchase_models(pl.concat(seen))
    return Fitted(parameters, _most_frequent(pl.concat(values)), missing)


def market(buckets: Iterable[Tables], cutoffs: Sequence[Cutoff], families: Sequence[Family]) -> pl.DataFrame:
    """What the families measure of everybody: `cutoff` (Date) and the columns `<measure>_total`, `<measure>_customers`.

    One row a cutoff, from what was known before it, over all customers of all `buckets`.
    """
    wanted = [(family.name, events) for family in families for events in family.everybody]
    days = pl.DataFrame({"cutoff": [c.day for c in cutoffs]}, schema={"cutoff": pl.Date})
    found = [days]
    for tables in buckets if wanted else ():
        found += [_over_customers(family, events, tables, cutoffs) for family, events in wanted]
    totals = [total for family, events in wanted for total in _totals(family, events, "_total", "_customers")]
    together = pl.concat(found, how="diagonal").group_by("cutoff").agg(totals)
    return days.join(together, on="cutoff", how="left", maintain_order="left")


def at_cutoffs(market: pl.DataFrame, fitted: Fitted) -> pl.DataFrame:
    """The context that `build_matrix` takes: the market with the fitted parameters beside it."""
    return market.with_columns(pl.lit(value, pl.Float64).alias(name) for name, value in fitted.parameters.items())


def _over_customers(family: str, events: Events, tables: Tables, cutoffs: Sequence[Cutoff]) -> pl.DataFrame:
    """The totals of one bucket, a row a cutoff."""
    timeline = timeline_of(tables, events.table, cutoffs)
    everybody = timeline.everybody()
    measured = aggregate(family, events, timeline, everybody, tables)
    days = pl.Series("cutoff", [c.day for c in timeline.cutoffs], dtype=pl.Date).gather(everybody.at)
    above = [(pl.col(name).cast(pl.Float64) > 0).cast(pl.Int64).alias(f"{name}+") for name in measured.columns]
    totals = _totals(family, events, "", "+")
    return measured.with_columns(days, *above).group_by("cutoff").agg(totals)


def _totals(family: str, events: Events, value: str, above: str) -> list[pl.Expr]:
    """For each measure its total and the customers above 0, of columns with these endings."""
    totals = []
    for measure in events.measures:
        for window in measure.windows:
            name = measure.column(family, window)
            values, customers = pl.col(f"{name}{value}"), pl.col(f"{name}{above}")
            extremes = {"min": values.min(), "max": values.max()}
            totals.append(extremes.get(measure.op, values.sum()).alias(f"{name}_total"))
            totals.append(customers.sum().cast(pl.Float64).alias(f"{name}_customers"))
    return totals


def visits(tables: Tables, cutoff: Cutoff) -> pl.DataFrame:
    """Every customer with a purchase known before `cutoff`, as the family `btyd` sees them: customer_id, frequency
    (visits after the first), recency and age (days from the first visit to the last and to the cutoff), and value (mean
    of the visits after the first, currency units)."""
    customers = tables["transactions"].select(pl.col("customer_id").unique()).with_columns(cutoff=pl.lit(cutoff.day))
    found = with_features(tables, customers, [cutoff], [btyd.FAMILY])
    return found.select(
        "customer_id",
        frequency="btyd__visits_count_lifetime",
        recency="btyd__recency",
        age="btyd__age",
        value="btyd__repeat_value",
    ).drop_nulls()


def _purchase_models(seen: pl.DataFrame) -> tuple[dict[str, float], list[str]]:
    """Parameters of the models of `features.btyd`, named as columns, and why some are missing."""
    x, t_x, age, value = (seen[column].to_numpy() for column in ("frequency", "recency", "age", "value"))
    if np.count_nonzero(x) < RETURNING_AT_LEAST:
        return {}, [f"BG/NBD, Gamma-Gamma: only {np.count_nonzero(x):,} customers came again, too few to fit a model"]
    purchases = fit_bg_nbd(x, t_x, age, prior_sd=PRIOR_SD)
    values = fit_gamma_gamma(x, value, prior_sd=PRIOR_SD)
    parameters, missing = {}, []
    for name, found in (("BG/NBD", purchases), ("Gamma-Gamma", values)):
        if isinstance(found, NotFitted):
            missing.append(f"{name}: {found.reason}")
        else:
            parameters |= {f"btyd__{parameter}": float(fitted) for parameter, fitted in asdict(found).items()}
    return parameters, missing


def _values(tables: Tables, cutoff: Cutoff, columns: Sequence[str]) -> pl.DataFrame:
    """How often each value of these columns of `customers` occurs: column, value, rows."""
    known = known_before(tables["customers"].lazy(), TABLES["customers"], cutoff.instant).collect()
    counted = [pl.DataFrame(schema={"column": pl.String, "value": pl.String, "rows": pl.UInt32})]
    for column in columns:
        rows = known.filter(pl.col(column).is_not_null()).group_by(value=column).agg(rows=pl.len())
        counted.append(rows.select(pl.lit(column).alias("column"), "value", "rows"))
    return pl.concat(counted)


def _most_frequent(values: pl.DataFrame) -> dict[str, list[str]]:
    """The values of each column, the most frequent first, equals by name."""
    summed = values.group_by("column", "value").agg(pl.col("rows").sum())
    ranked = summed.sort("column", "rows", "value", descending=[False, True, False])
    return dict(ranked.group_by("column", maintain_order=True).agg(pl.col("value").head(CATEGORIES_LIMIT)).rows())
