from datetime import date, timedelta

import numpy as np
import pytest

from models.level import expected_level

LAST = date(2026, 3, 1)
AHEAD = [LAST + timedelta(days=days) for days in (30, 90, 150, 210)]


def every_20_days(cutoffs: int) -> list[date]:
    """So many days up to LAST."""
    return [LAST - timedelta(days=20 * i) for i in reversed(range(cutoffs))]


def season(days: list[date]) -> np.ndarray:
    return 0.5 * np.sin([2 * np.pi * day.toordinal() / 365.25 for day in days])


def test_last_years_season_comes_back() -> None:
    days = every_20_days(37)
    expected, _ = expected_level(days, season(days), AHEAD, drift=0.25)
    assert expected == pytest.approx(season(AHEAD), abs=0.05)
    assert np.ptp(season(AHEAD)) > 0.8  # which no constant can follow


def test_the_latest_cutoffs_correct_the_season_and_less_so_farther_on() -> None:
    days = every_20_days(37)
    worse = season(days) + np.where(np.arange(37) >= 33, 0.4, 0.0)
    correction = expected_level(days, worse, AHEAD, drift=0.25)[0] - season(AHEAD)
    assert 0.2 < correction[0] < 0.4
    assert (np.diff(correction) < 0).all() and correction[-1] > 0.05
    assert expected_level(days, worse, AHEAD, drift=0.01)[0][0] - season(AHEAD)[0] < 0.2


@pytest.mark.parametrize("level", [-2.0, 1.0])
def test_where_nothing_is_known_it_is_the_mean(level: float) -> None:
    days = every_20_days(14)
    levels = level + 0.1 * (-1.0) ** np.arange(14)  # no season, no drift
    expected, _ = expected_level(days, levels, [LAST + timedelta(days=days) for days in (182, 7500)], drift=0.25)
    assert expected == pytest.approx([level] * 2, abs=0.1)


def test_the_farther_from_all_that_was_observed_the_less_is_known() -> None:
    days = every_20_days(4)
    ahead = [LAST, *(LAST + timedelta(days=days) for days in (20, 60, 182))]
    _, deviation = expected_level(days, np.zeros(4), ahead, drift=0.25)
    assert (np.diff(deviation) > 0).all()
    assert deviation[0] < 0.1 and deviation[-1] > 0.5
    # A year on, the season was seen: only the drift is not known.
    _, next_year = expected_level(days, np.zeros(4), [LAST + timedelta(days=365)], drift=0.25)
    assert next_year[0] < deviation[-1] - 0.2


def test_the_slope_of_a_few_weeks_is_not_carried_on() -> None:
    # Eleven cutoffs in 50 days that fell from 0.9 to 0.4: a quarter later it is the latest or higher, not lower still.
    days = [LAST - timedelta(days=5 * i) for i in reversed(range(11))]
    expected, deviation = expected_level(days, np.linspace(0.9, 0.4, 11), [LAST + timedelta(days=28)], drift=0.25)
    assert 0.4 < expected[0] < 0.7
    assert 0.2 < deviation[0] < 0.6


def test_few_levels_far_from_zero_are_not_drawn_to_it() -> None:
    days = every_20_days(4)
    expected, _ = expected_level(days, np.full(4, -3.0), [LAST + timedelta(days=182)], drift=0.25)
    assert expected == pytest.approx([-3.0])
