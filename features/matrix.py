"""The feature matrix of one bucket: the same build for training (many cutoffs) and for the night (one)."""

from collections.abc import Mapping, Sequence

import polars as pl

from features.asof import aggregate
from features.family import Derived, Family
from features.time import INSTANT, Cutoff
from features.timeline import timeline_of

KEYS = ["customer_id", "cutoff"]


def build_matrix(
    tables: Mapping[str, pl.DataFrame],
    rows: pl.DataFrame,
    cutoffs: Sequence[Cutoff],
    families: Sequence[Family],
    context: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Features of `rows` (customer_id, cutoff Date: a cohort at `cutoffs`), one row each and in the same order.

    `tables` holds one bucket of each canonical table; `context` what all customers together tell, a row a cutoff (see
    `features.context`): features that need what it lacks are null. Returns the keys and one Float64 column a feature,
    in the order of `families`. Only facts known strictly before a row's cutoff enter it; missing values get the
    declared fills.
    """
    names = [column for family in families for column in family.feature_columns()]
    matrix = with_features(tables, rows, cutoffs, families, context)
    return matrix.select(*KEYS, pl.col(names).cast(pl.Float64))


def with_features(
    tables: Mapping[str, pl.DataFrame],
    rows: pl.DataFrame,
    cutoffs: Sequence[Cutoff],
    families: Sequence[Family],
    context: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """As `build_matrix`, with the internal columns too."""
    days = [c.day for c in sorted(cutoffs)]
    at = rows["cutoff"].replace_strict(days, range(len(days)), return_dtype=pl.Int64).to_numpy()
    matrix = rows.hstack(_moments(sorted(cutoffs), families, context).drop("cutoff")[at])
    needed = {events.table for family in families for events in family.events}
    timelines = {name: timeline_of(tables, name, cutoffs) for name in needed}
    asked = {name: timeline.asked(rows["customer_id"], at) for name, timeline in timelines.items()}
    for family in families:
        for events in family.events:
            name = events.table
            matrix = matrix.hstack(aggregate(family.name, events, timelines[name], asked[name], tables))
        matrix = _with_family(matrix, family)
    return matrix


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
        value = feature.expression.cast(pl.Float64) if feature.function is None else _applied(feature, matrix)
        name = feature.column(family.name)
        matrix = matrix.with_columns(value.alias(name))
        finite = pl.when(pl.col(name).is_finite()).then(pl.col(name))
        matrix = matrix.with_columns(finite if feature.fill is None else finite.fill_null(feature.fill))
    return matrix


def _applied(feature: Derived, matrix: pl.DataFrame) -> pl.Expr:
    arguments = matrix.select(feature.expression.alias("arguments")).unnest("arguments")
    found = feature.function(arguments) if feature.function and matrix.height else []
    return pl.lit(pl.Series(found, dtype=pl.Float64))


def _moments(cutoffs: Sequence[Cutoff], families: Sequence[Family], context: pl.DataFrame | None) -> pl.DataFrame:
    """A row a cutoff: cutoff, cutoff_at, and what the families need of the context (null where it lacks that)."""
    moments = pl.DataFrame(
        {"cutoff": [c.day for c in cutoffs], "cutoff_at": [c.instant for c in cutoffs]},
        schema={"cutoff": pl.Date, "cutoff_at": INSTANT},
    )
    if context is not None:
        moments = moments.join(context, on="cutoff", how="left", maintain_order="left")
    needed = {name: kind for family in families for name, kind in family.context_columns().items()}
    absent = [name for name in needed if name not in moments.columns]
    return moments.with_columns(pl.lit(None, needed[name]).alias(name) for name in absent)
