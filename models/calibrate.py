"""From raw scores to probabilities: the boosted trees rank, a season-free reference sets the level.

A model that knows the season ranks better but, with a year or two of history, takes a month it has rarely seen for a
cause: on Online Retail II at 2011-05-01 it predicted 0.43 on average where 0.61 left. So only its ranking and spread
are used; the mean probability over the customers of the day of training comes from a logistic regression that sees
recency, frequency and value but no calendar (mean 0.61 there).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from models.metrics import Floats


@dataclass(frozen=True)
class Calibrator:
    """probability = sigmoid(raw score + shift), the shift in log-odds."""

    shift: float

    def probability(self, raw_score: Floats) -> Floats:
        """Calibrated probabilities of raw scores (log-odds)."""
        return expit(raw_score + self.shift)


def at_level(raw_score: Floats, level: float) -> Calibrator:
    """The calibrator under which the mean probability over `raw_score` is `level` (held within 0.0001..0.9999)."""
    bounded = float(np.clip(level, 1e-4, 1 - 1e-4))
    return Calibrator(float(brentq(lambda shift: expit(raw_score + shift).mean() - bounded, -50, 50)))
