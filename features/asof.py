"""Measuring one customer bucket's events as of many cutoffs at once.

What a row of the matrix sees in a window is a span of its customer's events, found by counting the events between the
boundaries {cutoffs} and {cutoffs - windows}. That is exact for any cutoffs and windows, as long as every event was
known by the first cutoff after it. Customers with an event that was learned later (known_at on the far side of a
cutoff) and state tables get a copy of their events for each cutoff, as they were known before it, and the spans are
found among those.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from features.contract import MONEY_SCALE, Table
from features.family import Events
from features.spans import Positions, Spans, Values
from features.tables import TABLES
from features.time import INSTANT, LIFETIME, Window, days_between
from features.timeline import EARLIEST, Asked, Timeline, known_before

COPIES_AT_ONCE = 2_000_000
ROWS_AT_ONCE = 65_536  # few enough that what is worked out for them stays in the processor's cache
INTERVAL = "interval"


def aggregate(
    family: str, events: Events, timeline: Timeline, asked: Asked, tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Measures of `events`, those of `timeline`, for each row `asked`, in order: one column a measure and window.

    Columns are named for `family`, internal ones included; amounts are in currency units. Rows of customers without
    any event are null. `tables`: the bucket, where the children of the events are looked for. Raises ValueError where
    a family that is not `state` reads a column that is filled in later.
    """
    _refuse_late_columns(family, events, timeline.table)
    known = np.flatnonzero(asked.number >= 0)
    copied = timeline.learned_late[asked.number[known]] | events.state
    # Without any row, the shared path still gives the columns and their types.
    parts = [] if events.state else _by_shared_events(family, events, timeline, asked, known[~copied])
    if events.state or copied.any():
        parts += _by_copied_events(family, events, timeline, asked, known[copied], tables)
    measured, rows = pl.concat(parts), pl.DataFrame({"row": np.arange(len(asked.number))})
    if not measured["row"].equals(rows["row"]):
        measured = rows.join(measured, on="row", how="left", maintain_order="left")
    return measured.drop("row")


def _refuse_late_columns(family: str, events: Events, table: Table) -> None:
    late = sorted({_time(events), *events.columns_read()} & set(table.late_columns))
    if late and not events.state:
        raise ValueError(f"{family} reads {', '.join(late)} of {table.name}, filled in later: declare state=True")


def _by_shared_events(
    family: str, events: Events, timeline: Timeline, asked: Asked, rows: Positions
) -> list[pl.DataFrame]:
    """The measures of these rows, from events that are the same for all cutoffs, a few customers at a time."""
    cutoffs = timeline.cutoffs
    ends = [c.instant for c in cutoffs]
    starts = {days: [c.days_before(days) for c in cutoffs] for days in _limited(events)}
    boundaries = sorted({*ends, *(start for found in starts.values() for start in found)})
    frame = _evaluated(
        events, timeline.events.lazy().with_columns(pl.col(timeline.table.time).fill_null(EARLIEST).alias(INTERVAL))
    )
    # Interval i holds the instants in [boundaries[i - 1], boundaries[i]).
    marks = pl.Series(boundaries, dtype=INSTANT).to_physical().to_numpy()
    interval = np.searchsorted(marks, frame[INTERVAL].to_physical().to_numpy(), side="right")

    def first_inside(instants: Sequence[datetime]) -> Positions:
        return np.array([boundaries.index(instant) + 1 for instant in instants])

    begins, until = {Window(days): first_inside(found) for days, found in starts.items()}, first_inside(ends)
    customers, parts = frame["customer_id"].to_numpy(), []
    rows = rows[np.argsort(asked.number[rows], kind="stable")]
    for mine in np.split(rows, range(ROWS_AT_ONCE, len(rows), ROWS_AT_ONCE)):
        of, at = asked.number[mine], asked.at[mine]
        first, last = (of[0], of[-1]) if len(of) else (0, -1)
        here = slice(*np.searchsorted(customers, [first, last + 1]))
        groups, of = customers[here] - first, of - first
        before = _counter(groups, interval[here], len(boundaries) + 1, of)
        begin = {window: before(found[at]) for window, found in begins.items()} | {LIFETIME: before(0)}
        parts.append(_measured(family, events, frame[here], Spans(groups, of, at, begin, before(until[at])), mine))
    return parts


