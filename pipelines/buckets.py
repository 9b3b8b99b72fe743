"""The buckets of a store: a file each, and beside it a further one for each night that only added rows to it."""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from features.contract import Table
from pipelines.storage import bucket_file

QUICKLY = 1  # of zstd: as small as by default, for a third less


def bucket_files(store: Path, table: str, bucket: int) -> list[Path]:
    """Files of one bucket: the first, then those of nights that added rows, oldest first."""
    first = bucket_file(store, table, bucket)
    return [first, *sorted(first.parent.glob(f"{first.stem}+*.parquet"))]


def read_bucket(store: Path, table: Table, bucket: int, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of one bucket in the order of their table; `columns`: of these only."""
    first, *further = bucket_files(store, table.name, bucket)
    if not further:
        return pl.read_parquet(first, columns=columns)
    needed = None if columns is None else list(dict.fromkeys([*columns, *table.order]))
    rows = merged(table, pl.read_parquet(first, columns=needed), pl.read_parquet(further, columns=needed))
    return rows if columns is None else rows.select(columns)


def merged(table: Table, rows: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """`rows`, which lie in the order of their table, together with `added`, in that order.

    Only customers with something added are put in order again; all others stay as they lie.
    """
    theirs = rows["customer_id"].is_in(added["customer_id"].unique().implode())
    again = pl.concat([rows.filter(theirs), added.select(rows.columns)]).sort(table.order)
    return rows.filter(~theirs).lazy().merge_sorted(again.lazy(), key="customer_id").collect()


def write_bucket(table: Table, rows: pl.DataFrame, path: Path) -> None:
    """Write `rows` in the order of their table."""
    rows.select(list(table.schema)).sort(table.order).rechunk().write_parquet(path, compression_level=QUICKLY)


def write_part(rows: pl.DataFrame, folder: Path, name: str, bucket: int) -> None:
    """Write what a bucket gave to its file in the folder `name`, for which there may be none yet."""
    path = bucket_file(folder, name, bucket)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(path)


def count_rows(files: Collection[Path]) -> int:
    """How many rows these files hold."""
    return sum(pl.scan_parquet(file).select(pl.len()).collect().item() for file in files)
