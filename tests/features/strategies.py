"""Random small stores of one bucket, made from the declarations of the canonical tables.

Times come from a handful of instants a store, most of them on or next to a boundary of some window, so that events
share an instant and lie exactly on cutoffs; they may become known late, early, or at any time.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st

from features.contract import Column, Kind, Table
from features.tables import TABLES
from features.time import Cutoff

Row = dict[str, Any]

LONDON = ZoneInfo("Europe/London")
# Clocks change on 2025-03-30 and 2025-10-26.
CUTOFFS = [Cutoff(day, LONDON) for day in (date(2025, 3, 31), date(2025, 4, 29), date(2025, 10, 27), date(2025, 11, 3))]
WINDOWS = (7, 14, 30, 60, 90, 180, 275, 335, 365)
CUSTOMERS = ["ada", "ben", "cyd"]
WITHOUT_EVENTS = "nobody"
PARENTS = ["99", "98", "97"]  # keys that every table with a key of its own has

TEXTS = {"campaign": ("newsletter", "New Prices"), "kind": ("delivery", "Complaints")}  # where a family reads the words

MICROSECOND = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
AFTER = (0 * HOUR, MICROSECOND, 2 * HOUR, DAY, DAY + MICROSECOND, 7 * DAY, 7 * DAY + MICROSECOND, 40 * DAY)
NUDGES = (0 * HOUR, -MICROSECOND, MICROSECOND, 12 * HOUR)
ON_TIME = (0 * HOUR, 0 * HOUR, None)
LATE_OR_EARLY = (0 * HOUR, MICROSECOND, DAY, 30 * DAY, -3 * DAY)

amounts = st.integers(-40, 60).map(lambda tens: tens * 100_003) | st.sampled_from([0, 1, -1, 10_000])


@dataclass(frozen=True)
class Case:
    """A store, cutoffs, the rows asked for, and the same store with another future as seen from `present`."""

    tables: dict[str, pl.DataFrame]
    cutoffs: list[Cutoff]
    rows: pl.DataFrame
    present: Cutoff
    another_future: dict[str, pl.DataFrame]


@st.composite
def cases(draw: st.DrawFn, names: Collection[str]) -> Case:
    """Cases over the canonical tables `names`, for three customers with events and one without."""
    cutoffs = draw(st.lists(st.sampled_from(CUTOFFS), min_size=1, max_size=3, unique=True))
    present = draw(st.sampled_from(cutoffs))
    pool = draw(_instants(cutoffs))
    late = draw(st.sets(st.sampled_from(CUSTOMERS), max_size=2))
    rows = {name: draw(_events(TABLES[name], pool, late)) for name in sorted(names)}
    others = {name: draw(_another_future(TABLES[name], found, pool, present)) for name, found in rows.items()}
    asked = [(customer, cutoff.day) for customer in [*CUSTOMERS, WITHOUT_EVENTS] for cutoff in cutoffs]
    schema = {"customer_id": pl.String, "cutoff": pl.Date}
    return Case(
        frames(rows),
        cutoffs,
        pl.DataFrame(draw(st.permutations(asked)), schema=schema, orient="row"),
        present,
        frames(others),
    )


@st.composite
def stores(draw: st.DrawFn, names: Collection[str]) -> dict[str, list[Row]]:
    """Rows of the canonical tables `names`."""
    pool, late = draw(_instants(CUTOFFS)), draw(st.sets(st.sampled_from(CUSTOMERS), max_size=2))
    return {name: draw(_events(TABLES[name], pool, late)) for name in sorted(names)}


def frames(rows: dict[str, list[Row]]) -> dict[str, pl.DataFrame]:
    """Rows as frames of the canonical schema."""
    return {name: pl.DataFrame(found, schema=TABLES[name].schema) for name, found in rows.items()}


@st.composite
def _instants(draw: st.DrawFn, cutoffs: list[Cutoff]) -> list[datetime]:
    """The cutoffs, some of the boundaries of their windows and of what lies next to them, and a few other hours."""
    edges = [c.instant for c in cutoffs] + [c.days_before(days) for c in cutoffs for days in WINDOWS]
    near = st.tuples(st.sampled_from(edges), st.sampled_from(NUDGES)).map(lambda pair: pair[0] + pair[1])
    anywhere = st.integers(0, 24 * 700).map(lambda hours: BEGINNING + hours * HOUR)
    return [c.instant for c in cutoffs] + draw(st.lists(near | anywhere, min_size=3, max_size=7))


@st.composite
def _events(draw: st.DrawFn, table: Table, pool: list[datetime], late: set[str]) -> list[Row]:
    times = draw(st.lists(st.sampled_from(pool), min_size=3, max_size=16))
    # Keys fall as rows go on, so that rows of one instant are never in the order of their keys.
    keys = [f"{99 - number}" for number in range(len(times))]
    return [draw(_event(table, key, time, pool, late)) for key, time in zip(keys, times, strict=True)]


@st.composite
def _event(draw: st.DrawFn, table: Table, key: str, time: datetime, pool: list[datetime], late: set[str]) -> Row:
    """A row of a drawn customer; what happens to the customers in `late` may be learned at another time."""
    row: Row = {"customer_id": draw(st.sampled_from(CUSTOMERS)), table.time: time}
    for name, column in table.columns.items():
        if table.parent and name == table.parent[1]:
            row[name] = draw(st.sampled_from(PARENTS))
        elif name in table.key and column.kind is Kind.IDENTIFIER and name != "customer_id":
            row[name] = key
        elif name not in row:
            row[name] = draw(_cell(name, column, time))
    delays = [*LATE_OR_EARLY, *(instant - time for instant in pool)] if row["customer_id"] in late else ON_TIME
    delay = draw(st.sampled_from(delays))
    return row | {"known_at": None if delay is None else time + delay}


def _cell(name: str, column: Column, time: datetime) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any]
    if column.kind is Kind.INSTANT:
        values = st.sampled_from(AFTER).map(lambda delay: time + delay)
    elif column.kind is Kind.MONEY:
        values = amounts
    elif column.kind is Kind.NUMBER:
        values = st.integers(0, 10).map(float)
    else:
        values = st.sampled_from(column.allowed or TEXTS.get(name, ("red", "blue")))
    return st.none() | values if column.nullable else values


@st.composite
def _another_future(draw: st.DrawFn, table: Table, rows: list[Row], pool: list[datetime], present: Cutoff) -> list[Row]:
    """The rows known before `present`, their cells that are not yet known changed, and other rows not yet known."""
    now, changed = present.instant, []

    def is_known(row: Row) -> bool:
        return row[table.time] < now and (row["known_at"] is None or row["known_at"] < now)

    for row in filter(is_known, rows):
        late = table.late_columns
        # What has no time was known from the start, and gets none later.
        settled = {when for c, when in late.items() if table.columns[c].known_without_time and row[when] is None}
        unknown = {c: when for c, when in late.items() if when not in settled and not _is_filled(table, row, c, now)}
        needed = {when for c, when in unknown.items() if table.columns[c].known_without_time}
        later = {when: draw(_from(now) if when in needed else st.none() | _from(now)) for when in unknown.values()}
        values = {c: draw(_cell(c, table.columns[c], now)) for c in unknown if c not in later}
        changed.append(row | values | later)
    # Rows that nobody knew may come under the same key.
    freed = [row[table.key[0]] for row in rows if not is_known(row)]
    times = st.sampled_from(AFTER).map(lambda delay: now + delay) | st.sampled_from(pool)
    for number, time in enumerate(draw(st.lists(times, max_size=6))):
        key = freed[number] if number < len(freed) else f"{95 - number}x"
        row = draw(_event(table, key, time, pool, set()))
        changed.append(row | {"known_at": max(time, now) + draw(st.sampled_from([0 * HOUR, MICROSECOND, 3 * DAY]))})
    return changed


def _is_filled(table: Table, row: Row, column: str, now: datetime) -> bool:
    """Whether the cell was known before `now`."""
    when = row[str(table.columns[column].known_when)]
    return table.columns[column].known_without_time if when is None else when < now


def _from(now: datetime) -> st.SearchStrategy[datetime]:
    return st.sampled_from(AFTER).map(lambda delay: now + delay)
