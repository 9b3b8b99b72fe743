"""Ingest: map, convert, validate, quarantine, and store each canonical table in customer buckets.

Rows in = kept + quarantined + not yet known, for every table. A row counts as not yet known where `known_at` lies at or
after the as-of date; cells filled in later are emptied unless they were known by then, so that a store never holds
anything that its date could not know.
"""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from configs.sources import Source
from features.contract import Kind, Table
from features.tables import TABLES, with_profile
from features.time import INSTANT, Cutoff
from features.timeline import known_before
from pipelines.convert import converted
from pipelines.outcomes import IMPORTS
from pipelines.progress import Log
from pipelines.quarantine import REASON, split, unreadable
from pipelines.reports.validation import REFUSED, write_results
from pipelines.sources import readable, scan
from pipelines.storage import bucket_file, bucket_of, combined_hash, commit, hashes_below, staged, tombstones
from pipelines.validation import RESULTS_FILE, Counts, Results, refuse_unknown_checks
from pipelines.web.recorded import write_outcomes


def ingest(settings: Settings, cutoff: Cutoff, log: Log) -> Path:
    """Read every source as it was known before `cutoff` and return the store folder that holds it.

    Raises DataError where sources cannot be read, lack a required column, fail checks that stop the night, or where no
    transaction is left, and says where every check can be read; the store of an earlier run then stays as it was.
    """
    root, name = settings.root / "store", cutoff.day.isoformat()
    tables = with_profile({name: column.kind for name, column in settings.features.profile.items()})
    refuse_unknown_checks(settings, tables.values())
    with staged(root, name) as folder:
        recorded = write_outcomes(settings, cutoff, folder / "raw" / "recorded.parquet")
        origins = {name: _origins(settings, name, recorded) for name in TABLES}
        results, counts = Results(settings, cutoff.day, log), []
        for table in [table for table in tables.values() if origins[table.name]]:
            try:
                counts.append(_ingest_table(settings, table, origins[table.name], folder, cutoff, results))
            except DataError as error:
                results.unreadable(table, str(error))
                continue
            log(str(counts[-1]))
            for reason, rows in counts[-1].reasons.items():
                log(f"  quarantined: {rows:,} x {reason}")
        refused = settings.root / REFUSED / name
        if results.stops:
            page = write_results(results.frame(), settings, refused)
            raise DataError("\n".join(results.stops) + f"\nEvery check is in {page}.")
        shutil.rmtree(refused, ignore_errors=True)
        if "customers" not in settings.sources:
            _derive_customers(folder, settings.ingest.buckets)
        shutil.rmtree(folder / "raw", ignore_errors=True)
        data_hash = combined_hash(hashes_below(folder))
        results.frame().write_parquet(folder / RESULTS_FILE)
        manifest: dict[str, Any] = {
            "as_of": name,
            "buckets": settings.ingest.buckets,
            "tables": {c.table: asdict(c) for c in counts},
            "data_hash": data_hash,
            "mapping": settings.comparable()["sources"],
        }
        return commit(root, name, folder, manifest)


