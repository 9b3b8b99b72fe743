"""The same features written straight in polars, and two cheaper queries that tell what the files alone cost.

Of several ways to write it (filters in the group-by or columns before it, streaming or in memory, all files or one at a
time) these two took the least time; which of them is ahead depends on the machine.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from features.time import INSTANT, days_between
from tests.benchmarks.declared import (
    BASKET,
    BOUGHT_LATELY,
    FEATURES,
    MONEY_SCALE,
    ORDERS,
    RECENCY,
    SPENT,
    TENURE,
    midnight,
    starts,
)

READ = ["customer_id", "occurred_at", "amount"]
AMOUNT, TIME = pl.col("amount"), pl.col("occurred_at")


def read(store: Path, out: Path, cutoffs: Sequence[date]) -> None:
    """Read the three columns that the features need, a file at a time."""
    for file in _files(store):
        pl.read_parquet(file, columns=READ)


def count(store: Path, out: Path, cutoffs: Sequence[date]) -> None:
    """Count the transactions of each customer."""
    pl.scan_parquet(_files(store)).group_by("customer_id").len().sink_parquet(out / "counts.parquet")


def all_files(store: Path, out: Path, cutoffs: Sequence[date]) -> None:
    """A query over all files for each cutoff, streaming from file to file."""
    for cutoff in cutoffs:
        _query(_files(store), cutoff).sink_parquet(out / f"{cutoff}.parquet")


def file_by_file(store: Path, out: Path, cutoffs: Sequence[date]) -> None:
    """A query for each cutoff and file: a customer's rows lie in one file."""
    for cutoff in cutoffs:
        for file in _files(store):
            _query([file], cutoff).collect(engine="streaming").write_parquet(out / f"{cutoff}-{file.name}")


def _files(store: Path) -> list[Path]:
    return sorted((store / "transactions").glob("*.parquet"))


def _query(files: list[Path], cutoff: date) -> pl.LazyFrame:
    """Features of one cutoff. Files are in the order of time within a customer, so the last row is the latest."""
    instant = pl.lit(midnight(cutoff), dtype=INSTANT)
    since = [TIME >= pl.lit(start, dtype=INSTANT) for start in starts(cutoff)] + [pl.lit(True)]
    events = pl.scan_parquet(files).select(READ).filter(TIME < instant)
    columns = [((AMOUNT > 0) & inside).alias(name) for name, inside in zip(ORDERS, since, strict=True)]
    columns += [pl.when(inside).then(AMOUNT).alias(name) for name, inside in zip(SPENT, since, strict=True)]
    basket, bought_at = pl.col("basket"), pl.col("bought_at")
    columns += [pl.when(AMOUNT > 0).then(AMOUNT).alias("basket"), pl.when(AMOUNT > 0).then(TIME).alias("bought_at")]
    mean, largest, smallest, last = BASKET
    measures = [
        pl.col(*ORDERS, *SPENT).sum(),
        basket.mean().alias(mean),
        basket.max().alias(largest),
        basket.min().alias(smallest),
        basket.drop_nulls().last().alias(last),
        days_between(bought_at.max(), instant).alias(RECENCY),
        days_between(bought_at.min(), instant).alias(TENURE),
    ]
    found = events.with_columns(columns).group_by("customer_id").agg(measures).filter(pl.col(BOUGHT_LATELY) > 0)
    found = found.with_columns(pl.col(*SPENT, *BASKET) / MONEY_SCALE, cutoff=pl.lit(cutoff))
    return found.select("customer_id", "cutoff", pl.col(FEATURES).cast(pl.Float64))
