"""How the level of a figure moves from cutoff to cutoff, and where it will stand on a day not yet observed.

The level at each labelled cutoff is the sum of a constant, a season that comes back every year, and a slow drift that
fades. Gaussian process regression (Rasmussen and Williams 2006, ch. 2 and 5.4) with these three fixed as prior gives
its expectation: where the same season of an earlier year was observed, that season; corrected by how far the latest
cutoffs are from theirs; and the mean of what was observed where neither tells more. Season and drift are rough
(Ornstein-Uhlenbeck processes, the season's round the year): a smooth prior carries the slope of the latest weeks on,
and on logs of four months that put the share of leavers 0.09 off on average, this one 0.03.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from scipy.linalg import solve

from models.metrics import Floats

YEAR_DAYS = 365.25
# In log-odds, or logarithms of value. On an order log the level swung by about as much as this within a year.
CONSTANT_SD, SEASON_SD, NOISE_SD = 1.0, 0.6, 0.05
SEASON_LENGTH = 1.0  # seasons a month apart correlate by 0.60, half a year apart by 0.14
DRIFT_DAYS = 365.0


def expected_level(days: Sequence[date], levels: Floats, ahead: Sequence[date], drift: float) -> tuple[Floats, Floats]:
    """The level expected on each day of `ahead`, and its standard deviation, from `levels` observed at `days`.

    `drift`: standard deviation of the drift, in the unit of the levels.
    """

    def covariance(some: Sequence[date], others: Sequence[date]) -> Floats:
        apart = np.abs(_position(some)[:, None] - _position(others))
        round_the_year = 2 * np.abs(np.sin(np.pi * apart / YEAR_DAYS))  # the chord of a circle of radius 1
        season = SEASON_SD**2 * np.exp(-round_the_year / SEASON_LENGTH)
        return CONSTANT_SD**2 + season + drift**2 * np.exp(-apart / DRIFT_DAYS)

    observed = covariance(days, days) + NOISE_SD**2 * np.eye(len(days))
    gain = solve(observed, covariance(days, ahead), assume_a="pos")
    mean = levels.mean()
    variance = CONSTANT_SD**2 + SEASON_SD**2 + drift**2 - (gain * covariance(days, ahead)).sum(axis=0)
    return mean + (levels - mean) @ gain, np.sqrt(variance)


def _position(days: Sequence[date]) -> Floats:
    return np.array([float(day.toordinal()) for day in days])
