"""Cutoffs, windows before them and horizons after them, in days of the business time zone.

A day starts at local midnight, so that a window across a change to daylight saving is a whole number of calendar days
and its instants, in UTC, are 23 or 25 hours off where they should be.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
MICROSECONDS_PER_DAY = 86_400_000_000


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Instant (UTC) at which `day` begins in `zone`."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, order=True)
class Cutoff:
    """The moment a day begins. Features see what was known strictly before it; labels start at it, inclusive."""

    day: date
    zone: ZoneInfo

    @property
    def instant(self) -> datetime:
        """The cutoff as an instant in UTC."""
        return midnight(self.day, self.zone)

    def days_before(self, days: int) -> datetime:
        """Instant (UTC) at which the day `days` days earlier begins."""
        return midnight(self.day - timedelta(days=days), self.zone)

    def days_after(self, days: int) -> datetime:
        """Instant (UTC) at which the day `days` days later begins."""
        return midnight(self.day + timedelta(days=days), self.zone)


@dataclass(frozen=True)
class Window:
    """The `days` days before a cutoff, `[cutoff - days, cutoff)`; None is the whole life before it."""

    days: int | None

    def start(self, cutoff: Cutoff) -> datetime | None:
        """First instant (UTC, inclusive) of the window, None where it has no start."""
        return None if self.days is None else cutoff.days_before(self.days)

    @property
    def suffix(self) -> str:
        """End of a feature's name: "90d", or "lifetime"."""
        return "lifetime" if self.days is None else f"{self.days}d"


@dataclass(frozen=True)
class Horizon:
    """The `days` days from a cutoff on, `[cutoff, cutoff + days)`."""

    days: int

    def end(self, cutoff: Cutoff) -> datetime:
        """First instant (UTC) after the horizon."""
        return cutoff.days_after(self.days)


LIFETIME = Window(None)


def windows(*days: int) -> tuple[Window, ...]:
    """Windows of these lengths in days."""
    return tuple(Window(d) for d in days)


def days_between(earlier: pl.Expr, later: pl.Expr) -> pl.Expr:
    """Days (Float64, 24 hours each) from one instant to another."""
    return (later - earlier).dt.total_microseconds() / MICROSECONDS_PER_DAY


def local_day(instant: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """The day (Date) that an instant falls on in `zone`."""
    return instant.dt.convert_time_zone(zone.key).dt.date()


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` earlier; the last one of a month that is too short. Negative: later."""
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, order=True)
class Month:
    """The month before a cutoff, `[the same day of the month before, cutoff)`: on a first, the whole month before."""

    cutoff: Cutoff

    @property
    def start(self) -> Cutoff:
        """The cutoff with which it begins."""
        return Cutoff(months_before(self.cutoff.day, 1), self.cutoff.zone)

    def earlier(self, months: int) -> "Month":
        """The month that ended so many months before."""
        return Month(Cutoff(months_before(self.cutoff.day, months), self.cutoff.zone))

    def holds(self, instant: pl.Expr) -> pl.Expr:
        """Whether an instant lies in it; null where there is none."""
        return (instant >= self.start.instant) & (instant < self.cutoff.instant)
