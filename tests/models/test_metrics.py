import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.metrics import auc, bootstrap_interval, calibration_error, lift_at, ratio, value_captured


def test_auc_counts_pairs_in_the_right_order_and_ties_half() -> None:
    churned = np.array([1, 1, 0, 0.0])
    # Pairs leaver-stayer: (0.9, 0.5) right, (0.9, 0.2) right, (0.5, 0.5) tie, (0.5, 0.2) right: 3.5 of 4.
    assert auc(churned, np.array([0.9, 0.5, 0.5, 0.2])) == pytest.approx(3.5 / 4)


def test_auc_is_that_of_scikit_learn_with_ties_and_weights_and_needs_a_pair() -> None:
    random = np.random.default_rng(3)
    churned, score = random.integers(0, 2, 200).astype(float), random.integers(0, 20, 200) / 7
    weight = random.integers(0, 4, 200).astype(float)
    assert auc(churned, score) == pytest.approx(roc_auc_score(churned, score), abs=1e-12)
    assert auc(churned, score, weight) == pytest.approx(roc_auc_score(churned, score, sample_weight=weight), abs=1e-12)
    assert np.isnan(auc(np.ones(3), np.arange(3.0))) and np.isnan(auc(churned, score, np.zeros(200)))
    with pytest.raises(ValueError, match="not finite"):
        auc(churned, np.where(churned == 1, np.nan, score))


def test_calibration_error_is_the_mean_distance_of_the_bins() -> None:
    probability = np.array([0.1, 0.1, 0.8, 0.8])
    churned = np.array([0, 1, 1, 1.0])
    # Bins: 0.1 predicted, 0.5 happened; 0.8 predicted, 1.0 happened.
    assert calibration_error(churned, probability, bins=2) == pytest.approx((0.4 + 0.2) / 2)


def test_lift_compares_the_top_with_everybody() -> None:
    churned = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0.0])
    score = np.arange(10, 0, -1.0)
    assert lift_at(churned, score, share=0.2) == pytest.approx(0.5 / 0.2)


def test_value_captured_is_the_share_of_the_best_choice() -> None:
    value = np.array([100, 50, 10, 0, 0.0])
    assert value_captured(value, np.array([1, 5, 4, 0, 0.0]), share=0.4) == pytest.approx(60 / 150)


def test_bootstrap_interval_covers_the_mean_of_a_known_sample() -> None:
    sample = np.random.default_rng(1).normal(10, 2, 400)
    low, high = bootstrap_interval(lambda rows: float(sample[rows].mean()), 400, seed=2)
    # The standard error is 2 / sqrt(400) = 0.1, so the 95 % interval is about 0.39 wide.
    assert low < sample.mean() < high
    assert 0.3 < high - low < 0.5
    assert bootstrap_interval(lambda rows: float(sample[rows].mean()), 400, seed=2) == (low, high)


def test_a_figure_that_does_not_exist_has_no_interval() -> None:
    churned, value = np.zeros(20), np.zeros(20)
    assert np.isnan([lift_at(churned, churned), value_captured(value, value), ratio(1, 0)]).all()
    assert np.isnan(bootstrap_interval(lambda rows: lift_at(churned[rows], churned[rows]), 20, seed=1, draws=5)).all()
    # One leaver of two: the figure is 2 in the draws that hold both, and does not exist where nobody left.
    churned = np.array([1.0, 0.0])
    assert bootstrap_interval(lambda rows: lift_at(churned[rows], churned[rows]), 2, seed=1) == (1.0, 2.0)
