"""Differences in AUC and their intervals: customers are drawn, not rows."""

import numpy as np
import polars as pl

from pipelines.ablation import DRAWS, _aucs, _draws, _interval


def test_all_rows_of_a_customer_weigh_alike() -> None:
    customers = pl.Series(["b", "a", "b", "c", "a"])
    weights = _draws(customers, seed=1)
    assert len(weights) == DRAWS + 1 and weights[0].tolist() == [1] * 5
    for weight in weights[1:]:
        assert weight[0] == weight[2] and weight[1] == weight[4]
        assert weight[0] + weight[1] + weight[3] == 3
    assert len({tuple(weight) for weight in weights}) > 5


def test_a_weight_counts_as_so_many_rows() -> None:
    churned, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.5, 0.9])
    weight = np.array([1.0, 2.0, 0.0, 1.0])
    twice = _aucs(churned[[0, 1, 1, 3]], score[[0, 1, 1, 3]], [np.ones(4)])
    assert _aucs(churned, score, [weight]) == twice == 1


def test_the_interval_is_that_of_the_draws() -> None:
    found, low, high = _interval(np.array([0.5, *np.linspace(0, 1, 201)]))
    assert (found, round(low, 3), round(high, 3)) == (0.5, 0.025, 0.975)
