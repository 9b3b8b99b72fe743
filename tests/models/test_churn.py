import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from configs.modelling import Training
from models.boosting import predict
from models.churn import (
    USUAL_WEIGHTS,
    VISITS,
    ChurnModel,
    Shape,
    decide_shape,
    train_churn,
    train_trees,
)
from models.linear import Linear
from models.metrics import auc
from models.pair import features_only
from tests.models.conftest import CUTOFFS, labelled_matrix

SHAPE = Shape(30)


def churn_of(matrix: pl.DataFrame, training: Training, shape: Shape = SHAPE) -> ChurnModel:
    return train_churn(features_only(matrix), matrix["churned"], matrix["cutoff"], training, shape)


def slope_of(column: str) -> Linear:
    """Log-odds that rise with one column alone."""
    return Linear([column], median=[30.0], mean=[3.5], deviation=[0.7], slope=[1.0])


@pytest.fixture(scope="module")
def model(matrix: pl.DataFrame, training: Training) -> ChurnModel:
    return churn_of(matrix, training)


def test_the_same_data_and_seed_give_the_same_model(
    matrix: pl.DataFrame, training: Training, model: ChurnModel
) -> None:
    again = churn_of(matrix, training)
    assert again.trees.model_to_string() == model.trees.model_to_string()
    assert again.recipe() == model.recipe()
    other = churn_of(matrix, training.model_copy(update={"seed": 8}))
    assert other.trees.model_to_string() != model.trees.model_to_string()


def test_the_raw_score_is_the_weighted_sum_of_what_the_parts_say(model: ChurnModel, later: pl.DataFrame) -> None:
    features = features_only(later)
    weighted = replace(model, weights=(2.0, 3.0, 5.0))
    trees, slopes, visits = model.parts(features).T
    assert trees == pytest.approx(predict(model.trees, features))
    assert slopes == pytest.approx(model.linear.score(features))
    assert visits == pytest.approx(model.usual_visits - np.log(later[VISITS].to_numpy() + 0.05))
    assert weighted.raw_score(features) == pytest.approx(2 * trees + 3 * slopes + 5 * visits)
    churned = later["churned"].to_numpy()
    assert min(auc(churned, part) for part in (trees, slopes, visits)) > 0.7
    learned = features_only(labelled_matrix(500, seed=3))
    assert model.parts(learned).mean(axis=0) == pytest.approx([0] * 3, abs=0.1)


def test_without_a_purchase_model_visits_say_nothing(matrix: pl.DataFrame, training: Training) -> None:
    without = matrix.drop(VISITS)
    for rows in (without, matrix.with_columns(pl.lit(None, pl.Float64).alias(VISITS))):
        model = churn_of(rows, training)
        parts = model.parts(features_only(rows))
        assert (parts[:, 2] == 0).all() and (np.ptp(parts[:, :2], axis=0) > 0).all()


def test_who_has_no_visits_to_expect_is_as_usual_whoever_else_is_scored(model: ChurnModel, later: pl.DataFrame) -> None:
    """Customers under contract who never bought: a bucket may hold few others."""
    features = features_only(later).with_columns(pl.when(pl.int_range(pl.len()) % 3 > 0).then(VISITS))
    assert (model.visits(features)[::3] == 0).all()
    assert model.raw_score(features[:4]) == pytest.approx(model.raw_score(features)[:4], abs=1e-12)


def test_trees_are_told_how_many_left_at_each_cutoff(training: Training) -> None:
    """A bad month is no property of its customers: who is told the month must not be scored by it."""
    parts = [labelled_matrix(600, seed=i, cutoffs=[day]) for i, day in enumerate(CUTOFFS[:2])]
    at_random = [
        part.with_columns(season=pl.lit(float(i)), churned=pl.int_range(pl.len()) % 10 < (2, 8)[i])
        for i, part in enumerate(parts)
    ]
    rows = pl.concat(at_random).with_columns(pl.col("churned").cast(pl.Int8))
    features = features_only(rows)
    trees = train_trees(features, rows["churned"], rows["cutoff"], training, 40)
    good, bad = np.split(predict(trees, features), 2)
    assert abs(bad.mean() - good.mean()) < 0.1  # the log-odds of 0.2 and 0.8 are 2.8 apart


