import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from models.calibrate import Calibrator, calibrate, shift_to
from models.reference import expected_share
from tests.models.conftest import TONIGHT

FIRST = date(2026, 1, 1)
RAW = np.array([-2.0, -1.0, 0.0, 1.0, 3.0])


def shift_on(calibrator: Calibrator, *days_later: int) -> list[float]:
    """What is added to a raw score so many days after the first."""
    cutoffs = pl.Series([calibrator.first_day + timedelta(days=days) for days in days_later])
    return logit(calibrator.probability(np.zeros(len(days_later)), cutoffs)).tolist()


def test_the_shift_to_a_level_gives_that_mean() -> None:
    def mean_at(level: float) -> float:
        probability = Calibrator(FIRST, [shift_to(RAW, level)]).probability(RAW, pl.Series([FIRST] * len(RAW)))
        assert (np.diff(probability) > 0).all()
        return probability.mean()

    assert mean_at(0.61) == pytest.approx(0.61)
    assert mean_at(1.0) == pytest.approx(0.9999)
    assert mean_at(0.0) == pytest.approx(0.0001)
    far = RAW * 100 + 500  # of trees that trust single customers
    assert Calibrator(FIRST, [shift_to(far, 0.3)]).probability(far, pl.Series([FIRST] * 5)).mean() == pytest.approx(0.3)


def test_the_shift_is_in_log_odds_and_goes_by_the_week() -> None:
    calibrator = Calibrator(FIRST, [0.0, 0.7, 2.1])
    assert shift_on(calibrator, 0, 7, 14) == pytest.approx([0.0, 0.7, 2.1])
    assert shift_on(calibrator, 1, 10) == pytest.approx([0.1, 0.7 + 1.4 * 3 / 7])  # and between weeks in proportion
    assert shift_on(calibrator, -30, 15, 400) == pytest.approx([0.0, 2.1, 2.1])
    cutoffs = pl.Series([FIRST, FIRST + timedelta(days=7)])
    assert calibrator.probability(np.log([3.0, 3.0]), cutoffs) == pytest.approx([0.75, 3 / (3 + np.exp(-0.7))])


def test_the_mean_probability_is_the_share_expected_of_the_cohort(matrix: pl.DataFrame, cohort: pl.DataFrame) -> None:
    raw_score = cohort["rfm__recency_days"].to_numpy() / 10
    calibrator = calibrate(raw_score, cohort, matrix, recent_days=40)
    for weeks in (0, 10, 26):
        day = TONIGHT + timedelta(weeks=weeks)
        probability = calibrator.probability(raw_score, pl.Series([day] * cohort.height))
        assert probability.mean() == pytest.approx(expected_share(cohort, matrix, 40, [day])[0])
    half_a_year, _, next_year = (shift_on(calibrator, weeks * 7)[0] for weeks in (26, 20, 60))
    assert next_year == half_a_year


def test_restored_it_is_the_same() -> None:
    calibrator = Calibrator(FIRST, [0.1, 0.2, -0.30000000000000004])
    assert Calibrator.restore(json.loads(json.dumps(calibrator.recipe()))) == calibrator
