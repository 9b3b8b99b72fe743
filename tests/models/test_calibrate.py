import numpy as np
import pytest

from models.calibrate import Calibrator, at_level


def test_the_mean_probability_is_moved_to_the_level_and_the_order_kept() -> None:
    raw = np.array([-2.0, -1.0, 0.0, 1.0, 3.0])
    probability = at_level(raw, 0.61).probability(raw)
    assert probability.mean() == pytest.approx(0.61)
    assert (np.diff(probability) > 0).all()


def test_the_shift_is_in_log_odds() -> None:
    assert Calibrator(shift=np.log(3)).probability(np.array([0.0]))[0] == pytest.approx(0.75)


def test_an_impossible_level_is_held_within_bounds() -> None:
    assert at_level(np.zeros(3), 1.0).probability(np.zeros(3))[0] == pytest.approx(0.9999)
