"""Ingest: map, convert, validate, quarantine, and store each canonical table in customer buckets.

Rows in = kept + quarantined + not yet known, for every table. A row counts as not yet known where `known_at` lies at or
after the as-of date; cells filled in later are emptied unless they were known by then, so that a store never holds
anything that its date could not know.
"""

import shutil
from collections.abc import Collection
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from configs.sources import Source
from features.contract import Table
from features.tables import TABLES, with_profile
from features.time import Cutoff
from pipelines.arrivals import Arrived, arrive
from pipelines.buckets import bucket_files, write_part
from pipelines.engine import each_bucket
from pipelines.outcomes import IMPORTS
from pipelines.previous import Previous, write_watched
from pipelines.progress import Log
from pipelines.quarantine import REASON
from pipelines.readings import Readings
from pipelines.reports.validation import REFUSED, write_results
from pipelines.storage import MANIFEST, combined_hash, commit, hashes_below, read_json, staged
from pipelines.store_bucket import refused_in, store_bucket, watched_in
from pipelines.typed import bring, expected
from pipelines.validation import RESULTS_FILE, Counts, Results, refuse_unknown_checks
from pipelines.web.recorded import write_outcomes


def ingest(settings: Settings, cutoff: Cutoff, log: Log, afresh: bool = False) -> Path:
    """Read every source as it was known before `cutoff` and return the store folder that holds it.

    Of a source that is read incrementally only what is new is read, and added to the newest store of a day up to this
    one; `afresh`: it is read as a whole once more.

    Raises DataError where sources cannot be read, lack a required column, fail checks that stop the night, or where no
    transaction is left, and says where every check can be read; the store of an earlier run then stays as it was.
    """
    root, name = settings.root / "store", cutoff.day.isoformat()
    tables = with_profile({name: column.kind for name, column in settings.features.profile.items()})
    refuse_unknown_checks(settings, tables.values())
    with staged(root, name) as folder:
        recorded = write_outcomes(settings, cutoff, folder / "raw" / "recorded.parquet")
        origins = {name: _origins(settings, name, recorded) for name in TABLES}
        results, counts, arrived = Results(settings, cutoff.day, log), [], {}
        for table in [table for table in tables.values() if origins[table.name]]:
            first, previous = origins[table.name][0], None
            try:
                if first.arrives:
                    found = arrive(settings, table, first, folder / "raw" / "fetched", log, afresh)
                    arrived[table.name] = found.state
                    readings, columns, previous = found.readings, found.columns, _previous(root, table, cutoff, found)
                else:
                    readings, columns = _read_whole(settings, table, origins[table.name], folder / "raw")
                known = {*expected(table), first.watermark}
                results.readable(table, [name for name in columns if name not in known])
                counts.append(_ingest_table(settings, table, readings, columns, folder, cutoff, previous, results))
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
            list(each_bucket(settings.engine, settings.ingest.buckets, partial(_derive_customers, folder=folder)))
        shutil.rmtree(folder / "raw", ignore_errors=True)
        data_hash = combined_hash(hashes_below(folder))
        results.frame().write_parquet(folder / RESULTS_FILE)
        manifest: dict[str, Any] = {
            "as_of": name,
            "buckets": settings.ingest.buckets,
            "tables": {c.table: asdict(c) for c in counts},
            "data_hash": data_hash,
            "mapping": settings.comparable()["sources"],
            "arrived": arrived,
        }
        return commit(root, name, folder, manifest)


def _read_whole(settings: Settings, table: Table, origins: list[Source], raw: Path) -> tuple[Readings, list[str]]:
    """Readings of every place that rows of a table come from, and the columns there."""
    folders, columns = tuple(raw / table.name / str(number) for number in range(len(origins))), []
    for source, folder in zip(origins, folders, strict=True):
        columns += bring(settings, table, source, raw / "fetched", folder)
    return Readings(table, folders, arrive=False), list(dict.fromkeys(columns))


def _previous(root: Path, table: Table, cutoff: Cutoff, arrived: Arrived) -> Previous | None:
    """The newest store of a day up to this one, where tonight's can be made of it and what arrived since."""
    days = sorted(link.name for link in root.glob("????-??-??") if link.name <= cutoff.day.isoformat())
    store = (root / days[-1]).resolve() if days else None
    if store is None or not (store / MANIFEST).exists():
        return None
    new = arrived.since(read_json(store / MANIFEST).get("arrived", {}).get(table.name, {}))
    return Previous(store, table, new) if new is not None else None


def _ingest_table(
    settings: Settings,
    table: Table,
    readings: Readings,
    columns: Collection[str],
    folder: Path,
    cutoff: Cutoff,
    previous: Previous | None,
    results: Results,
) -> Counts:
    """Store the rows of all `readings` in buckets, where `settings.engine` says."""
    step = partial(
        store_bucket,
        table=table,
        readings=readings,
        previous=previous,
        folder=folder,
        cutoff=cutoff,
        amount_limit=settings.ingest.amount_limit,
    )
    stored = list(each_bucket(settings.engine, settings.ingest.buckets, step))
    if readings.arrive:
        write_watched(folder, table.name, watched_in(folder, table))
    quarantined = refused_in(folder, table)
    reasons = dict(quarantined[REASON].value_counts().sort("count", REASON, descending=[True, False]).rows())
    kept, bad, unknown = (sum(part) for part in zip(*((s.kept, s.bad, s.not_yet_known) for s in stored), strict=True))
    counts = Counts(table.name, kept + bad + unknown, kept, bad, unknown, reasons)
    results.judged(table, columns, counts, quarantined, any(one.with_customers for one in stored))
    if table.name == "transactions" and kept:
        newest = max(one.newest for one in stored if one.newest is not None)
        results.newest(table, (cutoff.instant - newest).days)
    if quarantined.height:
        path = folder / "quarantine" / f"{table.name}.parquet"
        path.parent.mkdir(exist_ok=True)
        named = [*table.schema, *sorted(set(quarantined.columns) - set(table.schema))]
        ordered = quarantined.select(named).sort(named, nulls_last=True)
        ordered.with_columns(as_of=pl.lit(cutoff.day)).write_parquet(path)
    return counts


def _origins(settings: Settings, table: str, recorded: Path | None) -> list[Source]:
    """Where the rows of a table come from: its source, and for `outcomes` the lists that came back and the web app."""
    configured = [source for name, source in settings.sources.items() if name == table]
    returned = settings.root / IMPORTS
    if table != "outcomes":
        return configured
    ours = [returned] if returned.is_dir() else []
    return configured + [Source(path=str(path)) for path in (*ours, *([recorded] if recorded else []))]


def _derive_customers(bucket: int, folder: Path) -> int:
    """Customers as far as transactions tell: an id and the first transaction's time."""
    table = TABLES["customers"]
    events = pl.scan_parquet(bucket_files(folder, "transactions", bucket))
    found = events.group_by("customer_id").agg(signed_up_on=pl.col("occurred_at").min()).collect()
    write_part(pl.concat([table.empty(), found], how="diagonal").sort("customer_id"), folder, table.name, bucket)
    return found.height
