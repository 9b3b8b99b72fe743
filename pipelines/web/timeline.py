"""What happened with a customer: orders, complaints, promises and contacts, from the store of the list's day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from configs.settings import Settings
from features.contract import MONEY_SCALE
from features.tables import TABLES
from features.time import Cutoff
from pipelines.buckets import bucket_files
from pipelines.outreach.wording import day as in_words
from pipelines.outreach.wording import money
from pipelines.storage import MANIFEST, bucket_of, read_json

SHOWN_DAYS = 365
LANES = ("Orders", "Complaints", "Promises", "Contacts")


@dataclass(frozen=True)
class Event:
    """One thing that happened: its day in the business time zone, its lane, and what it was."""

    day: date
    lane: str
    words: str


def events(settings: Settings, as_of: date, customer_id: str) -> list[Event] | None:
    """What happened in the year before `as_of`, the latest first; None where that day's store is no longer kept."""
    store = settings.folder_of("store", as_of)
    if not (store / MANIFEST).exists():
        return None
    zone, cutoff = settings.zone, Cutoff(as_of, settings.zone)
    buckets = read_json(store / MANIFEST)["buckets"]
    bucket = pl.DataFrame({"customer_id": [customer_id]}).select(bucket_of(pl.col("customer_id"), buckets)).item()
    found: list[Event] = []
    for table, tell in (
        ("transactions", _order),
        ("complaints", _complaint),
        ("promises", _promise),
        ("interactions", _contact),
    ):
        files, time = bucket_files(store, table, bucket), TABLES[table].time
        if not files[0].exists():
            continue
        recent = pl.col(time) >= cutoff.days_before(SHOWN_DAYS)
        rows = pl.scan_parquet(files).filter(pl.col("customer_id") == customer_id, recent).collect()
        for row in rows.iter_rows(named=True):
            found.append(Event(row[time].astimezone(zone).date(), *tell(row, zone, as_of, settings.currency)))
    return sorted(found, key=lambda event: (event.day, event.lane, event.words), reverse=True)


def first_day(as_of: date) -> date:
    """The first day that is shown."""
    return as_of - timedelta(days=SHOWN_DAYS)


def lanes(found: Sequence[Event]) -> dict[str, list[dict[str, Any]]]:
    """The events of each lane, as `pictures.marks` takes them."""
    return {
        lane: [{"day": one.day, "words": f"{in_words(one.day)}: {one.words}"} for one in found if one.lane == lane]
        for lane in LANES
    }


def _on(instant: datetime, zone: ZoneInfo) -> str:
    return in_words(instant.astimezone(zone).date())


def _order(row: dict[str, Any], zone: ZoneInfo, as_of: date, currency: str) -> tuple[str, str]:
    amount = money(abs(row["amount"]) / MONEY_SCALE, currency)
    product = f": {row['product']}" if row["product"] else ""
    return "Orders", f"{'Return' if row['amount'] < 0 else 'Order'} of {amount}{product}"


def _complaint(row: dict[str, Any], zone: ZoneInfo, as_of: date, currency: str) -> tuple[str, str]:
    about = f"Complaint about {row['cause']}" if row["cause"] else "Complaint"
    if row["reopened_at"]:
        return "Complaints", f"{about}, opened again on {_on(row['reopened_at'], zone)}"
    if row["resolved_at"]:
        return "Complaints", f"{about}, resolved on {_on(row['resolved_at'], zone)}"
    return "Complaints", f"{about}, still open" + ("" if row["first_response_at"] else ", not answered")


def _promise(row: dict[str, Any], zone: ZoneInfo, as_of: date, currency: str) -> tuple[str, str]:
    due = f"Promised for {_on(row['due_at'], zone)}"
    if row["kept_at"]:
        late = row["kept_at"] > row["due_at"]
        return "Promises", f"{due}, kept on {_on(row['kept_at'], zone)}" + (", late" if late else "")
    return "Promises", due + (", overdue" if row["due_at"].astimezone(zone).date() < as_of else ", not yet due")


def _contact(row: dict[str, Any], zone: ZoneInfo, as_of: date, currency: str) -> tuple[str, str]:
    channel = row["channel"] or "an unknown channel"
    if row["direction"] == "in":
        return "Contacts", f"Got in touch by {channel}"
    kind = "Mailing" if row["campaign"] else "Contacted"
    answered = f", answered on {_on(row['responded_at'], zone)}" if row["responded_at"] else ""
    return "Contacts", f"{kind} by {channel}{answered}"
