"""Aggregating one customer bucket's events as of many cutoffs at once.

The fast path cuts time at {cutoffs} and {cutoffs - windows}; one group-by over (customer, elementary interval) gives
partial aggregates, and each window of each cutoff is a range of intervals, so it is exact for any cutoffs and windows.
It needs every event to be known before the first cutoff after it. Customers with an event that was learned late
(known_at on the far side of a cutoff), holistic operations and state tables take the direct path: for each cutoff, the
rows that were known before it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import polars as pl

from features.contract import MONEY_SCALE, Table
from features.family import ADDITIVE_OPS, Events, Feature
from features.tables import TABLES
from features.time import INSTANT, Cutoff, Window, days_between


def known_before(rows: pl.LazyFrame, table: Table, instant: datetime) -> pl.LazyFrame:
    """The rows of `table` as they were known strictly before `instant`: late columns empty unless known by then."""
    masked = [
        pl.when((pl.col(known_when) < instant).fill_null(table.columns[column].known_without_time))
        .then(pl.col(column))
        .alias(column)
        for column, known_when in table.late_columns.items()
    ]
    return rows.filter(pl.col("known_at").is_null() | (pl.col("known_at") < instant)).with_columns(masked)


def aggregate(
    family: str, events: Events, tables: Mapping[str, pl.DataFrame], cutoffs: Sequence[Cutoff]
) -> pl.DataFrame:
    """Measures of `events` for each (customer_id, cutoff) with at least one event before the cutoff.

    `tables`: one bucket of the canonical tables, rows in any order; one that is missing counts as empty. Returns
    customer_id, cutoff (Date) and one column a measure and window, named for `family`, internal ones included,
    amounts in currency units; rows without events are absent.
    """
    table = TABLES[events.table]
    rows = tables.get(table.name, table.empty()).sort(table.order)
    if events.state:
        return _direct(family, events, table, rows, events.measures, cutoffs, tables)
    holistic = [m for m in events.measures if m.op not in ADDITIVE_OPS]
    additive = [m for m in events.measures if m.op in ADDITIVE_OPS]
    late = _customers_with_late_events(rows, table, cutoffs)
    punctual = rows if late.is_empty() else rows.filter(~pl.col("customer_id").is_in(late.implode()))
    measured = _by_intervals(family, events, table, punctual, additive, cutoffs)
    if holistic:
        others = _direct(family, events, table, punctual, holistic, cutoffs, tables)
        measured = measured.join(others, on=["customer_id", "cutoff"], how="full", coalesce=True)
    if late.is_empty():
        return measured
    learned_late = rows.filter(pl.col("customer_id").is_in(late.implode()))
    by_cutoff = _direct(family, events, table, learned_late, events.measures, cutoffs, tables)
    return pl.concat([measured, by_cutoff.select(measured.columns)])


def _customers_with_late_events(rows: pl.DataFrame, table: Table, cutoffs: Sequence[Cutoff]) -> pl.Series:
    """Customers with an event that some cutoff follows but did not know of yet."""
    instants = pl.Series(sorted(c.instant for c in cutoffs), dtype=INSTANT)
    crossed = instants.search_sorted(rows[table.time], side="right") != instants.search_sorted(
        rows["known_at"], side="right"
    )
    return rows.filter(crossed & rows["known_at"].is_not_null())["customer_id"].unique()


def _prepared(events: Events, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The family's own events with its columns."""
    if events.where is not None:
        rows = rows.filter(events.where)
    return rows.with_columns(events.columns)


def _by_intervals(
    family: str,
    events: Events,
    table: Table,
    rows: pl.DataFrame,
    measures: Sequence[Feature],
    cutoffs: Sequence[Cutoff],
) -> pl.DataFrame:
    starts = (w.start(c) for m in measures for w in m.windows for c in cutoffs)
    boundaries = sorted({c.instant for c in cutoffs} | {start for start in starts if start is not None})
    # Interval i holds the instants in [boundaries[i - 1], boundaries[i]).
    interval = pl.lit(pl.Series(boundaries, dtype=INSTANT)).search_sorted(pl.col(table.time), side="right")
    partials = (
        _prepared(events, rows.lazy())
        .group_by("customer_id", interval.alias("interval"), maintain_order=True)
        .agg([part for m in measures for part in _partial(m)])
        .collect()
        .lazy()
    )

    def at(cutoff: Cutoff) -> pl.LazyFrame:
        def in_window(window: Window) -> pl.Expr:
            start = window.start(cutoff)
            return pl.lit(True) if start is None else pl.col("interval") > boundaries.index(start)

        combined = [_combined(m, in_window(w)).alias(m.column(family, w)) for m in measures for w in m.windows]
        seen = partials.filter(pl.col("interval") <= boundaries.index(cutoff.instant))
        return seen.group_by("customer_id").agg(combined).with_columns(cutoff=pl.lit(cutoff.day))

    return _stacked(at, cutoffs)


