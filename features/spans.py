"""Measuring spans of events: for each row of the matrix, the events `[begin, end)` of its group.

Events lie one after another, sorted by group and time; a group is a customer, or a customer as known at one cutoff.
Every operation is a handful of numpy calls over all rows at once: counts and integer sums are differences of running
totals, the rest is reduced span by span.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.family import Op
from features.time import Window

Positions = NDArray[np.int64]
Narrowed = tuple[Positions, Mapping[Window, Positions], Positions]


@dataclass(frozen=True)
class Spans:
    """Spans of n rows: `of`, the group of each; where its span begins in each window; where it ends.

    `blocks` part the rows so that a group occurs at most once in each.
    """

    of: Positions
    blocks: Sequence[Positions]
    begin: Mapping[Window, Positions]
    end: Positions
    _seen: list[tuple[NDArray[np.bool_], Narrowed]] = field(default_factory=list)

    def among(self, valid: NDArray[np.bool_], groups: Positions) -> Narrowed:
        """Groups, beginnings and ends among the valid events alone; many expressions have the same ones."""
        for mask, narrowed in self._seen:
            if np.array_equal(mask, valid):
                return narrowed
        before = np.concatenate([[0], np.cumsum(valid)])
        begin = {window: before[begin] for window, begin in self.begin.items()}
        self._seen.append((valid, (groups[valid], begin, before[self.end])))
        return self._seen[-1][1]


class Values:
    """The values of one expression over events of groups (numbers from 0, ascending), measured over spans."""

    def __init__(self, values: pl.Series, groups: Positions, spans: Spans) -> None:
        self.spans, self.groups, self.values = spans, groups, values.drop_nulls()
        self.begin, self.end = spans.begin, spans.end
        if values.null_count():  # positions among all events become positions among those with a value
            valid = values.is_not_null().to_numpy()
            self.groups, self.begin, self.end = spans.among(valid, groups)
        self._totals: Positions | None = None
        self._by_value: tuple[Positions, NDArray] | None = None

    def measure(self, op: Op, window: Window) -> pl.Series:
        """`op` over the values of each row's span, one a row; an empty one has count, sum and n_unique 0, others null.

        Counts, sums, means, spreads and medians are Float64; min, max, first and last keep the type of the values.
        """
        begin, end = self.begin[window], self.end
        filled = end > begin
        if op == "count":
            return pl.Series((end - begin).astype(np.float64))
        if op == "sum":
            return pl.Series(np.where(filled, self._sum(begin, end), 0.0))
        if op == "mean":
            return _where(filled, self._sum(begin, end) / np.maximum(end - begin, 1))
        if op == "std":
            return _where(end - begin > 1, self._std(begin, end))
        if op == "median":
            return _where(filled, self._median(begin, end))
        if op == "n_unique":
            return pl.Series(self._n_unique(begin, end))
        if op in ("first", "last"):
            return self.values.gather(_where(filled, begin if op == "first" else end - 1))
        extreme = _reduced(np.minimum if op == "min" else np.maximum, self._numbers(), begin, end)
        return _where(filled, extreme).cast(self.values.dtype)

    def _numbers(self) -> NDArray:
        """The values as numbers; equal texts as equal numbers."""
        values = self.values.cast(pl.Categorical) if self.values.dtype == pl.String else self.values
        return values.to_physical().to_numpy()

    def _sum(self, begin: Positions, end: Positions) -> NDArray:
        """Integers and truths exactly, in 64 bits; floats span by span, so that no other span costs digits."""
        if self.values.dtype.is_float():
            return _reduced(np.add, self.values.to_numpy(), begin, end)
        if self._totals is None:
            self._totals = np.concatenate([[0], np.cumsum(self.values.cast(pl.Int64).to_numpy())])
        return self._totals[end] - self._totals[begin]

    def _std(self, begin: Positions, end: Positions) -> NDArray:
        """Sample standard deviation, from the squared distances to the span's own mean: nothing cancels."""
        spread, values = np.zeros(len(begin)), self.values.cast(pl.Float64).to_numpy()
        for block in self.spans.blocks:
            rows = block[end[block] - begin[block] > 1]
            if len(rows):
                lengths = end[rows] - begin[rows]
                offsets = np.cumsum(lengths) - lengths
                inside = values[np.repeat(begin[rows] - offsets, lengths) + np.arange(lengths.sum())]
                means = np.add.reduceat(inside, offsets) / lengths
                squares = np.add.reduceat((inside - np.repeat(means, lengths)) ** 2, offsets)
                spread[rows] = np.sqrt(squares / (lengths - 1))
        return spread

    def _median(self, begin: Positions, end: Positions) -> NDArray:
        medians = np.zeros(len(begin))
        for block in self.spans.blocks:
            inside, first = self._inside(block, begin, end)
            values = self._sorted()[1][inside]
            rows = block[end[block] > begin[block]]
            first, length = first[self.spans.of[rows]], end[rows] - begin[rows]
            medians[rows] = (values[first + (length - 1) // 2] + values[first + length // 2]) / 2
        return medians

    def _n_unique(self, begin: Positions, end: Positions) -> NDArray:
        distinct = np.zeros(len(begin))
        for block in self.spans.blocks:
            inside, first = self._inside(block, begin, end)
            values, groups = self._sorted()[1][inside], self.groups[inside]
            new = np.ones(len(values), dtype=bool)
            new[1:] = (values[1:] != values[:-1]) | (groups[1:] != groups[:-1])
            distinct[block] = np.bincount(groups[new], minlength=len(first))[self.spans.of[block]]
        return distinct

    def _sorted(self) -> tuple[Positions, NDArray]:
        """Positions of the events sorted by group and value, and the values in that order."""
        if self._by_value is None:
            numbers = self._numbers()
            order = np.lexsort((numbers, self.groups))
            self._by_value = order, numbers[order]
        return self._by_value

    def _inside(self, block: Positions, begin: Positions, end: Positions) -> tuple[NDArray[np.bool_], Positions]:
        """Which of the events sorted by value lie in a span of `block`, and of each group the first of those."""
        of = self.spans.of[block]
        groups = 1 + max(self.groups.max(initial=-1), of.max(initial=-1))
        begins, ends = np.zeros(groups, dtype=np.int64), np.zeros(groups, dtype=np.int64)
        begins[of], ends[of] = begin[block], end[block]
        order = self._sorted()[0]
        # Sorted by group first, the events of a group are still where they were, in another order.
        inside = (order >= begins[self.groups]) & (order < ends[self.groups])
        lengths = ends - begins
        return inside, np.cumsum(lengths) - lengths


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
