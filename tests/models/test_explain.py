import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.settings import Training
from models.boosting import predict
from models.churn import train_churn
from models.explain import by_group, contributions
from models.pair import features_only


def test_contributions_add_up_to_the_raw_score(matrix: pl.DataFrame, training: Training) -> None:
    features = features_only(matrix)
    booster = train_churn(features, matrix["churned"], training)
    contributed = contributions(booster, features)
    raw = predict(booster, features, raw_score=True)
    assert contributed.columns == [*features.columns, "expected"]
    assert np.allclose(contributed.sum_horizontal().to_numpy(), raw, atol=1e-9)
    with pytest.raises(ModelError, match="order differs"):
        contributions(booster, features.select(features.columns[::-1]))


def test_groups_sum_their_features() -> None:
    contributed = pl.DataFrame({"a": [1.0, -1.0], "b": [0.5, 0.25], "c": [2.0, 0.0], "expected": [9.0, 9.0]})
    grouped = by_group(contributed, {"a": "silence", "b": "silence", "c": "orders"})
    assert grouped.to_dict(as_series=False) == {"orders": [2.0, 0.0], "silence": [1.5, -0.75]}
