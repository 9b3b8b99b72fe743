import numpy as np
import polars as pl
import pytest

from models.compare import DRAWS, Scored, auc_of, captured_of, closeness_of, compare, draws, gini_of


def scored(seed: int, opponents: dict[str, float], rows: int = 400) -> Scored:
    """Scores that are the truth with noise: 1 for the model, the given ones for the opponents."""
    random = np.random.default_rng(seed)
    truth = (random.random(rows) < 0.4).astype(np.float64)
    noisy = {name: truth + noise * random.normal(size=rows) for name, noise in {"model": 1.0, **opponents}.items()}
    customers = pl.Series([f"C{row}" for row in range(rows)])
    return Scored(customers, truth, noisy.pop("model"), noisy)


def test_a_better_model_is_ahead_beyond_noise_and_one_alike_is_not() -> None:
    cutoffs = [scored(seed, {"alike": 1.0, "worse": 3.0}) for seed in (1, 2, 3)]
    found = {row["opponent"]: row for row in compare(cutoffs, auc_of, seed=1).to_dicts()}
    assert found["worse"]["low"] > 0.05
    assert found["alike"]["low"] < 0 < found["alike"]["high"]
    alike = [
        auc_of(c.truth, c.model, np.ones(400)) - auc_of(c.truth, c.opponents["alike"], np.ones(400)) for c in cutoffs
    ]
    assert found["alike"]["ahead"] == pytest.approx(np.mean(alike))


def test_the_best_of_each_cutoff_is_chosen_with_hindsight() -> None:
    cutoffs = [scored(1, {"a": 0.5, "b": 3.0}), scored(2, {"a": 3.0, "b": 0.5})]
    found = {row["opponent"]: row["ahead"] for row in compare(cutoffs, auc_of, seed=1).to_dicts()}
    assert found["best of each cutoff"] < min(found["a"], found["b"])


def test_only_opponents_of_every_cutoff_are_compared_throughout() -> None:
    found = compare([scored(1, {"a": 1.0, "b": 1.0}), scored(2, {"a": 1.0})], auc_of, seed=1)
    assert found["opponent"].to_list() == ["best of each cutoff", "a"]


def test_all_rows_of_a_customer_weigh_alike_at_every_cutoff() -> None:
    found = draws([pl.Series(["b", "a", "b", "c", "a"]), pl.Series(["c", "d"])], seed=1)
    assert len(found) == DRAWS
    for first, second in found:
        assert first[0] == first[2] and first[1] == first[4] and first[3] == second[0]
        assert first[0] + first[1] + first[3] + second[1] == 4
    assert len({tuple(first) for first, _ in found}) > 5


def test_a_weight_counts_as_so_many_rows() -> None:
    churned, score, weight = np.array([0.0, 1, 0, 1]), np.array([0.1, 0.4, 0.5, 0.9]), np.array([1.0, 2, 0, 1])
    rows = [0, 1, 1, 3]
    assert auc_of(churned, score, weight) == auc_of(churned[rows], score[rows], np.ones(4)) == 1
    value, predicted = np.array([10.0, 4, 3, 1, 1]), np.array([1.0, 9, 2, 3, 0])
    assert captured_of(value, predicted, np.ones(5)) == 0.4
    # Twice the second customer: a fifth of six is 1.2 customers, and the prediction takes 1.2 of that one.
    assert captured_of(value, predicted, np.array([1.0, 2, 1, 1, 1])) == pytest.approx(4.8 / (10 + 0.2 * 4))


def test_gini_by_hand() -> None:
    value, ones = np.array([6.0, 3.0, 1.0, 0.0]), np.ones(4)
    # The best 0, 1, 2, 3, 4 hold 0, 0.6, 0.9, 1, 1 of all. Twice the area below: 1.5, and 1 where all are alike.
    assert gini_of(value, value, ones) == 1.0
    assert gini_of(value, -value, ones) == pytest.approx(-1.0)
    # 1 and 6 swapped: 0, 0.1, 0.4, 1, 1, and twice the area is 1: no better than by chance.
    assert gini_of(value, np.array([1.0, 3.0, 6.0, 0.0]), ones) == pytest.approx(0.0)
    # A customer drawn twice weighs as two.
    doubled = gini_of(np.array([6.0, 6.0, 3.0, 1.0]), np.array([2.0, 2.0, 3.0, 0.0]), ones)
    assert gini_of(value[:3], np.array([2.0, 3.0, 0.0]), np.array([2.0, 1.0, 1.0])) == pytest.approx(doubled)


def test_closeness_by_hand() -> None:
    value, ones = np.array([60.0, 40.0]), np.ones(2)
    assert closeness_of(value, np.array([50.0, 50.0]), ones) == pytest.approx(0.0)
    assert closeness_of(value, np.array([100.0, 100.0]), ones) == pytest.approx(-np.log(2))
    assert closeness_of(value, np.array([25.0, 25.0]), ones) == pytest.approx(-np.log(2))
    assert closeness_of(value, np.array([20.0, 50.0]), np.array([0.0, 1.0])) == pytest.approx(-np.log(50 / 40))
