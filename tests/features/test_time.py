"""Days of the business zone, across the changes of its clocks."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from features.time import LIFETIME, Cutoff, Horizon, Month, Window, days_between, midnight, months_before, windows
from tests.features.drawn_tables import at, cutoff
from tests.reference.view import first_instant


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Europe/London", "2025-03-30", "2025-03-30 00:00"),  # clocks go forward at 01:00
        ("Europe/London", "2025-03-31", "2025-03-30 23:00"),
        ("Europe/London", "2025-10-26", "2025-10-25 23:00"),  # clocks go back at 02:00
        ("Europe/London", "2025-10-27", "2025-10-27 00:00"),
        ("Pacific/Auckland", "2025-07-01", "2025-06-30 12:00"),
        ("America/Havana", "2025-03-09", "2025-03-09 05:00"),  # 00:00 is skipped: the day begins at 01:00
        ("America/Havana", "2025-11-02", "2025-11-02 04:00"),  # 00:00 comes twice: the day begins with the first
    ],
)
def test_a_day_begins_at_local_midnight(zone: str, day: str, instant: str):
    assert cutoff(day, zone).instant == at(instant)
    assert cutoff(day, zone).instant.tzinfo is UTC
    assert first_instant(date.fromisoformat(day), ZoneInfo(zone)) == at(instant)


@pytest.mark.parametrize(
    ("day", "days", "start", "hours"),
    [
        ("2025-03-31", 1, "2025-03-30 00:00", 23),
        ("2025-04-29", 30, "2025-03-30 00:00", 30 * 24 - 1),
        ("2025-04-30", 30, "2025-03-30 23:00", 30 * 24),
        ("2025-10-27", 1, "2025-10-25 23:00", 25),
        ("2025-11-03", 14, "2025-10-19 23:00", 14 * 24 + 1),
        ("2025-11-03", 365, "2024-11-03 00:00", 365 * 24),
    ],
)
def test_a_window_is_whole_days_of_23_24_or_25_hours(day: str, days: int, start: str, hours: int):
    seen = cutoff(day, "Europe/London")
    assert Window(days).start(seen) == seen.days_before(days) == at(start)
    assert seen.instant - at(start) == timedelta(hours=hours)


def test_a_horizon_ends_at_midnight_on_the_other_side_of_a_change():
    seen = cutoff("2025-03-29", "Europe/London")
    assert Horizon(2).end(seen) == seen.days_after(2) == at("2025-03-30 23:00")
    assert Horizon(2).end(seen) - seen.instant == timedelta(hours=47)


def test_every_midnight_of_three_years_begins_the_day():
    zone, day = ZoneInfo("Europe/London"), date(2023, 1, 1)
    while day < date(2026, 1, 1):
        instant = midnight(day, zone)
        assert instant.astimezone(zone).date() == day
        assert (instant - timedelta(microseconds=1)).astimezone(zone).date() == day - timedelta(days=1)
        day += timedelta(days=1)


def test_a_lifetime_has_no_start_and_windows_name_themselves():
    assert LIFETIME.start(cutoff("2025-06-01")) is None
    assert LIFETIME.suffix == "lifetime"
    assert [window.suffix for window in windows(7, 90)] == ["7d", "90d"]


def test_cutoffs_sort_by_day():
    first, second = cutoff("2025-03-29"), cutoff("2025-03-30")
    assert max(second, first) == second
    assert first == Cutoff(date(2025, 3, 29), ZoneInfo("UTC"))


def test_days_between_are_of_24_hours():
    instants = pl.DataFrame({"earlier": [at("2025-03-30 00:00"), None], "later": [at("2025-03-30 18:00")] * 2})
    assert instants.select(days_between(pl.col("earlier"), pl.col("later"))).to_series().to_list() == [0.75, None]
    assert instants.select(days_between(pl.col("later"), pl.col("earlier"))).to_series().to_list() == [-0.75, None]


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        ("2026-03-01", 1, "2026-02-01"),
        ("2026-03-31", 1, "2026-02-28"),  # February is too short
        ("2024-03-30", 1, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-02-28", 12, "2025-02-28"),
        ("2026-11-30", -3, "2027-02-28"),
    ],
)
def test_months_before(day: str, months: int, found: str):
    assert months_before(date.fromisoformat(day), months).isoformat() == found


def test_a_month_holds_its_first_moment_and_not_its_end():
    london = Month(cutoff("2025-04-01", "Europe/London"))  # the clocks went forward on 30 March
    instants = pl.DataFrame(
        {"at": [at("2025-02-28 23:59"), at("2025-03-01"), at("2025-03-31 22:59"), at("2025-03-31 23:00"), None]}
    )

    assert instants.select(held=london.holds(pl.col("at")))["held"].to_list() == [False, True, True, False, None]
    assert (london.start.day, london.earlier(12).start.day) == (date(2025, 3, 1), date(2024, 3, 1))
