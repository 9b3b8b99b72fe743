"""Typed rows on disk, in a folder for each time that their source was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from features.contract import Table


@dataclass(frozen=True)
class Readings:
    """Readings of one table, oldest first: `folders`/bucket=<n>/*.parquet.

    `arrive`: a row replaces what earlier readings said under its key; otherwise they stand side by side.
    """

    table: Table
    folders: tuple[Path, ...]
    arrive: bool

    def rows(self, bucket: int) -> pl.DataFrame:
        """The rows of a bucket that count, typed, with the columns of `unreadable`."""
        found = {number: self._files(folder, bucket) for number, folder in enumerate(self.folders)}
        parts = [
            pl.read_parquet(file).with_columns(reading=pl.lit(number, pl.Int64))
            for number, files in found.items()
            for file in files
        ]
        if not parts:
            return self.table.empty()
        rows = pl.concat(parts, how="diagonal")
        if self.arrive and len(self.folders) > 1:
            rows = rows.join(
                self._read_again, on=list(self.table.key), how="left", nulls_equal=True, maintain_order="left"
            ).filter(pl.col("reading") >= pl.col("latest").fill_null(0))
            rows = rows.drop("latest")
        return rows.drop("reading")

    def keys(self) -> pl.DataFrame:
        """Every key read, once."""
        return self._numbered(0).select(self.table.key).unique()

    @cached_property
    def _read_again(self) -> pl.DataFrame:
        """Keys of all readings but the first, with the number of the `latest`."""
        return self._numbered(1).group_by(self.table.key).agg(latest=pl.col("reading").max())

    def _numbered(self, first: int) -> pl.DataFrame:
        """Keys with the number of their `reading`, from the reading `first` on; rows without any key have none."""
        numbered = [
            pl.scan_parquet(files).select(*self.table.key, reading=pl.lit(number, pl.Int64))
            for number, folder in enumerate(self.folders)
            if number >= first and (files := sorted(folder.glob("bucket=*/*.parquet")))
        ]
        stored = {name: kind for name, kind in self.table.schema.items() if name in self.table.key}
        none = pl.LazyFrame(schema=stored | {"reading": pl.Int64()})
        found = pl.concat([none.select(*self.table.key, "reading"), *numbered]).collect()
        return found.filter(pl.any_horizontal(pl.col(self.table.key).is_not_null()))

    @staticmethod
    def _files(folder: Path, bucket: int) -> Sequence[Path]:
        return sorted(folder.glob(f"bucket={bucket}/*.parquet"))
