"""The store of a night before, to which the next one adds what is new: no row is read again that cannot change."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from features.contract import Table
from pipelines.buckets import bucket_files, count_rows, merged, read_bucket, write_bucket
from pipelines.judge import Judged
from pipelines.readings import Readings
from pipelines.storage import bucket_file

MOST_FILES = 30  # of a bucket; then they become one again


@dataclass(frozen=True)
class Previous:
    """One table of the store of a night before; `new`: the readings since then."""

    store: Path
    table: Table
    new: Readings

    def knows_no_other_customers(self, bucket: int, customers: pl.Series | None) -> bool:
        """Whether every customer whom its rows could refer to is still there; new ones do no harm."""
        if customers is None:
            return True
        before = pl.read_parquet(bucket_files(self.store, "customers", bucket), columns=["customer_id"])
        return before["customer_id"].is_in(customers.implode()).all()

    def to_judge(self, bucket: int) -> pl.DataFrame:
        """The rows that are new, and those that were watched unless something new replaces them."""
        watched = self._watched_in(bucket).drop("bucket")
        watched = watched.join(self._new_keys, on=list(self.table.key), how="anti", nulls_equal=True)
        return pl.concat([self.new.rows(bucket), watched], how="diagonal")

    def store_with(self, bucket: int, judged: Judged, store: Path) -> int:
        """Give the bucket of `store` the rows of before with what was judged; returns how many there are.

        Files of before are linked and what is new is written beside them, unless rows go: then all are written anew.
        """
        files, key = bucket_files(self.store, self.table.name, bucket), list(self.table.key)
        keys = pl.concat([self._new_keys, self._watched_in(bucket).select(key)]).unique()
        added, gone = judged.kept.select(list(self.table.schema)), self.table.empty()
        if keys.height:
            said = _rows_of(files, keys)
            gone, added = _but(said, added), _but(added, said)
        target = bucket_file(store, self.table.name, bucket)
        if gone.height or len(files) > MOST_FILES:
            rows = read_bucket(self.store, self.table, bucket)
            rest = rows.join(gone.select(key), on=key, how="anti", nulls_equal=True, maintain_order="left")
            write_bucket(self.table, merged(self.table, rest, added), target)
            return rest.height + added.height
        for file in files:
            os.link(file, target.with_name(file.name))
        if added.height:
            number = int(files[-1].stem.partition("+")[2] or 0) + 1
            write_bucket(self.table, added, target.with_name(f"{target.stem}+{number:04d}.parquet"))
        return count_rows(files) + added.height

    @cached_property
    def _new_keys(self) -> pl.DataFrame:
        return self.new.keys()

    @cached_property
    def _watched(self) -> pl.DataFrame:
        return pl.read_parquet(watched_file(self.store, self.table.name))

    def _watched_in(self, bucket: int) -> pl.DataFrame:
        return self._watched.filter(pl.col("bucket") == bucket)


def _rows_of(files: list[Path], keys: pl.DataFrame) -> pl.DataFrame:
    """The rows under these keys; of others hardly more than the first column of the key is read."""
    first = keys.columns[0]
    likely = pl.scan_parquet(files).filter(pl.col(first).is_in(keys[first].unique().implode())).collect()
    return likely.join(keys, on=keys.columns, how="semi", nulls_equal=True)


def _but(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The rows that are not, cell by cell, among the others."""
    return rows.join(others, on=rows.columns, how="anti", nulls_equal=True)


def watched_file(store: Path, table: str) -> Path:
    """File of the rows of a table that the next night looks at again."""
    return store / "watched" / f"{table}.parquet"


def write_watched(store: Path, table: str, watched: pl.DataFrame) -> None:
    """Keep the rows to look at again, with their `bucket`, whatever order they come in."""
    path = watched_file(store, table)
    path.parent.mkdir(exist_ok=True)
    columns = sorted(watched.columns)
    watched.select(columns).sort(columns, nulls_last=True).write_parquet(path)