def _by_copied_events(
    family: str,
    events: Events,
    timeline: Timeline,
    asked: Asked,
    rows: Positions,
    tables: Mapping[str, pl.DataFrame],
) -> list[pl.DataFrame]:
    """The measures of these rows from a copy of the events for each cutoff, a few cutoffs at a time."""
    source, customers = timeline.events, timeline.customers
    if not events.state:
        source = source.filter(pl.Series(timeline.learned_late).gather(source["customer_id"]))
    limited = _limited(events)  # longest first, so that a time lies in the first so many windows
    at_once, parts = max(1, COPIES_AT_ONCE // max(1, source.height)), []
    for first in range(0, len(timeline.cutoffs), at_once):
        here = timeline.cutoffs[first : first + at_once]
        starts = {f"start_{days}": [c.days_before(days) for c in here] for days in limited}
        moments = {"first_number": np.arange(len(here)) * customers, "cutoff_at": [c.instant for c in here]}
        at_each = pl.LazyFrame(moments | starts, schema_overrides=dict.fromkeys(["cutoff_at", *starts], INSTANT))
        copies = _copies(events, timeline, source, at_each, tables)
        within = pl.sum_horizontal(pl.lit(0), *(pl.col(start) <= pl.col(_time(events)) for start in starts))
        frame = _evaluated(events, copies.with_columns(within.cast(pl.Int64).alias(INTERVAL)))
        mine = rows[(asked.at[rows] >= first) & (asked.at[rows] < first + len(here))]
        of = (asked.at[mine] - first) * customers + asked.number[mine]
        groups = frame["customer_id"].to_numpy()
        before = _counter(groups, frame[INTERVAL].to_numpy(), len(limited) + 1, of)
        begin = {Window(days): before(rank + 1) for rank, days in enumerate(limited)} | {LIFETIME: before(0)}
        spans = Spans(groups, of, np.zeros_like(of), begin, before(len(limited) + 1))
        parts.append(_measured(family, events, frame, spans, mine))
    return parts


def _copies(
    events: Events, timeline: Timeline, source: pl.DataFrame, at_each: pl.LazyFrame, tables: Mapping[str, pl.DataFrame]
) -> pl.LazyFrame:
    """`source` as known before each of the moments `at_each`, customers of different moments under other numbers."""

    def copied(rows: pl.LazyFrame, table: Table, time: str) -> pl.LazyFrame:
        everything = at_each.join(rows, how="cross", maintain_order="left_right")
        known = known_before(everything, table, pl.col("cutoff_at"))
        happened = (pl.col(table.time) < pl.col("cutoff_at")).fill_null(True)
        known = known.filter(happened if time == table.time else happened & (pl.col(time) < pl.col("cutoff_at")))
        return known.with_columns(customer_id=pl.col("first_number") + pl.col("customer_id"))

    time = _time(events)
    known = copied(source.lazy(), timeline.table, time)
    if events.time:
        known = known.sort("customer_id", time, maintain_order=True)
    if events.children:
        child, key = TABLES[events.children], ["customer_id", timeline.table.key[0]]
        numbered = tables.get(child.name, child.empty()).join(timeline.numbers, on="customer_id")
        numbered = numbered.with_columns(customer_id="number").lazy()
        times = copied(numbered, child, child.time).group_by(key).agg(pl.col(child.time).sort().alias(child.name))
        known = known.join(times, on=key, how="left", maintain_order="left")
    return known.with_columns(age_days=days_between(pl.col(time), pl.col("cutoff_at"))) if events.state else known


def _time(events: Events) -> str:
    return events.time or TABLES[events.table].time


def _limited(events: Events) -> list[int]:
    """Lengths in days of the windows that have a start, longest first."""
    days = {window.days for measure in events.measures for window in measure.windows}
    return sorted((length for length in days if length is not None), reverse=True)


def _evaluated(events: Events, rows: pl.LazyFrame) -> pl.DataFrame:
    """The family's own events: customer_id, interval and the values of its measures (see `_names`)."""
    if events.where is not None:
        rows = rows.filter(events.where)
    values = {name: m.expression.alias(name) for m, name in zip(events.measures, _names(events), strict=True)}
    return rows.with_columns(events.columns).select("customer_id", INTERVAL, *values.values()).collect()


def _names(events: Events) -> list[str]:
    """A name for the values of each measure, the same for those with the same expression."""
    names: dict[bytes, str] = {}
    return [names.setdefault(m.expression.meta.serialize(), f"value_{len(names)}") for m in events.measures]


def _counter(
    groups: Positions, interval: Positions, intervals: int, of: Positions
) -> Callable[[Positions | int], Positions]:
    """Tells, for rows of the groups `of`, how many events lie before an interval: those of earlier groups count too."""
    first, cells = of * intervals, (of.max(initial=-1) + 1) * intervals
    totals = np.bincount(groups * intervals + interval + 1, minlength=cells + 1)
    np.cumsum(totals, out=totals)  # in place: there may be far more cells than events
    return lambda before: totals[first + before]


def _measured(family: str, events: Events, frame: pl.DataFrame, spans: Spans, rows: Positions) -> pl.DataFrame:
    """Every measure in each of its windows, with the column `row`."""
    names = _names(events)
    values = {name: Values(frame[name], spans) for name in dict.fromkeys(names)}
    found = {"row": pl.Series(rows)}
    for measure, name in zip(events.measures, names, strict=True):
        for window in measure.windows:
            column = values[name].measure(measure.op, window)
            if measure.unit == "amount" and measure.op not in ("count", "n_unique"):
                column = column / MONEY_SCALE  # out of fixed point only here, after exact integer sums
            found[measure.column(family, window)] = column
    return pl.DataFrame(found)
