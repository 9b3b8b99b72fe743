import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.modelling import Training
from models.boosting import fit, predict
from models.churn import train_trees
from models.metrics import auc
from models.pair import features_only


def trees_of(matrix: pl.DataFrame, training: Training, rounds: int = 40) -> lgb.Booster:
    return train_trees(features_only(matrix), matrix["churned"], matrix["cutoff"], training, rounds)


@pytest.fixture(scope="module")
def trees(matrix: pl.DataFrame, training: Training) -> lgb.Booster:
    return trees_of(matrix, training)


def test_the_same_data_and_seed_give_the_same_text(
    matrix: pl.DataFrame, training: Training, trees: lgb.Booster
) -> None:
    assert trees_of(matrix, training).model_to_string() == trees.model_to_string()
    other = training.model_copy(update={"seed": 8})
    assert trees_of(matrix, other).model_to_string() != trees.model_to_string()


def test_a_matrix_of_other_columns_is_refused_with_the_difference(matrix: pl.DataFrame, trees: lgb.Booster) -> None:
    features = features_only(matrix)
    first, second = features.columns[:2]
    with pytest.raises(ModelError, match=f"order differs from column 0: expected {first}, found {second}"):
        predict(trees, features.select(second, first, *features.columns[2:]))
    with pytest.raises(ModelError, match=f"missing: {first}"):
        predict(trees, features.drop(first))
    with pytest.raises(ModelError, match="not known to the model: extra"):
        predict(trees, features.with_columns(extra=pl.lit(1.0)))
    with pytest.raises(ModelError, match=f"not Float64: {first} is Float32"):
        predict(trees, features.with_columns(pl.col(first).cast(pl.Float32)))


def test_shuffled_labels_teach_nothing(matrix: pl.DataFrame, later: pl.DataFrame, training: Training) -> None:
    def judged(rows: pl.DataFrame) -> float:
        return auc(later["churned"].to_numpy(), predict(trees_of(rows, training), features_only(later)))

    assert judged(matrix.with_columns(pl.col("churned").shuffle(seed=5))) == pytest.approx(0.5, abs=0.08)
    assert judged(matrix) > 0.8


def test_missing_values_are_scored(matrix: pl.DataFrame, trees: lgb.Booster) -> None:
    features = features_only(matrix)
    empty = pl.DataFrame({name: [None] for name in features.columns}, schema=features.schema)
    assert np.isfinite(predict(trees, empty)).all()


def test_as_many_rounds_as_asked_for(matrix: pl.DataFrame, training: Training, trees: lgb.Booster) -> None:
    features = features_only(matrix)
    assert fit(features, matrix["churned"], training, objective="binary").num_trees() == training.rounds
    ten = trees_of(matrix, training, rounds=10)
    assert ten.num_trees() == 10
    assert predict(trees, features, rounds=10) == pytest.approx(predict(ten, features))
    assert predict(trees, features) != pytest.approx(predict(ten, features))


def test_what_a_row_starts_from_is_not_learned_again(training: Training) -> None:
    """`base` already says all there is to know, so the trees have next to nothing to add."""
    random = np.random.default_rng(1)
    column = random.normal(size=2000)
    churned = pl.Series(random.random(2000) < 1 / (1 + np.exp(-2 * column))).cast(pl.Int8)
    features = pl.DataFrame({"column": column})
    told = predict(fit(features, churned, training, base=2 * column, objective="binary"), features)
    untold = predict(fit(features, churned, training, objective="binary"), features)
    assert told.std() < 0.2 * untold.std()
