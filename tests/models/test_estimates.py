"""Figures with intervals: what they are, worked out by hand, and that the intervals hold what they claim to."""

import numpy as np
import polars as pl
import pytest

from models import estimates
from models.estimates import (
    Estimate,
    answered_mean,
    counted,
    held_by_best,
    mean_of,
    net_promoters,
    ratio_of,
    share_of,
)


def test_a_share_has_wilsons_interval():
    found = share_of(81, 263)  # Newcombe (1998), table 1
    assert (found.population, found.value) == (263, 81 / 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert share_of(0, 0) == Estimate(0, None)
    assert counted(7, 3.5) == Estimate(7, 3.5, None, None)


def test_a_ratio_is_of_sums():
    found = ratio_of(np.array([1.0, 3.0]), np.array([2.0, 2.0]), 9, seed=1)
    assert (found.population, found.value) == (9, 1.0)
    # Drawn with replacement, the two customers give 1/2, 4/4 or 3/2.
    assert (found.low, found.high) == (0.5, 1.5)
    assert ratio_of(np.array([1.0]), np.array([0.0]), 1, seed=1) == Estimate(1, None)


def test_a_single_customer_has_no_interval():
    assert mean_of(np.array([5.0]), seed=1) == Estimate(1, 5.0, None, None)


def test_the_interval_of_a_mean_is_as_wide_as_its_error():
    values = np.random.default_rng(2).normal(10, 4, 2000)
    found = mean_of(values, seed=1)
    assert found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * 4 / 2000**0.5, rel=0.15)


def test_many_customers_are_drawn_in_blocks_that_vary_as_much(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(2).gamma(0.5, 10, 6000)
    in_blocks = mean_of(values, seed=1)
    monkeypatch.setattr(estimates, "BLOCKS", 10_000)
    one_by_one = mean_of(values, seed=1)

    assert in_blocks.value == pytest.approx(one_by_one.value) == values.mean()
    widths = [found.high - found.low for found in (in_blocks, one_by_one) if found.high and found.low]
    assert widths[0] == pytest.approx(widths[1], rel=0.2) and in_blocks.low != one_by_one.low


def test_the_net_promoter_score():
    answers = pl.DataFrame({"customer_id": ["a", "a", "b", "c"], "score": [10.0, 9.0, 8.0, 6.0]})

    found = answered_mean(answers, net_promoters(), seed=1)

    # Two promoters and one detractor of four answers: 50 - 25 points.
    assert (found.population, found.value) == (4, 25.0)


def test_the_answers_of_a_customer_are_drawn_together():
    answers = pl.DataFrame({"customer_id": ["a"] * 100 + ["b"] * 100, "score": [10.0] * 100 + [0.0] * 100})
    found = answered_mean(answers, net_promoters(), seed=1)
    # One draw in four is of the one customer alone, one of the other; 200 answers apart would give -14 to 14.
    assert found == Estimate(200, 0.0, -100.0, 100.0)


def test_what_the_best_hold():
    values = np.array([1.0, 7.0, 1.0, 0.0, 1.0])
    assert held_by_best(values, 0.2, seed=1).value == 0.7
    # Half of five customers are two and a half: 7, 1 and half of 1.
    assert held_by_best(values, 0.5, seed=1).value == pytest.approx(0.85)
    # Those below 0 let the best hold more than all.
    assert held_by_best(np.array([10.0, -2.0]), 0.5, seed=1).value == 1.25
    assert held_by_best(np.array([-1.0, 0.0]), 0.5, seed=1) == Estimate(2, None)
    assert held_by_best(np.array([]), 0.2, seed=1) == Estimate(0, None)


def test_the_interval_of_what_the_best_hold():
    found = held_by_best(np.random.default_rng(3).pareto(1.5, 1500), 0.2, seed=1)
    assert found.low is not None and found.value is not None and found.high is not None
    assert found.low < found.value < found.high and 0.02 < found.high - found.low < 0.3
    alike = held_by_best(np.full(50, 3.0), 0.2, seed=1)
    assert (alike.value, alike.low, alike.high) == pytest.approx((0.2, 0.2, 0.2))
