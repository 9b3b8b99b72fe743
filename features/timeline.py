"""The events of one table in order, and the rows of the matrix that are asked of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.contract import Table
from features.time import INSTANT, Cutoff

Positions = NDArray[np.int64]


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
    """One bucket of a table sorted by customer, time and key.

    `events`: the table, `customer_id` being a number from 0; `numbers`: the customer_id and `number` of each.
    `learned_late`: of each customer, whether an event of theirs was not yet known at a cutoff that followed it.
    """

    def __init__(self, table: Table, found: pl.DataFrame, cutoffs: Sequence[Cutoff]) -> None:
        ordered = found if _in_order(found, table.order) else found.sort(table.order)
        ids = ordered["customer_id"]
        first = (ids != ids.shift(1)).fill_null(True)
        self.table, self.cutoffs = table, list(cutoffs)
        self.events = ordered.with_columns(customer_id=first.cast(pl.Int64).cum_sum() - 1)
        self.numbers = pl.DataFrame({"customer_id": ids.filter(first)}).with_columns(
            number=pl.int_range(pl.len(), dtype=pl.Int64)
        )
        self.learned_late = np.zeros(self.customers, dtype=bool)
        self.learned_late[self._learned_late().to_numpy()] = True

    def asked(self, rows: pl.DataFrame) -> Asked:
        """`rows` (customer_id, cutoff Date) as numbers."""
        days = [c.day for c in self.cutoffs]
        at = rows["cutoff"].replace_strict(days, range(len(days)), return_dtype=pl.Int64)
        found = rows.join(self.numbers, on="customer_id", how="left", maintain_order="left")
        return Asked(found["number"].fill_null(-1).to_numpy(), at.to_numpy())

    def everybody(self) -> Asked:
        """Every customer with events at every cutoff, by customer."""
        number, at = np.arange(self.customers), np.arange(len(self.cutoffs))
        return Asked(np.repeat(number, len(at)), np.tile(at, len(number)))

    @property
    def customers(self) -> int:
        """How many customers have events."""
        return self.numbers.height

    def _learned_late(self) -> pl.Series:
        suspects = self.events.filter(pl.col("known_at") > pl.col(self.table.time))
        instants = pl.Series(sorted(c.instant for c in self.cutoffs), dtype=INSTANT)
        happened = instants.search_sorted(suspects[self.table.time], side="right")
        return suspects["customer_id"].filter(instants.search_sorted(suspects["known_at"], side="right") != happened)


def _in_order(rows: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Whether the rows are sorted by `columns`, as the store keeps them: far cheaper to see than to sort."""
    after = pl.lit(True)
    for column in reversed(columns):
        before = pl.col(column).shift(1)
        after = (pl.col(column) > before) | ((pl.col(column) == before) & after)
    return rows.lazy().select(after.slice(1).fill_null(False).all()).collect().item()