def _direct(
    family: str,
    events: Events,
    table: Table,
    rows: pl.DataFrame,
    measures: Sequence[Feature],
    cutoffs: Sequence[Cutoff],
    tables: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    time = events.time or table.time

    def at(cutoff: Cutoff) -> pl.LazyFrame:
        known = known_before(rows.lazy(), table, cutoff.instant).filter(pl.col(table.time) < cutoff.instant)
        known = known.filter(pl.col(time) < cutoff.instant).sort("customer_id", time, maintain_order=True)
        if events.state:
            instant = pl.lit(cutoff.instant, dtype=INSTANT)
            known = known.with_columns(age_days=days_between(pl.col(time), instant), cutoff_at=instant)
        if events.children:
            child = TABLES[events.children]
            key = ["customer_id", table.key[0]]
            seen = known_before(tables.get(child.name, child.empty()).lazy(), child, cutoff.instant)
            seen = seen.filter(pl.col(child.time) < cutoff.instant)
            times = seen.group_by(key).agg(pl.col(child.time).sort().alias(child.name))
            known = known.join(times, on=key, how="left", maintain_order="left")

        def in_window(window: Window) -> pl.Expr:
            start = window.start(cutoff)
            return pl.lit(True) if start is None else pl.col(time) >= start

        values = [_whole(m, in_window(w)).alias(m.column(family, w)) for m in measures for w in m.windows]
        return _prepared(events, known).group_by("customer_id").agg(values).with_columns(cutoff=pl.lit(cutoff.day))

    return _stacked(at, cutoffs)


def _stacked(at: Callable[[Cutoff], pl.LazyFrame], cutoffs: Sequence[Cutoff]) -> pl.DataFrame:
    """The frames of all cutoffs, one below the other, columns in one order."""
    frames = pl.collect_all([at(c) for c in cutoffs])
    return pl.concat(frames).select("customer_id", "cutoff", pl.exclude("customer_id", "cutoff"))


def _unscaled(measure: Feature, value: pl.Expr) -> pl.Expr:
    """Amounts leave fixed point here, after exact integer sums; times stay instants."""
    return value / MONEY_SCALE if measure.unit == "amount" else value


def _whole(measure: Feature, in_window: pl.Expr) -> pl.Expr:
    """The measure over the rows of a group that `in_window` selects."""
    values = measure.expression.filter(in_window & measure.expression.is_not_null())
    if measure.op == "count":
        return values.len().cast(pl.Float64)
    if measure.op == "sum":
        return _unscaled(measure, _wide(measure, values).sum()).cast(pl.Float64)
    if measure.op == "n_unique":
        return values.n_unique().cast(pl.Float64)
    return _unscaled(measure, getattr(values, measure.op)())


def _partial(measure: Feature) -> list[pl.Expr]:
    """Partial aggregates of one interval, from which `_combined` makes every op of the measure."""
    name, values = f"{measure.name}:{measure.op}", measure.expression.drop_nulls()
    if measure.op == "count":
        return [values.len().cast(pl.Int64).alias(name)]
    if measure.op in ("mean", "std"):
        squares = (values.len() * values.var(ddof=0)).fill_null(0.0).alias(f"{name}:squares")
        return [
            values.len().cast(pl.Int64).alias(f"{name}:n"),
            _wide(measure, values).sum().alias(f"{name}:sum"),
            squares,
        ]
    if measure.op == "sum":
        return [_wide(measure, values).sum().alias(name)]
    return [getattr(values, measure.op)().alias(name)]


def _combined(measure: Feature, in_window: pl.Expr) -> pl.Expr:
    """One op over the partial aggregates that `in_window` selects (sorted by interval within the customer)."""
    name = f"{measure.name}:{measure.op}"
    if measure.op in ("count", "sum"):
        return _unscaled(measure, pl.col(name).filter(in_window).sum()).cast(pl.Float64)
    if measure.op in ("min", "max", "first", "last"):
        return _unscaled(measure, getattr(pl.col(name).filter(in_window).drop_nulls(), measure.op)())
    used = in_window & (pl.col(f"{name}:n") > 0)
    n, total = pl.col(f"{name}:n").filter(used), pl.col(f"{name}:sum").filter(used)
    mean = total.sum() / n.sum()
    if measure.op == "mean":
        return _unscaled(measure, pl.when(n.sum() > 0).then(mean))
    # Chan, Golub & LeVeque (1983): sums of squares about the mean add up without cancellation.
    squares = pl.col(f"{name}:squares").filter(used).sum() + (n * (total / n - mean) ** 2).sum()
    return _unscaled(measure, pl.when(n.sum() > 1).then((squares / (n.sum() - 1)).sqrt()))


def _wide(measure: Feature, values: pl.Expr) -> pl.Expr:
    """Values that a sum cannot wrap (polars sums an Int32 in Int32); a Float64 holds integers exactly up to 2**53."""
    return values.cast(pl.Int64 if measure.unit == "amount" else pl.Float64)
