"""How a canonical table is declared: what each column holds and when a cell filled in later became known.

Inside Holdfast ids are text, times are UTC microseconds, amounts are fixed-point integers (ten-thousandths of the
currency unit). Pandera contracts are made from these declarations; they need collected frames, since pandera checks
a LazyFrame for names and types only.
"""

from dataclasses import dataclass, field
from enum import Enum

import pandera.polars as pa
import polars as pl

from features.time import INSTANT

MONEY_SCALE = 10_000


class Kind(Enum):
    """What a column holds."""

    IDENTIFIER = "text, never empty"
    TEXT = "text"
    INSTANT = "a time"
    MONEY = "an amount"
    NUMBER = "a number"

    @property
    def stored_as(self) -> pl.DataType:
        """The polars type of the column in the store."""
        if self is Kind.INSTANT:
            return INSTANT
        if self is Kind.MONEY:
            return pl.Int64()
        return pl.Float64() if self is Kind.NUMBER else pl.String()


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    `required`: the source must have it. `nullable`: a row may leave it empty. `known_when`: the time column that tells
    when this cell became known; the cell counts as empty at any cutoff at or before that time. `personal`: for lists
    only, never a feature. `not_before`: a time column of the same row that this time may not precede.
    `known_without_time`: where the column of `known_when` is empty, the cell was known from the event on.
    """

    kind: Kind
    required: bool = True
    nullable: bool = False
    known_when: str | None = None
    allowed: tuple[str, ...] = ()
    not_before: str | None = None
    positive: bool = False
    personal: bool = False
    known_without_time: bool = False


@dataclass(frozen=True)
class Table:
    """One canonical table. `key` is unique; `time` is the event's own time, from which
    `known_at` defaults (null: always known).

    `parent` names the table and column through which a table without customer_id finds its customer.
    """

    name: str
    key: tuple[str, ...]
    time: str
    columns: dict[str, Column]
    parent: tuple[str, str] | None = None
    order: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        rest = (column for column in self.key if column not in ("customer_id", self.time))
        object.__setattr__(self, "order", ("customer_id", self.time, *rest))

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Stored columns and types: the canonical ones, customer_id, and known_at (null: always known)."""
        stored = {name: column.kind.stored_as for name, column in self.columns.items()}
        return {"customer_id": pl.String(), **stored, "known_at": INSTANT}

    @property
    def late_columns(self) -> dict[str, str]:
        """Columns filled in after the event, each with the column of the time it became known."""
        return {name: column.known_when for name, column in self.columns.items() if column.known_when}

    def empty(self) -> pl.DataFrame:
        """A frame of this table's schema without rows."""
        return pl.DataFrame(schema=self.schema)

    def contract(self) -> pa.DataFrameSchema:
        """The pandera contract of one collected bucket of this table.

        Failure cases name the column and check, and index the row; a repeated key fails every row but the first.
        """
        columns = {"customer_id": pa.Column(pl.String(), _cell_checks(Column(Kind.IDENTIFIER)), name="customer_id")}
        for name, column in self.columns.items():
            columns[name] = pa.Column(column.kind.stored_as, _cell_checks(column), nullable=column.nullable, name=name)
        return pa.DataFrameSchema(columns, checks=[_unique(self.key), *_order_checks(self.columns)], name=self.name)


def _cell_checks(column: Column) -> list[pa.Check]:
    checks = []
    if column.kind is Kind.IDENTIFIER:
        checks.append(pa.Check.str_length(min_value=1, name="not empty", error="empty text"))
    if column.allowed:
        checks.append(pa.Check.isin(column.allowed, error=f"not one of {', '.join(column.allowed)}"))
    if column.kind is Kind.NUMBER:
        checks.append(pa.Check(_finite, name="finite", error="not a finite number"))
    if column.positive:
        checks.append(pa.Check.ge(0, error="negative"))
    return checks


def _finite(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col(data.key).is_finite().fill_null(True))


def _unique(key: tuple[str, ...]) -> pa.Check:
    def first_of_its_key(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.struct(key).is_first_distinct())

    return pa.Check(first_of_its_key, name="unique", error=f"repeated {' and '.join(key)}")


def _order_checks(columns: dict[str, Column]) -> list[pa.Check]:
    def check(later: str, earlier: str) -> pa.Check:
        def in_order(data: pa.PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select((pl.col(later) >= pl.col(earlier)).fill_null(True))

        return pa.Check(in_order, name=f"{later} in order", error=f"{later} before {earlier}")

    return [check(name, column.not_before) for name, column in columns.items() if column.not_before]
