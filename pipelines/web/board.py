"""The lists with what was recorded of them, kept in memory: made once a publication, read on as the log grows."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.outreach.contacts import NO_ANSWER
from pipelines.web.people import Sight
from pipelines.web.publication import Publication, Publications, Row
from pipelines.web.schema import Entry

# What an entry says, as the columns of the table call it.
RECORDED: Mapping[str, pl.DataType] = {
    "recorded": pl.String(),
    "recorded_note": pl.String(),
    "recorded_snooze_until": pl.Date(),
    "recorded_by": pl.String(),
    "recorded_at": pl.Datetime("us", "UTC"),
    "recorded_list": pl.Date(),
}


class Item(NamedTuple):
    """A customer on the list, with the answer that stands and the number of their latest entry (0: none)."""

    row: Row
    answer: Entry | None
    number: int
    done: bool


@dataclass(frozen=True)
class Board:
    """The lists of a publication as of the latest entry.

    `entries`: customer_id -> latest entry. `table`: everybody on the lists, in their order, with the columns of
    `Publication.table`, those of `RECORDED` where an answer stands, and `done`.
    """

    publication: Publication
    entries: Mapping[str, Entry]
    table: pl.DataFrame

    def seen_by(self, sight: Sight) -> pl.DataFrame:
        """The rows of the table that `sight` covers."""
        if sight.account_managers is None:
            return self.table
        return self.table.filter(pl.col("account_manager").is_in(sorted(sight.account_managers)))

    def items(self, rows: pl.DataFrame) -> list[Item]:
        """These rows of the table, as a page shows them."""
        found = []
        for row, (recorded, done) in zip(
            self.publication.rows(rows["customer_id"].to_list()),
            rows.select("recorded", "done").iter_rows(),
            strict=True,
        ):
            entry = self.entries.get(row["customer_id"])
            found.append(Item(row, entry if recorded else None, entry.number if entry else 0, done))
        return found

    def item(self, customer_id: str) -> Item | None:
        """A customer on the list."""
        return next(iter(self.items(self.table.filter(pl.col("customer_id") == customer_id))), None)


class Boards:
    """Keeps up with the log and the publications; while there is nothing new, the same board stands.

    `entries`: customer_id -> latest entry, as of the last look.
    """

    def __init__(self, publications: Publications) -> None:
        self.publications = publications
        self.entries: Mapping[str, Entry] = {}
        self._recorded = pl.DataFrame(schema={"customer_id": pl.String, **RECORDED})
        self._seen = 0
        self._held: Board | None = None
        self._lock = threading.Lock()

    def read_on(self, session: Session) -> None:
        """Read what is new of the log."""
        query = select(Entry).where(Entry.id > self._seen).order_by(Entry.id)
        found = session.scalars(query).all()
        with self._lock:
            # Writers take turns, so whoever has read further has read all in between.
            new = [entry for entry in found if entry.id > self._seen]
            if new:
                self.entries = {**self.entries, **{entry.customer_id: entry for entry in new}}
                self._recorded = pl.concat([self._recorded, _frame(new)]).unique("customer_id", keep="last")
                self._seen = new[-1].id
                self._held = None

    def current(self) -> Board | None:
        """The board of the current publication as of the last look at the log; None before the first night."""
        with self._lock:
            publication = self.publications.current()
            if publication is None:
                return None
            if self._held is None or self._held.publication is not publication:
                self._held = Board(publication, self.entries, answered(publication, self._recorded))
            return self._held


def answered(publication: Publication, recorded: pl.DataFrame) -> pl.DataFrame:
    """The publication's table with the answers that stand, and whether nothing is left to do.

    An answer stands if it was given to the item as it is on the list, not to one before it. Who was not reached is
    tried again the next day. `recorded`: customer_id and `RECORDED`, a row for each customer's latest entry.
    """
    stands = pl.col("recorded_list") >= pl.col("item_opened")
    settled = pl.col("recorded").is_not_null() & (
        (pl.col("recorded") != NO_ANSWER) | (pl.col("recorded_list") == publication.day)
    )
    return (
        publication.table.join(recorded, on="customer_id", how="left", maintain_order="left")
        .with_columns(pl.when(stands).then(pl.col(name)).alias(name) for name in RECORDED)
        .with_columns(done=settled)
    )


def _frame(entries: list[Entry]) -> pl.DataFrame:
    rows = [(e.customer_id, e.status, e.note, e.snooze_until, e.person, e.at, e.list_date) for e in entries]
    return pl.DataFrame(rows, schema={"customer_id": pl.String(), **RECORDED}, orient="row")
