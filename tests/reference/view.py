"""One customer as known strictly before a cutoff, and the arithmetic that the oracle's families share."""

import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Values = dict[str, float | None]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

# For each table: its key, the time of its events, and the columns filled in later with the time they became known.
TABLES: dict[str, tuple[str, str, dict[str, str]]] = {
    "transactions": ("transaction_id", "occurred_at", {}),
    "complaints": (
        "complaint_id",
        "opened_at",
        {name: name for name in ("first_response_at", "resolved_at", "reopened_at", "satisfaction_at")}
        | {"satisfaction": "satisfaction_at", "cause": "cause_at", "cause_at": "cause_at"},
    ),
    "complaint_updates": ("complaint_id", "sent_at", {}),
    "promises": ("promise_id", "promised_at", {"kept_at": "kept_at"}),
    "interactions": ("interaction_id", "occurred_at", {"responded_at": "responded_at"}),
    "surveys": ("survey_id", "sent_at", {"answered_at": "answered_at", "score": "answered_at"}),
    "loyalty": ("event_id", "occurred_at", {}),
    "contracts": (
        "contract_id",
        "started_on",
        {"ended_on": "ended_on"} | {name: "terms_at" for name in ("renews_on", "monthly_fee", "plan", "terms_at")},
    ),
    "costs": ("cost_id", "occurred_at", {}),
}
# Known from the start where no time says otherwise.
KNOWN_WITHOUT_TIME = {"cause", "renews_on", "monthly_fee", "plan"}


@cache
def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first quarter of an hour, counted in UTC, at which the wall clock of `zone` shows `day`."""
    instant = datetime.combine(day - DAY, time(), UTC)
    while instant.astimezone(zone).date() < day:
        instant += timedelta(minutes=15)
    return instant


class View:
    """One customer's rows as they were known strictly before a cutoff."""

    def __init__(self, tables: Tables, customer: str, day: date, zone: ZoneInfo) -> None:
        self.tables, self.customer, self.day, self.zone = tables, customer, day, zone
        self.cutoff = first_instant(day, zone)

    def known(self, table: str) -> list[Row]:
        """The customer's rows of a table, by time and key; cells that were not yet known are empty."""
        key, event_time, late = TABLES[table]
        rows = []
        for row in self.tables.get(table, []):
            known_at = row["known_at"] or row[event_time]
            if row["customer_id"] == self.customer and known_at < self.cutoff and row[event_time] < self.cutoff:
                seen = dict(row)
                for column, known_when in late.items():
                    filled = column in KNOWN_WITHOUT_TIME if row[known_when] is None else row[known_when] < self.cutoff
                    if not filled:
                        seen[column] = None
                rows.append(seen)
        return sorted(rows, key=lambda row: (row[event_time], row[key]))

    def purchases(self) -> list[Row]:
        return [row for row in self.known("transactions") if row["amount"] > 0]

    def within(self, rows: list[Row], days: int | None, event_time: str = "occurred_at") -> list[Row]:
        """Rows of the `days` calendar days before the day of the cutoff."""
        if days is None:
            return rows
        start = first_instant(self.day - timedelta(days=days), self.zone)
        return [row for row in rows if row[event_time] >= start]

    def days_since(self, instant: datetime) -> float:
        return (self.cutoff - instant) / DAY


def named(stem: str, days: int | None) -> str:
    return f"{stem}_lifetime" if days is None else f"{stem}_{days}d"


def mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def spread(values: Sequence[float]) -> float | None:
    return statistics.stdev(values) if len(values) > 1 else None


def over(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or not denominator else numerator / denominator


def units(rows: Iterable[Row]) -> list[float]:
    return [row["amount"] / 10_000 for row in rows]


def total(rows: Iterable[Row]) -> float:
    return sum(row["amount"] for row in rows) / 10_000
