"""Erasing a customer from everything Holdfast keeps, for good: a tombstone keeps later nights from taking rows again.

Sources are the company's own and stay as they are; models and reports hold no customer's rows.
"""

import csv
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from configs.settings import Settings
from pipelines.elements.report import MOVERS_FILE, PAGE, WORKBOOK
from pipelines.outreach.history import RISK_LIST_FILE
from pipelines.outreach.unlist import unlist
from pipelines.progress import Log
from pipelines.publish import set_rights
from pipelines.reports.validation import REFUSED, forget_examples
from pipelines.sinks.send import send
from pipelines.storage import (
    MANIFEST,
    TOMBSTONES,
    erasing_lock,
    hashes_below,
    read_json,
    replace_json,
    tombstones,
    write_bytes_whole,
    write_whole,
)
from pipelines.validation import RESULTS_FILE
from pipelines.web.recorded import forget

KEPT_IN = ("arrivals", "store", "scored", "published", "outcomes", "effect", "features", REFUSED)
ALONE = "realised*.parquet"
PAGES = "realised.html"  # `holdfast realised` writes it anew


def erase(settings: Settings, customer_id: str, today: date, log: Log) -> dict[str, int]:
    """Remove every row of a customer below the root; returns rows and lists, by folder.

    The tombstone comes first, so one that dies is finished by running it again; a second time removes nothing. Lists
    that named the customer are written anew without; their digest, and page and workbook of the report, are removed if
    they did, until the next run. Manifests tell of the files as they are then, so the sinks of `[publication]` are sent
    these days again. Raises LockError while any run goes on, of whatever day (one that begins meanwhile waits),
    PublishError where a sink does not answer: then the next night sends them.
    """
    with erasing_lock(settings.root):
        known = tombstones(settings.root)
        new = pl.DataFrame({"customer_id": [customer_id], "erased_on": [today]}, schema=known.schema)
        together = pl.concat([known, new]).unique("customer_id", keep="first", maintain_order=True)
        write_whole(settings.root / TOMBSTONES, together, mode=0o600)
        removed = {}
        for part in KEPT_IN:
            root = settings.root / part
            count = sum(_lists_of(file, customer_id) for file in _files(root, RISK_LIST_FILE))  # before its rows go
            count += sum(forget_examples(file.parent, settings, customer_id) for file in _files(root, RESULTS_FILE))
            count += sum(_rows_of(file, customer_id) for file in _files(root, ".parquet"))
            count += sum(_lines_of(file, customer_id) for file in _files(root, ".csv"))
            for manifest in _files(root, MANIFEST):
                content = read_json(manifest)
                if "files" in content and content["files"] != (files := hashes_below(manifest.parent)):
                    replace_json(manifest, content | {"files": files})
            removed[part] = count
        removed["realised"] = sum(_rows_of(file, customer_id) for file in sorted(settings.root.glob(ALONE)))
        (settings.root / PAGES).unlink(missing_ok=True)
        removed["report"] = _report_of(settings.root, customer_id)
        removed["web"] = forget(settings, customer_id)
    log(", ".join(f"{part} {count:,}" for part, count in removed.items()) + " rows and lists removed")
    send(settings, today, log)
    return removed


def _report_of(root: Path, customer_id: str) -> int:
    """Rows removed of the customers whom the report names, and its page and workbook where they did."""
    named = root / MOVERS_FILE
    if not named.exists():
        return 0
    count = _rows_of(named, customer_id)
    named.chmod(0o600)
    for file in (root / PAGE, root / WORKBOOK) if count else ():
        file.unlink(missing_ok=True)
        count += 1
    return count


def _files(root: Path, ending: str) -> Iterator[Path]:
    """Real files below `root`, each once: links are not followed."""
    for folder, _, names in os.walk(root):
        yield from (Path(folder) / name for name in sorted(names) if name.endswith(ending))


def _rows_of(file: Path, customer_id: str) -> int:
    if pl.read_parquet_schema(file).get("customer_id") != pl.String():
        return 0
    rows = pl.read_parquet(file)
    kept = rows.filter(pl.col("customer_id").ne_missing(customer_id))
    if kept.height < rows.height:
        write_whole(file, kept)
    return rows.height - kept.height


def _lines_of(file: Path, customer_id: str) -> int:
    """Lines removed of a table as CSV, in which every record is one line."""
    lines = file.read_bytes().decode("utf-8-sig").removesuffix("\n").split("\n")
    heading = next(csv.reader(lines[:1]), [])
    if "customer_id" not in heading:
        return 0
    place, names = heading.index("customer_id"), {customer_id, f"'{customer_id}"}  # as `lists.defused` writes it
    kept = [line for line in lines[1:] if next(csv.reader([line]))[place] not in names]
    if len(kept) < len(lines) - 1:
        write_bytes_whole(file, "".join(["\ufeff", *(f"{line}\n" for line in (lines[0], *kept))]).encode())
    return len(lines) - 1 - len(kept)


def _lists_of(risk_list: Path, customer_id: str) -> int:
    if count := unlist(risk_list, customer_id):
        set_rights(risk_list.parent)
    return count