def _ingest_table(
    settings: Settings, table: Table, origins: list[Source], folder: Path, cutoff: Cutoff, results: Results
) -> Counts:
    raw, fetched = folder / "raw" / table.name, folder / "raw" / "fetched"
    erased = tombstones(settings.root)["customer_id"]
    columns: dict[str, None] = {}
    for number, source in enumerate(origins):
        with readable(f"[sources.{table.name}]", source):
            rows_as_they_came = scan(table.name, source, settings.root, fetched)
            rows = _typed(table, rows_as_they_came, source, settings, fetched).filter(
                ~pl.col("customer_id").is_in(erased.implode()).fill_null(False)
            )
            columns |= dict.fromkeys(rows_as_they_came.collect_schema())
            buckets = bucket_of(pl.col("customer_id"), settings.ingest.buckets).alias("bucket")
            parts = pl.PartitionBy(raw / str(number), key="bucket", include_key=False)
            rows.with_columns(buckets).sink_parquet(parts, mkdir=True)
    results.readable(table, [name for name in columns if name not in _expected(table)])
    total, kept_rows, unknown_rows, refused, with_customers = 0, 0, 0, [], False
    for bucket in range(settings.ingest.buckets):
        files = sorted(raw.glob(f"*/bucket={bucket}/*.parquet"))
        batch = pl.concat([pl.read_parquet(f) for f in files], how="diagonal") if files else None
        kept = table.empty()
        customers = bucket_file(folder, "customers", bucket)
        with_customers = with_customers or customers.exists()
        if batch is not None:
            total += batch.height
            known = pl.col("known_at").is_null() | (pl.col("known_at") < cutoff.instant)
            unknown_rows += batch.select((~known).sum()).item()
            ids = pl.read_parquet(customers, columns=["customer_id"])["customer_id"] if customers.exists() else None
            kept, bad = split(table, batch.filter(known), ids, settings.ingest.amount_limit)
            kept = known_before(kept.lazy(), table, cutoff.instant).collect()
            refused.append(bad)
        kept_rows += kept.height
        path = bucket_file(folder, table.name, bucket)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept.select(list(table.schema)).sort(table.order).write_parquet(path)
    quarantined = pl.concat(refused, how="diagonal") if refused else pl.DataFrame(schema={REASON: pl.String})
    reasons = dict(quarantined[REASON].value_counts().sort("count", REASON, descending=[True, False]).rows())
    counts = Counts(table.name, total, kept_rows, quarantined.height, unknown_rows, reasons)
    results.judged(table, columns, counts, quarantined, with_customers)
    if table.name == "transactions" and kept_rows:
        newest = pl.scan_parquet(folder / "transactions").select(pl.col("occurred_at").max()).collect().item()
        results.newest(table, (cutoff.instant - newest).days)
    if quarantined.height:
        path = folder / "quarantine" / f"{table.name}.parquet"
        path.parent.mkdir(exist_ok=True)
        quarantined.with_columns(as_of=pl.lit(cutoff.day)).write_parquet(path)
    return counts


def _origins(settings: Settings, table: str, recorded: Path | None) -> list[Source]:
    """Where the rows of a table come from: its source, and for `outcomes` the lists that came back and the web app."""
    configured = [source for name, source in settings.sources.items() if name == table]
    returned = settings.root / IMPORTS
    if table != "outcomes":
        return configured
    ours = [returned] if returned.is_dir() else []
    return configured + [Source(path=str(path)) for path in (*ours, *([recorded] if recorded else []))]


def _expected(table: Table) -> dict[str, Kind]:
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
        if not set(raw) & set(_expected(table)):  # perhaps no names at all but a row of data, which is not for a log
            raise DataError(f"{place}, nor any other of {table.name}. Is line 1 the header? Map the columns by `sql`.")
        raise DataError(f"{place} among {', '.join(raw.names())}. Map the columns by `sql`.")
    zone = ZoneInfo(source.timezone)
    kinds = _expected(table)
    present = {name: kind for name, kind in kinds.items() if name in raw}
    values = [converted(name, raw[name], kind, zone).alias(name) for name, kind in present.items()]
    absent = [pl.lit(None, dtype=kinds[name].stored_as).alias(name) for name in kinds if name not in (*raw, "known_at")]
    rows = rows.select(
        *values, *absent, *(unreadable(name, converted(name, raw[name], kind, zone)) for name, kind in present.items())
    )
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


def _derive_customers(folder: Path, buckets: int) -> None:
    """Customers as far as transactions tell: an id and the first transaction's time."""
    table = TABLES["customers"]
    for bucket in range(buckets):
        events = pl.scan_parquet(bucket_file(folder, "transactions", bucket))
        found = events.group_by("customer_id").agg(signed_up_on=pl.col("occurred_at").min()).collect()
        path = bucket_file(folder, "customers", bucket)
        path.parent.mkdir(exist_ok=True)
        pl.concat([table.empty(), found], how="diagonal").sort("customer_id").write_parquet(path)
