"""Measuring spans of events: for each row of the matrix, the events `[begin, end)` of its group.

Events lie one after another, sorted by group and time; a group is a customer, or a customer as known at one cutoff.
Every operation is a handful of numpy calls over all rows at once: counts and integer sums are differences of running
totals, the rest is reduced span by span.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.family import Op
from features.time import Window

Positions = NDArray[np.int64]
Narrowed = tuple[Mapping[Window, Positions], Positions]


@dataclass(frozen=True)
class Spans:
    """Spans of n rows: `of`, the group of each; where its span begins in each window; where it ends.

    `groups`: the group of each event, ascending from 0; `block`: of each row a number from 0, another one for each row
    of a group.
    """

    groups: Positions
    of: Positions
    block: Positions
    begin: Mapping[Window, Positions]
    end: Positions
    _seen: list[tuple[NDArray[np.bool_], Narrowed]] = field(default_factory=list)

    def among(self, valid: NDArray[np.bool_]) -> Narrowed:
        """Beginnings and ends among the valid events alone; many expressions have the same ones."""
        for mask, narrowed in self._seen:
            if np.array_equal(mask, valid):
                return narrowed
        before = _running_totals(valid)
        begin = {window: before[begin] for window, begin in self.begin.items()}
        self._seen.append((valid, (begin, before[self.end])))
        return self._seen[-1][1]

    @cached_property
    def blocks(self) -> Sequence[Positions]:
        """The rows of each block, in which a group occurs at most once."""
        return [np.flatnonzero(self.block == number) for number in range(self.block.max(initial=-1) + 1)]


class Values:
    """The values of one expression, one an event or null, measured over spans."""

    def __init__(self, values: pl.Series, spans: Spans) -> None:
        self.spans, self.values, self._valid = spans, values.drop_nulls(), values.is_not_null().to_numpy()
        # Positions among all events become positions among those with a value.
        self.begin, self.end = spans.among(self._valid) if values.null_count() else (spans.begin, spans.end)

    def measure(self, op: Op, window: Window) -> pl.Series:
        """`op` over the values of each row's span, one a row; an empty one has count, sum and n_unique 0, others null.

        Counts, sums, means, spreads and medians are Float64; min, max, first and last keep the type of the values.
        """
        begin, end = self.begin[window], self.end
        if op == "count":
            return pl.Series(np.subtract(end, begin, dtype=np.float64))
        if op == "sum":
            return pl.Series(self._sum(begin))
        if op == "n_unique":
            return pl.Series(self._n_unique(begin, end))
        if op == "std":
            return _where(end - begin > 1, self._std(begin, end))
        filled = end > begin
        if op == "mean":
            return _where(filled, self._sum(begin) / np.maximum(end - begin, 1))
        if op == "median":
            return _where(filled, self._median(begin, end))
        if op in ("min", "max") and self._ascending:
            op = "first" if op == "min" else "last"
        if op in ("first", "last"):
            return self.values.gather(_where(filled, begin if op == "first" else end - 1))
        extreme = _reduced(np.minimum if op == "min" else np.maximum, self._numbers, begin, end)
        return _where(filled, extreme).cast(self.values.dtype)

    @cached_property
    def groups(self) -> Positions:
        """The group of each value."""
        return self.spans.groups[self._valid]

    @cached_property
    def _ascending(self) -> bool:
        """Whether no value is less than the one before it in its group: the times of events never are."""
        numbers, groups = self._numbers, self.groups
        return bool(((numbers[1:] >= numbers[:-1]) | (groups[1:] != groups[:-1])).all())

    @cached_property
    def _numbers(self) -> NDArray:
        """The values as numbers; equal texts as equal numbers."""
        values = self.values.cast(pl.Categorical) if self.values.dtype == pl.String else self.values
        return values.to_physical().to_numpy()

    def _sum(self, begin: Positions) -> NDArray[np.float64]:
        """Integers and truths exactly, in 64 bits; floats span by span, so that no other span costs digits."""
        if self.values.dtype.is_float():
            return np.where(self.end > begin, _reduced(np.add, self._numbers, begin, self.end), 0.0)
        sums = self._totals[begin]
        np.subtract(self._totals_at_end, sums, out=sums)
        return sums.astype(np.float64)

    @cached_property
    def _totals(self) -> Positions:
        return _running_totals(self.values.cast(pl.Int64).to_numpy())

    @cached_property
    def _totals_at_end(self) -> Positions:
        return self._totals[self.end]

    def _std(self, begin: Positions, end: Positions) -> NDArray:
        """Sample standard deviation, from the squared distances to the span's own mean: nothing cancels."""
        spread, values = np.zeros(len(begin)), self.values.cast(pl.Float64).to_numpy()
        for block in self.spans.blocks:
            rows = block[end[block] - begin[block] > 1]
            if len(rows):
                positions, first, lengths = _one_by_one(begin[rows], end[rows])
                inside = values[positions]
                means = np.add.reduceat(inside, first) / lengths
                squares = np.add.reduceat((inside - np.repeat(means, lengths)) ** 2, first)
                spread[rows] = np.sqrt(squares / (lengths - 1))
        return spread

    def _median(self, begin: Positions, end: Positions) -> NDArray:
        medians = np.zeros(len(begin))
        for block in self.spans.blocks:
            inside, first = self._inside(block, begin, end)
            values = self._sorted[1][inside]
            rows = block[end[block] > begin[block]]
            first, length = first[self.spans.of[rows]], end[rows] - begin[rows]
            medians[rows] = (values[first + (length - 1) // 2] + values[first + length // 2]) / 2
        return medians

    def _n_unique(self, begin: Positions, end: Positions) -> NDArray:
        """How many values have no equal before them in their span: the latest equal one, if any, lies before it."""
        distinct = np.zeros(len(begin))
        for block in self.spans.blocks:
            positions, first, lengths = _one_by_one(begin[block], end[block])
            new = _running_totals(self._equal_before[positions] < np.repeat(begin[block], lengths))
            distinct[block] = new[first + lengths] - new[first]
        return distinct

    @cached_property
    def _equal_before(self) -> Positions:
        """Of each value the position of the latest equal one before it in its group, -1 where there is none."""
        (order, values), groups = self._sorted, self.groups  # sorted by group first, groups are where they were
        same = (values[1:] == values[:-1]) & (groups[1:] == groups[:-1])
        before = np.full(len(order), -1)
        before[order[1:][same]] = order[:-1][same]
        return before

    @cached_property
    def _sorted(self) -> tuple[Positions, NDArray]:
        """Positions of the events sorted by group and value, and the values in that order."""
        order = np.lexsort((self._numbers, self.groups))
        return order, self._numbers[order]

    def _inside(self, block: Positions, begin: Positions, end: Positions) -> tuple[NDArray[np.bool_], Positions]:
        """Which of the events sorted by value lie in a span of `block`, and of each group the first of those."""
        of = self.spans.of[block]
        groups = 1 + max(self.groups.max(initial=-1), of.max(initial=-1))
        begins, ends = np.zeros(groups, dtype=np.int64), np.zeros(groups, dtype=np.int64)
        begins[of], ends[of] = begin[block], end[block]
        order = self._sorted[0]
        # Sorted by group first, the events of a group are still where they were, in another order.
        inside = (order >= begins[self.groups]) & (order < ends[self.groups])
        lengths = ends - begins
        return inside, np.cumsum(lengths) - lengths


def _one_by_one(begin: Positions, end: Positions) -> tuple[Positions, Positions, Positions]:
    """The positions inside each span, one span after the other; where among them each begins; the lengths of spans."""
    lengths = end - begin
    first = np.cumsum(lengths) - lengths
    return np.repeat(begin - first, lengths) + np.arange(lengths.sum()), first, lengths


def _running_totals(values: NDArray) -> Positions:
    """How much lies before each position, the one after the last included, in 64 bits."""
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=totals[1:])
    return totals


def _reduced(operation: np.ufunc, values: NDArray, begin: Positions, end: Positions) -> NDArray:
    """`operation` over `values[begin:end]` of each row; anything where that is empty."""
    if not len(begin):
        return values[:0]
    if (begin[1:] < begin[:-1]).any():  # what lies between spans is reduced too, and is little only in their order
        order = np.argsort(begin, kind="stable")
        reduced = _reduced(operation, values, begin[order], end[order])
        return reduced[np.argsort(order, kind="stable")]
    # Every second result is that of what lies between one span's end and the next one's beginning. The value appended
    # lets a span end at the last event.
    bounds = np.column_stack([begin, end]).ravel()
    return operation.reduceat(np.append(values, np.zeros(1, values.dtype)), bounds)[::2]


def _where(filled: NDArray[np.bool_], values: NDArray) -> pl.Series:
    """`values` where `filled`, null elsewhere."""
    if filled.all():
        return pl.Series(values)
    return pl.select(pl.when(pl.Series(filled)).then(pl.Series(values))).to_series()
