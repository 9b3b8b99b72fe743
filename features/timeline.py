"""The events of one table in order, and the rows of the matrix that are asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.contract import Table
from features.tables import TABLES
from features.time import INSTANT, Cutoff

Positions = NDArray[np.int64]

# Where a row without a time of its own lies (a customer's row without `valid_from`): before everything.
EARLIEST = pl.lit(datetime(1, 1, 1, tzinfo=UTC), INSTANT)


def known_before(rows: pl.LazyFrame, table: Table, instant: datetime | pl.Expr) -> pl.LazyFrame:
    """The rows of `table` as they were known strictly before `instant`: late columns empty unless known by then."""
    masked = [
        pl.when((pl.col(known_when) < instant).fill_null(table.columns[column].known_without_time))
        .then(pl.col(column))
        .alias(column)
        for column, known_when in table.late_columns.items()
    ]
    return rows.filter(pl.col("known_at").is_null() | (pl.col("known_at") < instant)).with_columns(masked)


@dataclass(frozen=True)
class Asked:
    """Rows of a matrix: of each, its customer's number (-1: without events) and the position of its cutoff."""

    number: Positions
    at: Positions


class Timeline:
    """One bucket of a table sorted by customer, time and key (as far as those are among its columns).

    `events`: the table, `customer_id` being a number from 0; `numbers`: the customer_id and `number` of each.
    `learned_late`: of each customer, whether an event of theirs was not yet known at a cutoff that followed it.
    """

    def __init__(self, table: Table, found: pl.DataFrame, cutoffs: Sequence[Cutoff]) -> None:
        order = [column for column in table.order if column in found.columns]
        found = found.rechunk()  # as read from a file it is in pieces, which slow every look at it
        ordered = found if _in_order(found, order) else found.sort(order, maintain_order=True)
        number = ordered["customer_id"].rle_id().cast(pl.Int64)
        ids = ordered["customer_id"].filter(_changes(number))
        self.table, self.cutoffs = table, list(cutoffs)
        self.events = ordered.with_columns(customer_id=number)
        self.numbers = pl.DataFrame({"customer_id": ids, "number": np.arange(len(ids))})
        self.learned_late = np.zeros(self.customers, dtype=bool)
        self.learned_late[self._learned_late().to_numpy()] = True

    def asked(self, customers: pl.Series, at: Positions) -> Asked:
        """Rows of these customers (ids) at the cutoffs of these positions, as numbers."""
        run = customers.rle_id()  # mostly, the rows of a customer lie together
        runs = pl.DataFrame({"customer_id": customers.filter(_changes(run))})
        found = runs.join(self.numbers, on="customer_id", how="left", maintain_order="left")
        return Asked(found["number"].fill_null(-1).to_numpy()[run.to_numpy()], at)

    def everybody(self) -> Asked:
        """Every customer with events at every cutoff, by customer."""
        number, at = np.arange(self.customers), np.arange(len(self.cutoffs))
        return Asked(np.repeat(number, len(at)), np.tile(at, len(number)))

    @property
    def customers(self) -> int:
        """How many customers have events."""
        return self.numbers.height

    def _learned_late(self) -> pl.Series:
        happened = pl.col(self.table.time).fill_null(EARLIEST)
        suspects = self.events.select("customer_id", "known_at", happened).filter(pl.col("known_at") > happened)
        instants = pl.Series(sorted(c.instant for c in self.cutoffs), dtype=INSTANT)
        first_after = instants.search_sorted(suspects[self.table.time], side="right")
        return suspects["customer_id"].filter(instants.search_sorted(suspects["known_at"], side="right") != first_after)


class Bucket(dict[str, pl.DataFrame]):
    """One bucket of the canonical tables by name, which remembers the timelines made of them."""

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        super().__init__(tables)
        self.timelines: dict[tuple[str, tuple[Cutoff, ...]], Timeline] = {}


def timeline_of(tables: Mapping[str, pl.DataFrame], name: str, cutoffs: Sequence[Cutoff]) -> Timeline:
    """The timeline of a table for these cutoffs, which are put in order; a table that is missing counts as empty."""
    kept = tables.timelines if isinstance(tables, Bucket) else {}
    key = name, tuple(sorted(cutoffs))
    if key not in kept:
        table = TABLES[name]
        kept[key] = Timeline(table, tables.get(name, table.empty()), key[1])
    return kept[key]


def _in_order(rows: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Whether the rows are sorted by `columns`, as the store keeps them: far cheaper to see than to sort."""
    first, follows = _changes(rows["customer_id"]), pl.lit(True)
    for column in reversed(columns[1:]):
        before = pl.col(column).shift(1)
        follows = (pl.col(column) > before) | ((pl.col(column) == before) & follows)
    in_turn = rows.lazy().select((pl.lit(first) | follows.fill_null(False)).all()).collect().item()
    return in_turn and rows["customer_id"].filter(first).is_sorted()


def _changes(values: pl.Series) -> pl.Series:
    """Which values differ from the one before; the first one does."""
    return (values != values.shift(1)).fill_null(True)