@pytest.mark.parametrize(("column", "never_lower"), [("rfm__recency_days", True), ("rfm__other", False)])
def test_longer_silence_never_speaks_for_loyalty(training: Training, column: str, never_lower: bool) -> None:
    """Half of those silent longest stay: a year-end order, say, which trees would take for a rule."""
    random = np.random.default_rng(3)
    days = random.uniform(0, 300, 3000)
    left = random.random(3000) < np.where(days > 250, 0.5, 0.2 + days / 400)
    features, cutoffs = pl.DataFrame({column: days}), pl.repeat(CUTOFFS[0], 3000, eager=True)

    trees = train_trees(features, pl.Series(left).cast(pl.Int8), cutoffs, training, 60)

    said = predict(trees, pl.DataFrame({column: np.arange(300.0)}))
    assert (np.diff(said) >= -1e-12).all() == never_lower


def test_what_proves_useless_gets_less_weight_than_what_proves_good(
    matrix: pl.DataFrame, later: pl.DataFrame, training: Training, model: ChurnModel
) -> None:
    def weights(model: ChurnModel) -> Sequence[float]:
        return decide_shape(model, features_only(later), later["churned"]).weights

    shuffled, greedy = matrix["churned"].shuffle(seed=1), training.model_copy(update={"learning_rate": 0.5})
    useless_trees = train_trees(features_only(matrix), shuffled, matrix["cutoff"], greedy, 40)
    silence, tenure = slope_of("rfm__recency_days"), slope_of("rfm__tenure_days")
    by_trees, by_slopes, _ = weights(replace(model, linear=tenure))
    assert by_slopes < 0.1 < 0.5 < by_trees
    by_trees, by_slopes, _ = weights(replace(model, trees=useless_trees, linear=silence))
    assert by_trees < 0.3 < 0.5 < by_slopes
    reversed_silence = replace(silence, slope=[-1.0])
    assert weights(replace(model, linear=reversed_silence))[1] == 0.0


def test_what_proves_nothing_keeps_its_usual_weight(model: ChurnModel, later: pl.DataFrame) -> None:
    silent = replace(model, linear=replace(model.linear, slope=[0.0] * len(model.linear.slope)))
    shape = decide_shape(silent, features_only(later), later["churned"])
    assert shape.weights[1] == pytest.approx(USUAL_WEIGHTS[1], abs=1e-6)


def test_few_rows_hardly_move_the_usual_weights(model: ChurnModel, later: pl.DataFrame) -> None:
    useless = replace(model, linear=slope_of("rfm__tenure_days"))  # which says nothing of who leaves

    def weight(rows: int) -> float:
        return decide_shape(useless, features_only(later)[:rows], later["churned"][:rows]).weights[1]

    # Twelve rows speak for the usual weight: beside 1,500 it all but goes, beside 60 it stays at half or more.
    assert weight(1500) < 0.1 < 0.2 < weight(60) <= USUAL_WEIGHTS[1]


def test_as_many_rounds_as_ranked_best_later(matrix: pl.DataFrame, later: pl.DataFrame, training: Training) -> None:
    greedy = training.model_copy(update={"learning_rate": 0.5})
    overfit = churn_of(matrix[:300], greedy, Shape(110))
    features, churned = features_only(later), later["churned"]
    ranked = {
        rounds: auc(churned.to_numpy(), overfit.trees.predict(features.to_numpy(), num_iteration=rounds))
        for rounds in (25, 50, 75, 100, 110)
    }
    found = decide_shape(overfit, features, churned).rounds
    assert ranked[found] == max(ranked.values()) > ranked[110] + 0.005
    few = churn_of(matrix, training, Shape(10))
    assert decide_shape(few, features, churned).rounds == 10


def test_restored_it_scores_the_same(model: ChurnModel, later: pl.DataFrame) -> None:
    restored = ChurnModel.restore(model.trees, json.loads(json.dumps(model.recipe())))
    assert restored.raw_score(features_only(later)).tolist() == model.raw_score(features_only(later)).tolist()
