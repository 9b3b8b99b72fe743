"""A slow, obvious oracle of cohort, features and labels: plain loops over rows, one customer and cutoff at a time.

It is written from the descriptions of the features and the one time rule, shares no code with the engine, and is what
the engine is held against. `Tables` are canonical rows as dicts; amounts are ten-thousandths of the currency unit.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Values = dict[str, float | None]

DAY = timedelta(days=1)


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

    def known(self, table: str, event_time: str, late: dict[str, str] | None = None) -> list[Row]:
        """Rows by time and key. `late`: columns filled in later, each with the time at which it became known."""
        rows = []
        for row in self.tables.get(table, []):
            known_at = row["known_at"] or row[event_time]
            if row["customer_id"] == self.customer and known_at < self.cutoff and row[event_time] < self.cutoff:
                seen = dict(row)
                for column, known_when in (late or {}).items():
                    if row[known_when] is None or row[known_when] >= self.cutoff:
                        seen[column] = None
                rows.append(seen)
        key = {"transactions": "transaction_id", "complaints": "complaint_id"}[table]
        return sorted(rows, key=lambda row: (row[event_time], row[key]))

    def purchases(self) -> list[Row]:
        return [row for row in self.known("transactions", "occurred_at") if row["amount"] > 0]

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


def rfm(view: View) -> Values:
    everything, bought = view.known("transactions", "occurred_at"), view.purchases()
    orders = {days: float(len(view.within(bought, days))) for days in (7, 14, 30, 60, 90, 180, 365, None)}
    spent = {days: total(view.within(everything, days)) for days in orders}
    values: Values = {named("rfm__orders_count", days): count for days, count in orders.items()}
    values |= {named("rfm__spent_sum", days): amount for days, amount in spent.items()}
    for days in (90, 365, None):
        values[named("rfm__basket_mean", days)] = mean(units(view.within(bought, days)))
    baskets = units(bought)
    recency = tenure = active = yearly = None
    if bought:
        recency, tenure = view.days_since(bought[-1]["occurred_at"]), view.days_since(bought[0]["occurred_at"])
        active, yearly = (tenure - recency) / tenure, len(bought) / max(tenure, 30) * 365
    return values | {
        "rfm__basket_max_lifetime": max(baskets, default=None),
        "rfm__basket_std_lifetime": spread(baskets),
        "rfm__basket_last_lifetime": baskets[-1] if baskets else None,
        "rfm__recency_days": recency,
        "rfm__tenure_days": tenure,
        "rfm__active_share": active,
        "rfm__orders_per_year": yearly,
        "rfm__orders_change_90d": orders[90] - (orders[180] - orders[90]),
        "rfm__spent_change_90d": spent[90] - (spent[180] - spent[90]),
    }


def rhythm(view: View) -> Values:
    bought, gaps = view.purchases(), []
    for earlier, later in zip(bought, bought[1:], strict=False):
        days = (later["occurred_at"] - earlier["occurred_at"]) / DAY
        if days >= 0.5:
            gaps.append({"days": days, "occurred_at": later["occurred_at"]})
    lengths = [gap["days"] for gap in gaps]
    typical = longest = recency = overdue = score = None
    if lengths:
        typical, longest = statistics.median(lengths), max(lengths)
        recency = view.days_since(bought[-1]["occurred_at"])
        overdue = recency - typical
        score = (recency - statistics.fmean(lengths)) / (statistics.stdev(lengths) + 1) if len(lengths) > 1 else None
    last_year_on = len(view.within(bought, 365)) - len(view.within(bought, 275))
    return {
        "rhythm__gap_mean_lifetime": mean(lengths),
        "rhythm__gap_median_lifetime": typical,
        "rhythm__gap_std_lifetime": spread(lengths),
        "rhythm__gap_last_lifetime": lengths[-1] if lengths else None,
        "rhythm__gap_max_lifetime": longest,
        "rhythm__gap_count_365d": float(len(view.within(gaps, 365))),
        "rhythm__gap_count_lifetime": float(len(gaps)),
        "rhythm__overdue_days": overdue,
        "rhythm__overdue_ratio": over(recency, typical),
        "rhythm__overdue_score": score,
        "rhythm__longest_gap_ratio": over(recency, longest),
        "rhythm__orders_same_season": float(last_year_on),
    }


def returns(view: View) -> Values:
    back = [row for row in view.known("transactions", "occurred_at") if row["amount"] < 0]
    bought = view.purchases()
    values: Values = {}
    for days in (30, 90, 365, None):
        values[named("returns__returns_count", days)] = float(len(view.within(back, days)))
    for days in (90, 365, None):
        values[named("returns__returned_sum", days)] = abs(total(view.within(back, days)))
    for days in (365, None):
        share = over(abs(total(view.within(back, days))), total(view.within(bought, days)))
        values[named("returns__share", days)] = share or 0.0
    values["returns__recency_days"] = view.days_since(back[-1]["occurred_at"]) if back else None
    return values


def complaints(view: View) -> Values:
    late = {name: name for name in ("first_response_at", "resolved_at", "reopened_at", "satisfaction_at")}
    rows = view.known("complaints", "opened_at", late | {"satisfaction": "satisfaction_at"})
    for row in rows:
        resolved = row["resolved_at"]
        row["open"] = resolved is None
        row["hours"] = ((row["first_response_at"] or resolved or view.cutoff) - row["opened_at"]) / timedelta(hours=1)
        row["days"] = ((view.cutoff if row["open"] else resolved) - row["opened_at"]) / DAY
    values: Values = {}
    for days in (30, 90, 365, None):
        values[named("complaints__complaints_count", days)] = float(len(view.within(rows, days, "opened_at")))
    for days in (90, None):
        recent = view.within(rows, days, "opened_at")
        values[named("complaints__response_hours_mean", days)] = mean([row["hours"] for row in recent])
        values[named("complaints__resolution_days_mean", days)] = mean([row["days"] for row in recent])
        values[named("complaints__answered_late_sum", days)] = float(sum(row["hours"] > 24 for row in recent))
        values[named("complaints__resolved_late_sum", days)] = float(sum(row["days"] > 7 for row in recent))
    for days in (90, 365):
        reopened = [row for row in view.within(rows, days, "opened_at") if row["reopened_at"] is not None]
        values[named("complaints__reopened_count", days)] = float(len(reopened))
    open_ages = [view.days_since(row["opened_at"]) for row in rows if row["open"]]
    ratings = [row["satisfaction"] for row in rows if row["satisfaction"] is not None]
    return values | {
        "complaints__open_sum_lifetime": float(len(open_ages)),
        "complaints__open_age_max_lifetime": max(open_ages, default=None),
        "complaints__age_min_lifetime": view.days_since(rows[-1]["opened_at"]) if rows else None,
        "complaints__satisfaction_last_lifetime": ratings[-1] if ratings else None,
    }


def calendar(view: View) -> Values:
    angle = math.tau * view.day.timetuple().tm_yday / 365.25
    return {
        "calendar__year_sin": math.sin(angle),
        "calendar__year_cos": math.cos(angle),
        "calendar__month": float(view.day.month),
    }


FAMILIES: dict[str, Callable[[View], Values]] = {
    "rhythm": rhythm,
    "rfm": rfm,
    "returns": returns,
    "complaints": complaints,
    "calendar": calendar,
}


def features(tables: Tables, customer: str, day: date, zone: ZoneInfo, families: Iterable[str]) -> Values:
    """Every column of `families` for one customer at one cutoff."""
    view = View(tables, customer, day, zone)
    values: Values = {}
    for family in families:
        values |= FAMILIES[family](view)
    return values
