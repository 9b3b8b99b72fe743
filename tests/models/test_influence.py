"""Figures made of contributions, on rows few enough to add up by hand."""

import polars as pl
import pytest

from configs.modelling import Training
from models import influence
from models.churn import Shape, train_churn
from models.pair import features_only


def test_strength_and_direction_of_features() -> None:
    features = pl.DataFrame({"up": [1.0, 2, 3, None], "down": [1.0, 2, 3, 4], "still": [7.0, 7, 7, 7], "no": [1.0] * 4})
    contributed = pl.DataFrame(
        {
            "up": [-0.2, 0.1, 0.3, 9.4],
            "down": [4.0, 2, -1, -3],
            "still": [0.1] * 4,
            "no": [0.0] * 4,
            "expected": [1.0] * 4,
        }
    )
    found = influence.of_features(contributed, features)
    # Absolute means: (0.2 + 0.1 + 0.3 + 9.4) / 4, (4 + 2 + 1 + 3) / 4, 0.1; what contributes nothing is not there.
    assert found.rows() == [("down", 2.5, pytest.approx(-1)), ("up", 2.5, pytest.approx(1)), ("still", 0.1, None)]


def test_groups_and_how_many_they_raise() -> None:
    grouped = pl.DataFrame({"silence": [1.0, -3.0], "orders": [0.5, 0.7]})
    assert influence.of_groups(grouped).rows() == [("silence", 2.0, 0.5), ("orders", 0.6, 1.0)]


def test_families_sum_their_features() -> None:
    strengths = pl.DataFrame({"feature": ["a", "b", "c"], "strength": [0.5, 0.25, 0.25]})
    found = influence.of_families(strengths, {"a": "rfm", "b": "rhythm", "c": "rfm", "unused": "price"})
    assert found.rows() == [("rfm", 2, 0.75, 0.75), ("rhythm", 1, 0.25, 0.25)]


def test_overlap_of_the_strongest_groups() -> None:
    ours = pl.DataFrame(
        {"a": [3.0, 3.0, -1.0, 1.0], "b": [2.0, -2.0, -1.0, 2.0], "c": [1.0, 0.5, -1.0, 3.0], "d": [0.5, 0, 0, 4.0]}
    )
    theirs = pl.DataFrame(
        {"d": [5.0, 0, 0, 1.0], "c": [1.0, -0.5, -1.0, 0], "b": [2.0, -2.0, -1.0, 0], "a": [3.0, 3.0, -1.0, 0]}
    )
    # Row 1: abc against dab, 2 of 3. Row 2: ac (b lowers the risk) against a, 1 of 2. Row 3: nobody says anything.
    # Row 4: dcb against d, 1 of 3.
    assert influence.overlap(ours, theirs) == pytest.approx((2 / 3 + 1 / 2 + 1 + 1 / 3) / 4)
    assert influence.overlap(ours, ours) == 1
    assert influence.overlap(ours, theirs, top=1) == pytest.approx((0 + 1 + 1 + 1) / 4)


def test_another_seed_moves_the_trees_and_nothing_else(matrix: pl.DataFrame, training: Training) -> None:
    features = features_only(matrix)
    model = train_churn(features, matrix["churned"], matrix["cutoff"], training, Shape(25, (0.6, 0.3, 0.4)))
    other = influence.other_seed(model, matrix, features, training)
    assert other.trees.model_to_string() != model.trees.model_to_string()
    assert other.trees.num_trees() == 25
    assert (other.linear, other.weights, other.usual_visits) == (model.linear, model.weights, model.usual_visits)
    again = influence.other_seed(model, matrix, features, training)
    assert again.trees.model_to_string() == other.trees.model_to_string()
