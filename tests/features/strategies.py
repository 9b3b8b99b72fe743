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
WINDOWS = (7, 14, 30, 60, 90, 180, 275, 365)
CUSTOMERS = ["ada", "ben", "cyd"]
WITHOUT_EVENTS = "nobody"

MICROSECOND = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOUNDARIES = sorted(
    {
        edge + nudge
        for cutoff in CUTOFFS
        for edge in [cutoff.instant, *(cutoff.days_before(days) for days in WINDOWS)]
        for nudge in (-MICROSECOND, 0 * HOUR, MICROSECOND, 12 * HOUR)
    }
)
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
AFTER = (0 * HOUR, MICROSECOND, 2 * HOUR, DAY, DAY + MICROSECOND, 7 * DAY, 7 * DAY + MICROSECOND, 40 * DAY)
KNOWN_AFTER = (0 * HOUR,) * 6 + (None, -3 * DAY, MICROSECOND, HOUR, DAY, 30 * DAY)

instants = st.sampled_from(BOUNDARIES) | st.integers(0, 24 * 700).map(lambda hours: BEGINNING + hours * HOUR)
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
    pool = draw(st.lists(instants, min_size=3, max_size=10))
    rows: dict[str, list[Row]] = {}
    others: dict[str, list[Row]] = {}
    for name in sorted(names):
        table = TABLES[name]
        rows[name] = draw(_events(table, pool))
        others[name] = draw(_another_future(table, rows[name], pool, present.instant))
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
    pool = draw(st.lists(instants, min_size=3, max_size=10))
    return {name: draw(_events(TABLES[name], pool)) for name in sorted(names)}


def frames(rows: dict[str, list[Row]]) -> dict[str, pl.DataFrame]:
    """Rows as frames of the canonical schema."""
    return {name: pl.DataFrame(found, schema=TABLES[name].schema) for name, found in rows.items()}


@st.composite
def _events(draw: st.DrawFn, table: Table, pool: list[datetime]) -> list[Row]:
    times = draw(st.lists(st.sampled_from(pool), max_size=12))
    return [draw(_event(table, f"{number:02d}", time, pool)) for number, time in enumerate(times)]


@st.composite
def _event(draw: st.DrawFn, table: Table, key: str, time: datetime, pool: list[datetime]) -> Row:
    row: Row = {"customer_id": draw(st.sampled_from(CUSTOMERS)), table.time: time}
    for name, column in table.columns.items():
        if name in table.key and column.kind is Kind.IDENTIFIER and name != "customer_id":
            row[name] = key
        elif name not in row:
            row[name] = draw(_cell(column, time))
    delay = draw(st.sampled_from(KNOWN_AFTER) | st.sampled_from([at - time for at in pool]))
    return row | {"known_at": None if delay is None else time + delay}


def _cell(column: Column, time: datetime) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any]
    if column.kind is Kind.INSTANT:
        values = st.sampled_from(AFTER).map(lambda delay: time + delay)
    elif column.kind is Kind.MONEY:
        values = amounts
    elif column.kind is Kind.NUMBER:
        values = st.integers(0, 10).map(float)
    else:
        values = st.sampled_from(column.allowed or ("red", "blue"))
    return st.none() | values if column.nullable else values


@st.composite
def _another_future(
    draw: st.DrawFn, table: Table, rows: list[Row], pool: list[datetime], present: datetime
) -> list[Row]:
    """The rows known before `present`, their cells that are not yet known changed, and other rows not yet known."""

    def is_known(row: Row) -> bool:
        return row[table.time] < present and (row["known_at"] is None or row["known_at"] < present)

    past = [row for row in rows if is_known(row)]
    hidden = [row[table.key[0]] for row in rows if not is_known(row)]
    changed = []
    for row in past:
        unknown = {c: when for c, when in table.late_columns.items() if row[when] is None or row[when] >= present}
        later = {when: draw(st.none() | st.sampled_from(AFTER).map(lambda d: present + d)) for when in unknown.values()}
        values = {c: draw(_cell(table.columns[c], present)) for c in unknown if c not in later}
        changed.append(row | values | later)
    for number, time in enumerate(draw(st.lists(st.sampled_from([*pool, present]), max_size=6))):
        key = hidden[number] if number < len(hidden) else f"0{number}x"
        row = draw(_event(table, key, time, pool))
        known_at = max(row["known_at"] or time, present) + draw(st.sampled_from([0 * HOUR, MICROSECOND, 3 * DAY]))
        changed.append(row | {"known_at": known_at})
    return changed
