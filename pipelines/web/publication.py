"""The current publication as the app reads it: the lists, never who is withheld from them."""

import threading
from collections.abc import Mapping, Sequence
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
from pipelines.web.pictures import LEAST_WEIGHT

Row = dict[str, Any]
REASONS = 3
# Few, since sorting moves every column there is.
COUNTED_BY = [
    *("customer_id", "account_manager", "rank", "risk_band", "churn_probability", "value_at_risk"),
    *("act_by", "item_opened"),
]
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
    """One revision of a day's publication: `risk_list` has a row a customer, in the order of the lists."""

    day: date
    folder: Path
    stamp: tuple[str, int]
    grade: str
    data_until: datetime | None
    risk_list: pl.DataFrame

    def rows(self, customer_ids: Sequence[str]) -> list[Row]:
        """The rows of these customers, in their order; whoever is not on the lists is left out."""
        places = [self._places[customer_id] for customer_id in customer_ids if customer_id in self._places]
        return self.risk_list[places].rows(named=True)

    def row(self, customer_id: str) -> Row | None:
        """The row of a customer; None for one who is not on the lists."""
        return next(iter(self.rows([customer_id])), None)

    def why(self, customer_id: str) -> dict[str, float]:
        """Group of reasons -> what it adds to the estimate of a customer (log-odds)."""
        found = self._why.filter(pl.col("customer_id") == customer_id).drop("customer_id")
        return next(found.iter_rows(named=True), {})

    @cached_property
    def table(self) -> pl.DataFrame:
        """What the lists are searched, sorted and counted by: the columns `COUNTED_BY` of each row, and three more.

        `reasons`: up to three groups of reasons that raise the risk most, the strongest first, null where none does.
        `name`: what the customer is called, without regard to case. `find`: name and id.
        """
        weights = self._why.unpivot(index="customer_id", variable_name="reasons", value_name="weight")
        raising = weights.filter(pl.col("weight") >= LEAST_WEIGHT).sort("weight", descending=True, maintain_order=True)
        strongest = raising.group_by("customer_id", maintain_order=True).agg(pl.col("reasons").head(REASONS))
        listed = self.risk_list.select(COUNTED_BY).join(strongest, on="customer_id", how="left", maintain_order="left")
        names = [
            (name or id).casefold() for id, name in self.risk_list.select("customer_id", "display_name").iter_rows()
        ]
        ids = [id.casefold() for id in listed["customer_id"]]
        return listed.with_columns(
            name=pl.Series(names, dtype=pl.String),
            find=pl.Series([f"{name}\n{id}" for name, id in zip(names, ids, strict=True)], dtype=pl.String),
        )

    @cached_property
    def _places(self) -> dict[str, int]:
        return {customer_id: place for place, customer_id in enumerate(self.risk_list["customer_id"])}

    @cached_property
    def _why(self) -> pl.DataFrame:
        file = self.folder / WHY_FILE
        return pl.read_parquet(file) if file.exists() else pl.DataFrame(schema={"customer_id": pl.String})


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
    return Publication(day, folder, stamp, facts["grade"], _data_until(settings, day), listed)


def _data_until(settings: Settings, day: date) -> datetime | None:
    """Instant (UTC) of the newest order in the day's store; None once that is no longer kept."""
    orders = settings.folder_of("store", day) / "transactions"
    if not orders.exists():
        return None
    return pl.scan_parquet(orders).select(pl.col("occurred_at").cast(INSTANT).max()).collect().item()
