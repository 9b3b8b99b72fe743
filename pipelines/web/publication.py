"""The current publication as the app reads it: the lists, never who is withheld from them."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from configs.settings import Settings
from features.time import INSTANT
from models.timing import further_columns
from pipelines.outreach.columns import SOON
from pipelines.outreach.history import RISK_LIST_FILE, WHY_FILE
from pipelines.outreach.wording import one_line
from pipelines.publish import CURRENT
from pipelines.storage import MANIFEST, read_json, tombstones

Row = dict[str, Any]
# Columns that older publications lack.
LATER_COLUMNS: Mapping[str, pl.DataType] = {
    "display_name": pl.String(),
    "phone": pl.String(),
    "email": pl.String(),
    "preferred_channel": pl.String(),
    "action": pl.String(),
    "action_channel": pl.String(),
    "draft": pl.String(),
    SOON: pl.Float64(),
}


@dataclass(frozen=True)
class Publication:
    """One revision of a day's publication: `rows` by customer_id in the order of the lists."""

    day: date
    folder: Path
    stamp: tuple[str, int]
    grade: str
    data_until: datetime | None
    risk_list: pl.DataFrame
    rows: dict[str, Row]

    @cached_property
    def why(self) -> dict[str, dict[str, float]]:
        """customer_id -> group of reasons -> what it adds to the estimate (log-odds)."""
        file = self.folder / WHY_FILE
        found = pl.read_parquet(file).iter_rows(named=True) if file.exists() else ()
        return {row.pop("customer_id"): row for row in found}

    @cached_property
    def strongest(self) -> dict[str, str]:
        """customer_id -> the group of reasons that raises their risk most, of those whom any does."""
        found = {}
        for customer_id, weights in self.why.items():
            raising = {group: weight for group, weight in weights.items() if weight and weight > 0}
            if raising:
                found[customer_id] = max(raising, key=lambda group: raising[group])
        return found


class Publications:
    """Reads the current publication when it is first asked for, and again once there is another."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._held: Publication | None = None
        self._lock = threading.Lock()

    def current(self) -> Publication | None:
        """The publication that `published/current` names; None before the first night."""
        link = self.settings.root / "published" / CURRENT
        manifest = link / MANIFEST
        if not manifest.exists():
            return None
        with self._lock:
            folder = link.resolve()
            stamp = (str(folder), (folder / MANIFEST).stat().st_mtime_ns)
            if self._held is None or self._held.stamp != stamp:
                self._held = read(self.settings, folder, stamp)
            return self._held


def read(settings: Settings, folder: Path, stamp: tuple[str, int]) -> Publication:
    """The publication in `folder`, without whoever was erased since; texts are on one line."""
    facts = read_json(folder / MANIFEST)
    day = date.fromisoformat(facts["as_of"])
    listed = pl.read_parquet(folder / RISK_LIST_FILE)
    soon = list(further_columns(listed.columns).values())[:1]
    listed = listed.with_columns(*(pl.col(name).alias(SOON) for name in soon))
    absent = {name: kind for name, kind in LATER_COLUMNS.items() if name not in listed.columns}
    listed = listed.with_columns(pl.lit(None, kind).alias(name) for name, kind in absent.items())
    erased = tombstones(settings.root)["customer_id"]
    listed = listed.filter(~pl.col("customer_id").is_in(erased.implode())).sort("account_manager", "rank")
    shown = [name for name, kind in listed.schema.items() if kind == pl.String and name not in ("customer_id", "draft")]
    listed = listed.with_columns(one_line(pl.col(name)) for name in shown if name != "account_manager")
    rows = {row["customer_id"]: row for row in listed.iter_rows(named=True)}
    return Publication(day, folder, stamp, facts["grade"], _data_until(settings, day), listed, rows)


def _data_until(settings: Settings, day: date) -> datetime | None:
    """Instant (UTC) of the newest order in the day's store; None once that is no longer kept."""
    orders = settings.folder_of("store", day) / "transactions"
    if not orders.exists():
        return None
    return pl.scan_parquet(orders).select(pl.col("occurred_at").cast(INSTANT).max()).collect().item()
