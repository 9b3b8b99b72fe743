"""From raw scores to probabilities: the model ranks, and the level of tonight comes from the course of all levels.

A log of a year or two has seen each season once or twice. A model that is given the calendar takes a month for a cause;
one that is not predicts last season's level. Here the model learns who leaves sooner than others of the same cutoff,
and the share of all who will leave is predicted apart, by `models.reference`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

import numpy as np
import polars as pl
from scipy.optimize import brentq
from scipy.special import expit, logit

from models.metrics import Floats
from models.reference import expected_share

WEEKS_AHEAD = 26  # a model older than this keeps its last level


@dataclass(frozen=True)
class Calibrator:
    """probability = sigmoid(raw score + shift), the shift in log-odds for the first day and each week after it."""

    first_day: date
    shifts: Sequence[float]

    def probability(self, raw_score: Floats, cutoffs: pl.Series) -> Floats:
        """Calibrated probabilities of raw scores (log-odds), each as of the `cutoffs` (Date) beside it."""
        weeks = (cutoffs - self.first_day).dt.total_days().to_numpy() / 7
        return expit(raw_score + np.interp(weeks, np.arange(len(self.shifts)), self.shifts))

    def recipe(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"first_day": self.first_day.isoformat(), "shifts": list(self.shifts)}

    @classmethod
    def restore(cls, recipe: dict[str, Any]) -> Self:
        """What `recipe()` gave."""
        return cls(date.fromisoformat(recipe["first_day"]), recipe["shifts"])


def calibrate(
    raw_score: Floats, cohort: pl.DataFrame, labelled: pl.DataFrame, recent_days: int, lifetime: bool = False
) -> Calibrator:
    """The calibrator for the day of `cohort` and the weeks after it.

    `raw_score`: of the rows of `cohort`, a matrix of one cutoff. `labelled`: a matrix with `churned` of earlier ones.
    `recent_days`: whoever bought within so many days before a cutoff counts as recent; every cutoff has that history.
    `lifetime`: whether orders of all time tell customers apart, see `models.whole_history`.
    """
    first = cohort["cutoff"][0]
    shares = expected_share(cohort, labelled, recent_days, weeks_from(first), lifetime)
    return Calibrator(first, [shift_to(raw_score, share) for share in shares])


def weeks_from(day: date) -> list[date]:
    """The day and each week after it for which levels are predicted."""
    return [day + timedelta(weeks=week) for week in range(WEEKS_AHEAD + 1)]


def shift_to(raw_score: Floats, level: float, weights: Floats | None = None) -> float:
    """What to add to raw scores (log-odds) for their mean probability to be `level` (held within 0.0001..0.9999).

    `weights`, of each row in that mean; default: all alike.
    """
    bounded = float(np.clip(level, 1e-4, 1 - 1e-4))
    low, high = logit(bounded) - raw_score.max() - 1, logit(bounded) - raw_score.min() + 1
    return float(brentq(lambda shift: np.average(expit(raw_score + shift), weights=weights) - bounded, low, high))
