import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.settings import Training
from models.boosting import predict
from models.churn import train_churn
from models.metrics import auc
from models.pair import features_only


def test_the_same_data_and_seed_give_the_same_text(matrix: pl.DataFrame, training: Training) -> None:
    features = features_only(matrix)
    first = train_churn(features, matrix["churned"], training).model_to_string()
    assert train_churn(features, matrix["churned"], training).model_to_string() == first
    other = training.model_copy(update={"seed": 8})
    assert train_churn(features, matrix["churned"], other).model_to_string() != first


def test_a_matrix_of_other_columns_is_refused_with_the_difference(matrix: pl.DataFrame, training: Training) -> None:
    features = features_only(matrix)
    booster = train_churn(features, matrix["churned"], training)
    first, second = features.columns[:2]
    with pytest.raises(ModelError, match=f"order differs from column 0: expected {first}, found {second}"):
        predict(booster, features.select(second, first, *features.columns[2:]))
    with pytest.raises(ModelError, match=f"missing: {first}"):
        predict(booster, features.drop(first))
    with pytest.raises(ModelError, match="not known to the model: extra"):
        predict(booster, features.with_columns(extra=pl.lit(1.0)))
    with pytest.raises(ModelError, match=f"not Float64: {first} is Float32"):
        predict(booster, features.with_columns(pl.col(first).cast(pl.Float32)))


def test_shuffled_labels_teach_nothing(matrix: pl.DataFrame, training: Training) -> None:
    learned, judged = matrix[:900], matrix[900:]
    shuffled = learned["churned"].shuffle(seed=5)
    scores = predict(train_churn(features_only(learned), shuffled, training), features_only(judged))
    assert auc(judged["churned"].to_numpy(), scores) == pytest.approx(0.5, abs=0.08)
    honest = predict(train_churn(features_only(learned), learned["churned"], training), features_only(judged))
    assert auc(judged["churned"].to_numpy(), honest) > 0.8


def test_missing_values_are_scored(matrix: pl.DataFrame, training: Training) -> None:
    features = features_only(matrix)
    booster = train_churn(features, matrix["churned"], training)
    empty = pl.DataFrame({name: [None] for name in features.columns}, schema=features.schema)
    assert np.isfinite(predict(booster, empty)).all()
