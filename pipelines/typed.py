"""Raw rows of a source become typed rows of a canonical table, split by customer into buckets on disk."""

from collections.abc import Collection
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from configs.sources import Source
from features.contract import Kind, Table
from features.tables import TABLES
from features.time import INSTANT
from pipelines.convert import converted
from pipelines.quarantine import unreadable
from pipelines.sources import readable, scan
from pipelines.storage import bucket_of, tombstones


def bring(
    settings: Settings, table: Table, source: Source, fetched: Path, folder: Path, names: Collection[str] | None = None
) -> list[str]:
    """Write the typed rows of `source` to `folder`/bucket=<n>/*.parquet, but those of who was erased.

    `fetched`, `names`: as for `scan`. Returns the columns of the source. Raises what `scan` does, and DataError where a
    required column is missing.
    """
    erased = tombstones(settings.root)["customer_id"]
    with readable(f"[sources.{table.name}]", source):
        rows_as_they_came = scan(table.name, source, settings.root, fetched, names)
        rows = _typed(table, rows_as_they_came, source, settings, fetched).filter(
            ~pl.col("customer_id").is_in(erased.implode()).fill_null(False)
        )
        buckets = bucket_of(pl.col("customer_id"), settings.ingest.buckets).alias("bucket")
        parts = pl.PartitionBy(folder, key="bucket", include_key=False)
        rows.with_columns(buckets).sink_parquet(parts, mkdir=True, compression="lz4", statistics=False)
        return rows_as_they_came.collect_schema().names()


def expected(table: Table) -> dict[str, Kind]:
    """Columns that a source of `table` may have, each with what it holds."""
    kinds = {name: column.kind for name, column in table.columns.items()} | {"known_at": Kind.INSTANT}
    return kinds if table.parent is not None else kinds | {"customer_id": Kind.IDENTIFIER}


def _typed(table: Table, rows: pl.LazyFrame, source: Source, settings: Settings, fetched: Path) -> pl.LazyFrame:
    """Canonical columns in stored types, `known_at`, and the raw text of every cell that could not be read."""
    raw = rows.collect_schema()
    needed = [name for name, column in table.columns.items() if column.required]
    missing = [name for name in needed if name not in raw]
    if missing:
        place = f"[sources.{table.name}] {source.path or '(database)'}: no column {', '.join(missing)}"
        if not set(raw) & set(expected(table)):  # perhaps no names at all but a row of data, which is not for a log
            raise DataError(f"{place}, nor any other of {table.name}. Is line 1 the header? Map the columns by `sql`.")
        raise DataError(f"{place} among {', '.join(raw.names())}. Map the columns by `sql`.")
    zone = ZoneInfo(source.timezone)
    kinds = expected(table)
    present = {name: kind for name, kind in kinds.items() if name in raw}
    values = [converted(name, raw[name], kind, zone).alias(name) for name, kind in present.items()]
    absent = [pl.lit(None, dtype=kinds[name].stored_as).alias(name) for name in kinds if name not in (*raw, "known_at")]
    marks = [
        unreadable(name, converted(name, raw[name], kind, zone))
        for name, kind in present.items()
        if not (raw[name] == pl.String and kind.stored_as == pl.String)  # a text is what it is
    ]
    rows = rows.select(*values, *absent, *marks)
    if table.parent is not None:
        parent, key = table.parent
        origin = settings.source(parent)
        owners = _typed(TABLES[parent], scan(parent, origin, settings.root, fetched), origin, settings, fetched)
        owners = owners.select(key, "customer_id").sort(key, "customer_id", nulls_last=True)
        rows = rows.join(owners.unique(key, keep="first", maintain_order=True), on=key, how="left")
    return rows.with_columns(known_at=_known_at(table, "known_at" in raw))


def _known_at(table: Table, given: bool) -> pl.Expr:
    """When the source learned of the row, never before the event itself."""
    return pl.max_horizontal("known_at", table.time) if given else pl.col(table.time).cast(INSTANT)
