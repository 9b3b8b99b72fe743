"""Differences in AUC and their intervals."""

import numpy as np

from pipelines.ablation import _interval


def test_the_interval_is_that_of_the_draws() -> None:
    found, low, high = _interval(np.array([0.5, *np.linspace(0, 1, 201)]))
    assert (found, round(low, 3), round(high, 3)) == (0.5, 0.025, 0.975)
