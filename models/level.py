"""How the level of a figure moves from cutoff to cutoff, and where it will stand on a day not yet observed.

The level at each labelled cutoff is the sum of a constant, a season that comes back every year, and a slow drift that
fades (a random walk tied to its mean). Gaussian process regression (Rasmussen and Williams 2006, ch. 2 and 5.4) with
these three fixed as prior gives its expectation: where the same season of an earlier year was observed, that season;
corrected by how far the latest cutoffs are from theirs; and the mean of what was observed where neither tells more.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, ExpSineSquared, Matern

from models.metrics import Floats

YEAR_DAYS = 365.25
# In log-odds, or logarithms of value. On an order log the level swung by about as much as this within a year.
CONSTANT_SD, SEASON_SD, NOISE_SD = 1.0, 0.5, 0.1
SEASON_LENGTH = 0.7  # levels a month apart correlate by 0.77, a season apart by 0.13
DRIFT_DAYS = 365.0


def expected_level(days: Sequence[date], levels: Floats, ahead: Sequence[date], drift: float) -> tuple[Floats, Floats]:
    """The level expected on each day of `ahead`, and its standard deviation, from `levels` observed at `days`.

    `drift`: standard deviation of the drift, in the unit of the levels.
    """
    fixed = {"constant_value_bounds": "fixed"}
    kernel = (
        ConstantKernel(CONSTANT_SD**2, **fixed)
        + ConstantKernel(SEASON_SD**2, **fixed) * ExpSineSquared(SEASON_LENGTH, YEAR_DAYS, "fixed", "fixed")
        + ConstantKernel(drift**2, **fixed) * Matern(DRIFT_DAYS, "fixed", nu=0.5)
    )
    process = GaussianProcessRegressor(kernel, alpha=NOISE_SD**2, optimizer=None).fit(_position(days), levels)
    mean, deviation = process.predict(_position(ahead), return_std=True)
    return np.asarray(mean), np.asarray(deviation)


def _position(days: Sequence[date]) -> Floats:
    return np.array([[float(day.toordinal())] for day in days])
