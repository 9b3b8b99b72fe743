"""One bucket of a canonical table: its rows are read, judged and stored; what is refused, or watched, lies beside."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from features.contract import Table
from features.time import Cutoff
from pipelines.buckets import bucket_files, write_bucket, write_part
from pipelines.judge import judge, to_watch
from pipelines.previous import Previous
from pipelines.quarantine import REASON
from pipelines.readings import Readings
from pipelines.storage import bucket_file

REFUSED, WATCHED = "raw/refused", "raw/watched"


@dataclass(frozen=True)
class Stored:
    """Rows of one bucket: kept, refused, not yet known, and when the newest of those kept happened (UTC).

    `with_customers`: whether they were held against the customers.
    """

    kept: int
    bad: int
    not_yet_known: int
    newest: datetime | None
    with_customers: bool


def store_bucket(
    bucket: int,
    table: Table,
    readings: Readings,
    previous: Previous | None,
    folder: Path,
    cutoff: Cutoff,
    amount_limit: float | None,
) -> Stored:
    """Store the rows of `readings` of one bucket under `folder`: those of `previous` as they lie, where none changes.

    What is refused is written as text to `REFUSED` in the folder, what the next night must look at again to `WATCHED`.
    """
    customers = bucket_files(folder, "customers", bucket)
    ids = pl.read_parquet(customers, columns=["customer_id"])["customer_id"] if customers[0].exists() else None
    usable = previous if previous is not None and previous.knows_no_other_customers(bucket, ids) else None
    rows = usable.to_judge(bucket) if usable else readings.rows(bucket)
    judged = judge(table, rows, cutoff, ids, amount_limit)
    path = bucket_file(folder, table.name, bucket)
    path.parent.mkdir(parents=True, exist_ok=True)
    if usable:
        stored = usable.store_with(bucket, judged, folder)
    else:
        write_bucket(table, judged.kept, path)
        stored = judged.kept.height
    if judged.bad.height:
        write_part(judged.bad, folder / REFUSED, table.name, bucket)
    if readings.arrive:
        watched = to_watch(table, rows, judged, cutoff)
        write_part(watched.with_columns(bucket=pl.lit(bucket)), folder / WATCHED, table.name, bucket)
    files = bucket_files(folder, table.name, bucket)
    newest = pl.scan_parquet(files).select(pl.col(table.time).max()).collect().item()
    return Stored(stored, judged.bad.height, judged.not_yet_known, newest, ids is not None)


def refused_in(folder: Path, table: Table) -> pl.DataFrame:
    """All rows of a table that were refused, as text, with why (`pipelines.quarantine.REASON`)."""
    none = pl.DataFrame(schema=dict.fromkeys([*table.schema, REASON], pl.String()))
    return pl.concat([none, *_parts(folder / REFUSED / table.name)], how="diagonal")


def watched_in(folder: Path, table: Table) -> pl.DataFrame:
    """All rows of a table that the next night must look at again, with their `bucket`."""
    return pl.concat(_parts(folder / WATCHED / table.name), how="diagonal")


def _parts(folder: Path) -> list[pl.DataFrame]:
    return [pl.read_parquet(file) for file in sorted(folder.glob("*.parquet"))]
