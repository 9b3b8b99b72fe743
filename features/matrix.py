"""The feature matrix of one bucket: the same build for training (many cutoffs) and for the night (one)."""

from collections.abc import Mapping, Sequence

import polars as pl

from features.asof import aggregate
from features.family import Family
from features.tables import TABLES
from features.time import INSTANT, Cutoff
from features.timeline import Timeline

KEYS = ["customer_id", "cutoff"]


def build_matrix(
    tables: Mapping[str, pl.DataFrame], rows: pl.DataFrame, cutoffs: Sequence[Cutoff], families: Sequence[Family]
) -> pl.DataFrame:
    """Features of `rows` (customer_id, cutoff Date: a cohort at `cutoffs`), one row each and in the same order.

    `tables` holds one bucket of each canonical table. Returns the keys and one Float64 column a feature, in the order
    of `families`. Only facts known strictly before a row's cutoff enter it; missing values get the declared fills.
    """
    matrix = rows.join(_instants(cutoffs), on="cutoff", how="left", maintain_order="left")
    needed = {events.table for family in families for events in family.events}
    timelines = {name: Timeline(TABLES[name], tables.get(name, TABLES[name].empty()), cutoffs) for name in needed}
    asked = {name: timeline.asked(rows) for name, timeline in timelines.items()}
    for family in families:
        for events in family.events:
            name = events.table
            matrix = matrix.hstack(aggregate(family.name, events, timelines[name], asked[name], tables))
        matrix = _with_family(matrix, family)
    names = [column for family in families for column in family.feature_columns()]
    return matrix.select(*KEYS, pl.col(names).cast(pl.Float64))


def _with_family(matrix: pl.DataFrame, family: Family) -> pl.DataFrame:
    """Fills for the family's measures, then its derived features one after the other."""
    fills = [
        pl.col(measure.column(family.name, window)).fill_null(measure.fill)
        for measure in family.measures
        for window in measure.windows
        if measure.fill is not None and matrix[measure.column(family.name, window)].null_count()
    ]
    matrix = matrix.with_columns(fills)
    for feature in family.derived:
        value = feature.expression.cast(pl.Float64)
        finite = pl.when(value.is_finite()).then(value)
        filled = finite if feature.fill is None else finite.fill_null(feature.fill)
        matrix = matrix.with_columns(filled.alias(feature.column(family.name)))
    return matrix


def _instants(cutoffs: Sequence[Cutoff]) -> pl.DataFrame:
    return pl.DataFrame(
        {"cutoff": [c.day for c in cutoffs], "cutoff_at": [c.instant for c in cutoffs]},
        schema={"cutoff": pl.Date, "cutoff_at": INSTANT},
    )
