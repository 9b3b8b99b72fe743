"""How a family of features is declared: expressions over events, never loops of its own.

A family sees the events of one customer that were known before a cutoff and nothing else: no clock, no label, no other
family's code. Frames given to its expressions are sorted by customer, time and key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import polars as pl

from features.time import INSTANT, LIFETIME, Window

# Stands for the currency in sentences, since features do not know it; whoever shows them puts in the real one.
CURRENCY_SIGN = "¤"

Op = Literal["count", "sum", "min", "max", "first", "last", "mean", "std", "median", "n_unique"]
EMPTY_IS_ZERO = frozenset({"count", "sum", "n_unique"})


@dataclass(frozen=True)
class Feature:
    """One measure: `op` over the non-null values of `expression`, in each of `windows`.

    `unit` is for readers ("days", "orders", "EUR", "share"); "amount" is converted from fixed point to currency units.
    Without events in the window the value is 0 for counts and sums and null for the rest. `reason` names the group
    whose sentence speaks for the feature. An `internal` measure feeds `derived` features and is not in the matrix.
    """

    name: str
    expression: pl.Expr
    op: Op
    description: str
    unit: str
    reason: str
    windows: tuple[Window, ...] = (LIFETIME,)
    internal: bool = False

    def column(self, family: str, window: Window) -> str:
        """Name of the column for one window, e.g. "rfm__orders_count_90d"."""
        return f"{family}__{self.name}_{self.op}_{window.suffix}"

    @property
    def fill(self) -> float | None:
        """Value of a row without events."""
        return 0.0 if self.op in EMPTY_IS_ZERO else None


@dataclass(frozen=True)
class Derived:
    """One feature computed from a matrix row: the family's measures, earlier derived columns, context and `cutoff_at`.

    `cutoff_at` is the instant of the cutoff (UTC); `Family.everybody` names the columns of the context. Where a formula
    is beyond expressions, `expression` is a struct of arguments, and `function` makes one number a row of their frame.
    A null result, or one that is not finite, becomes `fill`. An `internal` feature is not in the matrix.
    """

    name: str
    expression: pl.Expr
    description: str
    unit: str
    reason: str
    fill: float | None = None
    function: Callable[[pl.DataFrame], np.ndarray] | None = None
    internal: bool = False

    def column(self, family: str) -> str:
        """Name of the column, e.g. "rfm__recency_days"."""
        return f"{family}__{self.name}"


@dataclass(frozen=True)
class Reason:
    """A sentence that speaks for a group of features, where `when` holds of the matrix row.

    `sentence` is a text expression over feature columns; the first reason of a group whose `when` holds is used.
    """

    group: str
    when: pl.Expr
    sentence: pl.Expr

    @classmethod
    def of(cls, group: str, when: pl.Expr, text: str, *values: pl.Expr) -> Self:
        """The reason whose sentence is `text` with its {} filled in, as by `pl.format`."""
        return cls(group, when, pl.format(text, *values))


@dataclass(frozen=True)
class Events:
    """The events of one canonical table that a family looks at, and what it measures of them.

    `where` selects events; `columns` adds columns an event at a time, from the event and the customer's earlier events
    (see `previous`). With `state`, the rows change after they open: the family gets, for each cutoff, the rows as they
    were known then (later-filled cells empty), with `age_days` since the event and `cutoff_at`. Only a state family may
    read a later-filled column, or use one as `time`: the column that says when the event happened, for windows, order
    and `age_days`; rows without it are no events. `children` names a table whose rows belong to this one's: the column
    of that name lists the times of the row's children that were known before the cutoff, in order, null where there
    are none (state families only).

    `customer_id` is a number here, the same for all events of one customer (and cutoff, with `state`).
    """

    table: str
    measures: tuple[Feature, ...]
    where: pl.Expr | None = None
    columns: tuple[pl.Expr, ...] = ()
    state: bool = False
    time: str | None = None
    children: str | None = None

    def columns_read(self) -> set[str]:
        """Names that its expressions read: columns of the table, and those it adds itself."""
        expressions = [*self.columns, *(measure.expression for measure in self.measures)]
        expressions += [] if self.where is None else [self.where]
        return {name for expression in expressions for name in expression.meta.root_names()}


@dataclass(frozen=True)
class Family:
    """A family of features over the events of canonical tables (none: over the cutoff alone).

    The first table of `events` switches the family on; where another one is absent, it counts as empty.

    `everybody`: events measured over all customers together, as of each cutoff, ahead of the buckets (see
    `features.context`). For `derived`, the column `<measure>_total` holds the sum over customers (the least of a "min",
    the greatest of a "max"), `<measure>_customers` how many have a value above 0. `parameters`: names of numbers fitted
    once for a model, columns for `derived` too; null where there was nothing to fit.
    """

    name: str
    description: str
    events: tuple[Events, ...] = ()
    derived: tuple[Derived, ...] = ()
    reasons: tuple[Reason, ...] = ()
    everybody: tuple[Events, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def measures(self) -> tuple[Feature, ...]:
        """The measures over all its events, internal ones included."""
        return tuple(measure for events in self.events for measure in events.measures)

    @property
    def tables(self) -> tuple[str, ...]:
        """The canonical tables it reads, children included; the first is the one that switches it on."""
        looked_at = (*self.events, *self.everybody)
        return tuple(dict.fromkeys(table for e in looked_at for table in (e.table, e.children) if table))

    def feature_columns(self) -> list[str]:
        """Columns of the matrix that this family makes, in order."""
        measured = [m.column(self.name, w) for m in self.measures if not m.internal for w in m.windows]
        return measured + [d.column(self.name) for d in self.derived if not d.internal]

    def context_columns(self) -> dict[str, pl.DataType]:
        """Columns that the family needs of the context, each with its type."""
        columns: dict[str, pl.DataType] = dict.fromkeys(self.parameters, pl.Float64())
        for measure in (measure for events in self.everybody for measure in events.measures):
            for window in measure.windows:
                name = measure.column(self.name, window)
                total = INSTANT if measure.unit == "time" else pl.Float64()
                columns |= {f"{name}_total": total, f"{name}_customers": pl.Float64()}
        return columns

    def reason_groups(self) -> dict[str, str]:
        """Reason group of each of the family's columns."""
        groups = {m.column(self.name, w): m.reason for m in self.measures if not m.internal for w in m.windows}
        return groups | {d.column(self.name): d.reason for d in self.derived if not d.internal}


