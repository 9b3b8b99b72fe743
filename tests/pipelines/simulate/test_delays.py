"""Delays drawn day by day have the same distribution as delays drawn at once."""

import numpy as np
import pytest

from pipelines.simulate.delays import Delay


def test_median_and_ninety_percent_are_the_given_ones():
    drawn = Delay.lognormal(2.0, 12.0).draw(np.zeros(40_000), np.random.default_rng(1))
    assert np.quantile(drawn, [0.5, 0.9]) == pytest.approx([2.0, 12.0], rel=0.06)


def test_waiting_day_by_day_gives_the_same_delays():
    delay, generator = Delay.lognormal(2.0, 12.0), np.random.default_rng(2)
    ended = np.full(20_000, np.nan)
    for day in range(400):
        waiting = np.flatnonzero(np.isnan(ended))
        drawn = delay.draw(np.full(len(waiting), float(day)), generator)
        assert (drawn >= day - 1e-9).all()
        today = drawn < day + 1
        ended[waiting[today]] = drawn[today]
    assert not np.isnan(ended).any()
    assert np.quantile(ended, [0.25, 0.5, 0.9]) == pytest.approx(
        np.quantile(delay.draw(np.zeros(20_000), generator), [0.25, 0.5, 0.9]), rel=0.08
    )
