"""What arrived: of sources that are read incrementally, the rows of every reading, kept for good.

`arrivals/<table>/<number>/` holds the typed rows of one reading, `ledger.json` which readings count and how far the
source was read: the files (name, size, time of writing), or the latest watermark. A store can be built of the readings
at any time; `known_at` comes from the rows alone, never from when they were read. Only erasing a customer changes them.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from configs.sources import Source
from features.contract import Table
from pipelines.progress import Log
from pipelines.readings import Readings
from pipelines.sources import listed
from pipelines.storage import arrivals_lock, combined_hash, keep, read_json, replace_json
from pipelines.typed import bring

ARRIVALS = "arrivals"
LEDGER = "ledger.json"
FORMAT = 1  # of what a store holds; with another, everything is read and judged again


@dataclass(frozen=True)
class Arrived:
    """All readings of a table that count, the columns of its source, and what tells which: `first`, `last`, `rules`."""

    readings: Readings
    columns: list[str]
    state: dict[str, Any]

    def since(self, state: dict[str, Any]) -> Readings | None:
        """The readings after those of an earlier `state`; None where that was under other rules, or read afresh."""
        if not state or (state["first"], state["rules"]) != (self.state["first"], self.state["rules"]):
            return None
        if state["last"] > self.state["last"]:
            return None
        new = self.readings.folders[state["last"] - state["first"] + 1 :]
        return Readings(self.readings.table, new, arrive=True)


def arrive(settings: Settings, table: Table, source: Source, fetched: Path, log: Log, afresh: bool = False) -> Arrived:
    """Read what is new of `source`, and keep it; `afresh`, or under another configuration, everything.

    Raises what `bring` does, and DataError where the watermark is empty or no time; the ledger then stays as it was.
    """
    root = settings.root.resolve() / ARRIVALS / table.name
    rules = _rules(settings, table)
    with arrivals_lock(settings.root, table.name):
        root.mkdir(parents=True, exist_ok=True)
        ledger: dict[str, Any] = read_json(root / LEDGER) if (root / LEDGER).exists() else {}
        if afresh or ledger.get("rules") != rules:
            last = ledger.get("last", 0)
            ledger = {"rules": rules, "first": last + 1, "last": last, "files": {}, "watermark": None, "columns": []}
        read = _read_files if source.incremental else _read_rows
        for columns, advanced in read(settings, table, source, fetched, root / ".new", log, ledger):
            number = ledger["last"] + 1
            shutil.rmtree(root / str(number), ignore_errors=True)  # of a run that died before it was written down
            keep(root / ".new", root / str(number))
            columns = list(dict.fromkeys([*ledger["columns"], *columns]))
            ledger = {**ledger, **advanced, "last": number, "columns": columns}
        replace_json(root / LEDGER, ledger)
        for folder in root.iterdir():
            if folder.name.isdigit() and not ledger["first"] <= int(folder.name) <= ledger["last"]:
                shutil.rmtree(folder)
    folders = tuple(root / str(number) for number in range(ledger["first"], ledger["last"] + 1))
    return Arrived(
        Readings(table, folders, arrive=True),
        ledger["columns"],
        {name: ledger[name] for name in ("first", "last", "rules")},
    )


def _read_files(
    settings: Settings, table: Table, source: Source, fetched: Path, new: Path, log: Log, ledger: dict[str, Any]
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Bring each file that is new or changed, by name, to the folder `new`; tell its columns and what to write down."""
    there = listed(table.name, source, settings.root)
    names = sorted(name for name, state in there.items() if ledger["files"].get(name) != state)
    log(f"{table.name}: {len(names):,} of {len(there):,} files are new or changed")
    if not there and not ledger["files"]:
        bring(settings, table, source, fetched, _empty(new))  # which says that there is none
    read = dict(ledger["files"])
    for number, name in enumerate(names):
        columns = bring(settings, table, source, fetched / f"{table.name}-{number}", _empty(new), {name})
        read = {**read, name: there[name]}
        yield columns, {"files": read}


def _read_rows(
    settings: Settings, table: Table, source: Source, fetched: Path, new: Path, log: Log, ledger: dict[str, Any]
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Bring the rows from the last watermark on, and those of the overlap before it once more, to the folder `new`."""
    before, asked, since = ledger["watermark"], source, ""
    if before is not None:
        since = (datetime.fromisoformat(before) - timedelta(minutes=source.overlap_minutes)).isoformat(" ")
        inner = (source.query or "").strip().rstrip(";")
        # Rows without a watermark are asked for as well, to be refused rather than passed over.
        where = f'"{source.watermark}" >= \'{since}\' or "{source.watermark}" is null'
        asked = source.model_copy(update={"query": f"select * from ({inner}) as source where {where}"})
    columns = bring(settings, table, asked, fetched, _empty(new))
    rows, latest = _watermark(table, source, fetched / f"{table.name}.parquet")
    log(f"{table.name}: {rows:,} rows read" + (f" from {since} on" if since else ""))
    yield columns, {"watermark": max(filter(None, (before, latest)), key=datetime.fromisoformat, default=None)}


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _watermark(table: Table, source: Source, file: Path) -> tuple[int, str | None]:
    """How many rows were read, and the latest watermark among them."""
    where, name = f"[sources.{table.name}] query", str(source.watermark)
    rows = pl.scan_parquet(file)
    dtype = rows.collect_schema().get(name)
    if dtype is None:
        raise DataError(f"{where}: no column {name}, the `watermark`. Select it as well.")
    if not (dtype == pl.Date or isinstance(dtype, pl.Datetime)):
        raise DataError(
            f"{where}: {name}, the `watermark`, is no time. Name a column that tells when a row was written."
        )
    column = pl.col(name)
    count, empty, latest = (
        rows.select(pl.len(), column.null_count().alias("e"), column.max().alias("m")).collect().row(0)
    )
    if empty:
        raise DataError(
            f"{where}: {name}, the `watermark`, is empty in {empty:,} of {count:,} rows. Select, for example, "
            f"coalesce({name}, created_at) as {name}."
        )
    if isinstance(latest, date) and not isinstance(latest, datetime):
        latest = datetime(latest.year, latest.month, latest.day)
    return count, latest.isoformat() if latest else None


def _rules(settings: Settings, table: Table) -> str:
    """Hash of all that decides what becomes of a raw row."""
    configured = settings.comparable()
    return combined_hash(
        {
            "format": FORMAT,
            "source": configured["sources"][table.name],
            "columns": {name: str(kind) for name, kind in table.schema.items()},
            "buckets": settings.ingest.buckets,
            "days": settings.business_timezone,
            "amount_limit": settings.ingest.amount_limit,
        }
    )