def previous(value: pl.Expr) -> pl.Expr:
    """`value` at the same customer's event before; null at the first one. For `Events.columns`."""
    same = pl.col("customer_id") == pl.col("customer_id").shift(1)
    return pl.when(same).then(value.shift(1))


def number(value: pl.Expr) -> pl.Expr:
    """`value` as a whole number in text, for sentences: 1234.5 -> "1,235", -7.2 -> "-7" (null stays null)."""
    whole = value.round(0, mode="half_away_from_zero").cast(pl.Int64)
    grouped = whole.abs().cast(pl.String).str.reverse().str.replace_all(r"(\d{3})", "${1},").str.reverse()
    return pl.concat_str(pl.when(whole < 0).then(pl.lit("-")).otherwise(pl.lit("")), grouped.str.strip_chars(","))


def money(value: pl.Expr) -> pl.Expr:
    """An amount in whole currency units, for sentences: 1234.5 -> "¤1,235" (see CURRENCY_SIGN)."""
    return pl.concat_str(pl.lit(CURRENCY_SIGN), number(value))


def plural(value: pl.Expr, one: str, many: str) -> pl.Expr:
    """`value` with its noun: 1 -> "1 order", 3 -> "3 orders"."""
    return pl.format("{} {}", number(value), pl.when(number(value) == "1").then(pl.lit(one)).otherwise(pl.lit(many)))


def lasting(days: pl.Expr) -> pl.Expr:
    """How long it has lasted, by the calendar, as `ago` counts: 75.4 days before the cutoff lies the 76th day back."""
    return plural(days.ceil(), "day", "days")


def ago(days: pl.Expr) -> pl.Expr:
    """How long ago, by the calendar: what happened within the day before the cutoff, a midnight, was yesterday."""
    return pl.when(days <= 1).then(pl.lit("yesterday")).otherwise(pl.format("{} days ago", number(days.ceil())))
