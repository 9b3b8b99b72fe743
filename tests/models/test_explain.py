from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.modelling import Training
from models import explain
from models.churn import VISITS, ChurnModel, Shape, train_churn
from models.explain import by_group, contributions
from models.pair import features_only


def churn_of(matrix: pl.DataFrame, training: Training) -> ChurnModel:
    shape = Shape(30, (0.6, 0.3, 0.4))
    return train_churn(features_only(matrix), matrix["churned"], matrix["cutoff"], training, shape)


@pytest.fixture(scope="module")
def model(matrix: pl.DataFrame, training: Training) -> ChurnModel:
    return churn_of(matrix, training)


def test_contributions_add_up_to_the_raw_score(
    model: ChurnModel, later: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "BATCH_ROWS", 400)
    never = pl.int_range(pl.len()) % 5 == 0
    features = features_only(later).with_columns(pl.when(~never).then(VISITS), pl.when(~never).then("rfm__tenure_days"))
    contributed = contributions(model, features)
    assert contributed.columns == [*features.columns, "expected"]
    assert contributed["expected"].n_unique() == 1
    assert np.abs(contributed.sum_horizontal().to_numpy() - model.raw_score(features)).max() < 1e-9


def test_nobody_is_explained_where_nobody_is_listed(model: ChurnModel, later: pl.DataFrame) -> None:
    nobody = features_only(later).clear()
    assert contributions(model, nobody).schema == dict.fromkeys([*nobody.columns, "expected"], pl.Float64)


def test_they_do_without_a_purchase_model_too(matrix: pl.DataFrame, later: pl.DataFrame, training: Training) -> None:
    model, features = churn_of(matrix.drop(VISITS), training), features_only(later.drop(VISITS))
    found = contributions(model, features).sum_horizontal().to_numpy()
    assert np.abs(found - model.raw_score(features)).max() < 1e-9


def test_each_part_counts_for_the_feature_that_it_reads(model: ChurnModel, later: pl.DataFrame) -> None:
    features = features_only(later)
    slopes = contributions(replace(model, weights=(0.0, 2.0, 0.0)), features)
    assert slopes.select(model.linear.columns).to_numpy() == pytest.approx(2 * model.linear.contributions(features))
    visits = contributions(replace(model, weights=(0.0, 0.0, 2.0)), features)
    assert visits[VISITS].to_list() == pytest.approx((2 * model.visits(features)).tolist())
    assert not visits.drop(VISITS).to_numpy().any()
    together = contributions(model, features).select(pl.all().std()).row(0, named=True)
    assert max(together, key=together.__getitem__) in ("rfm__recency_days", VISITS)


def test_a_matrix_of_other_columns_is_refused(model: ChurnModel, later: pl.DataFrame) -> None:
    features = features_only(later)
    with pytest.raises(ModelError, match="order differs"):
        contributions(model, features.select(features.columns[::-1]))


def test_groups_sum_their_features() -> None:
    contributed = pl.DataFrame({"a": [1.0, -1.0], "b": [0.5, 0.25], "c": [2.0, 0.0], "expected": [9.0, 9.0]})
    grouped = by_group(contributed, {"a": "silence", "b": "silence", "c": "orders"})
    assert grouped.to_dict(as_series=False) == {"orders": [2.0, 0.0], "silence": [1.5, -0.75]}
