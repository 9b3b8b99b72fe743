"""The calendar of the company: seasons and opening hours."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate import parameters as p


def purchase_season(on: date) -> float:
    """How many times the usual purchase rate a date brings: a peak before Christmas, a quiet turn of the year."""
    month_day = (on.month, on.day)
    if month_day >= (12, 27) or month_day < (1, 11):
        season = p.TURN_OF_YEAR_SALES
    elif (11, 20) <= month_day < (12, 24):
        season = p.CHRISTMAS_SALES
    else:
        season = 1.0
    return season * (p.WEEKEND_SALES if on.weekday() >= 5 else p.WEEKDAY_SALES)


def leaving_season(on: date) -> float:
    """What the date adds to the logarithm of the hazard of leaving: most in mid-January, least in mid-July."""
    return float(p.WINTER * np.cos(2 * np.pi * (on.timetuple().tm_yday - 15) / 365))


def business_hour(day: int, rows: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float64]:
    """For each row a time between 08:00 and 18:00 UTC of `day`, in days since the start of day 0."""
    return day + generator.uniform(8 / 24, 18 / 24, len(rows))
