"""The oracle of who is scored at a cutoff and of what happened after it: plain loops over one customer's rows."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.reference.view import Row, Tables, first_instant


def own(tables: Tables, table: str, customer: str) -> list[Row]:
    return [row for row in tables.get(table, []) if row["customer_id"] == customer]


def in_cohort(
    tables: Tables, customer: str, day: date, zone: ZoneInfo, definition: str, active_within_days: int
) -> bool:
    """Whether the customer is scored: bought lately, or has a running contract, and did not object to it."""
    cutoff = first_instant(day, zone)
    for row in own(tables, "objections", customer):
        if row["kind"] in ("no_profiling", "erased") and row["effective_at"] < cutoff:
            return False
    if definition == "contract":
        for row in own(tables, "contracts", customer):
            known = (row["known_at"] or row["started_on"]) < cutoff
            ended = row["ended_on"] is not None and row["ended_on"] < cutoff
            if known and row["started_on"] < cutoff and not ended:
                return True
        return False
    since = first_instant(day - timedelta(days=active_within_days), zone)
    for row in own(tables, "transactions", customer):
        known = (row["known_at"] or row["occurred_at"]) < cutoff
        if known and row["amount"] > 0 and since <= row["occurred_at"] < cutoff:
            return True
    return False


def days_from(day: date, instant: datetime, zone: ZoneInfo) -> int:
    """Whole days from the beginning of `day` to the day on which `instant` lies, both of the zone."""
    return (instant.astimezone(zone).date() - day).days


def first_purchase(tables: Tables, customer: str, day: date, zone: ZoneInfo, horizon_days: int) -> int | None:
    """Days to the first purchase in the horizon, None without one: then the customer has left."""
    start, end = first_instant(day, zone), first_instant(day + timedelta(days=horizon_days), zone)
    bought = [row["occurred_at"] for row in own(tables, "transactions", customer) if row["amount"] > 0]
    within = [days_from(day, at, zone) for at in bought if start <= at < end]
    return min(within, default=None)


def contract_end(
    tables: Tables, customer: str, day: date, zone: ZoneInfo, horizon_days: int, grace_days: int
) -> int | None:
    """Days to the first end of a contract in the horizon that none carried on, None without one.

    One carries on that outlasts that end and began no later than on the `grace_days`-th day after its day.
    """
    start, end = first_instant(day, zone), first_instant(day + timedelta(days=horizon_days), zone)
    contracts, found = own(tables, "contracts", customer), []
    for ending in contracts:
        over = ending["ended_on"]
        if over is None or not start <= over < end:
            continue
        last_day = over.astimezone(zone).date() + timedelta(days=grace_days)
        carried_on = False
        for other in contracts:
            outlasts = other["ended_on"] is None or other["ended_on"] > over
            carried_on |= outlasts and other["started_on"].astimezone(zone).date() <= last_day
        if not carried_on:
            found.append(days_from(day, over, zone))
    return min(found, default=None)


def value(tables: Tables, customer: str, day: date, zone: ZoneInfo, days: int) -> float:
    """Sales less returns, less what the goods cost and less the costs to serve, in currency units."""
    start, end = first_instant(day, zone), first_instant(day + timedelta(days=days), zone)
    gained = 0
    for row in own(tables, "transactions", customer):
        if start <= row["occurred_at"] < end:
            gained += row["amount"] - (row["cost"] or 0)
    for row in own(tables, "costs", customer):
        if start <= row["occurred_at"] < end:
            gained -= row["amount"]
    return gained / 10_000
