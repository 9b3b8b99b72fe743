"""Collects what happens, as arrays; turns them into frames at the end."""

from collections import defaultdict
from datetime import date
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

TIMES = ("time", "began", "due")  # columns given in days since the start of day 0


class Record(Protocol):
    """How the day reports a fact: its name, the customers (positions) and columns of the same length."""

    def __call__(self, fact: str, customer: NDArray[np.int64], **columns: NDArray) -> None: ...


def record_nothing(fact: str, customer: NDArray[np.int64], **columns: NDArray) -> None:
    """Stands in where only the course of events matters."""


class EventLog:
    """All facts so far. A fact that completes an earlier one names it by customer and `began`, its time."""

    def __init__(self, first_day: date, ids: pl.Series) -> None:
        self._first_day = first_day
        self.ids = ids
        self._facts: dict[str, list[dict[str, NDArray]]] = defaultdict(list)

    def record(self, fact: str, customer: NDArray[np.int64], **columns: NDArray) -> None:
        """Append rows; see `Record`. A fact always comes with the same columns."""
        self._facts[fact].append({"customer": customer, **columns})

    def frame(self, fact: str) -> pl.DataFrame:
        """All rows of a fact as recorded: customer_id, times as datetime[us, UTC] in whole seconds, the other columns.

        Raises KeyError when the fact was never recorded; the day records each fact on every day, if with no rows.
        """
        parts = self._facts.get(fact)
        if parts is None:
            raise KeyError(f"no fact named {fact!r}; recorded: {sorted(self._facts)}")
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        start = pl.lit(self._first_day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        times = [
            (start + pl.duration(seconds=(pl.col(name) * 86_400).floor().cast(pl.Int64))).alias(name)
            for name in TIMES
            if name in columns
        ]
        customer_id = self.ids.gather(columns.pop("customer"))
        return pl.DataFrame([customer_id, *(pl.Series(name, values) for name, values in columns.items())]).with_columns(
            times
        )
