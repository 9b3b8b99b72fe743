import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.settings import Training
from models.baselines import train_logistic
from models.clv import train_clv
from models.pair import ModelPair, features_only


@pytest.fixture(scope="module")
def pair(matrix: pl.DataFrame, training: Training) -> ModelPair:
    return ModelPair.train(matrix[:900], matrix[900:], training)


def test_the_figures_of_a_customer_belong_together(pair: ModelPair, matrix: pl.DataFrame) -> None:
    scores = pair.score(matrix[900:])
    p, retained = scores["churn_probability"], scores["value_if_retained"]
    assert scores.columns == [
        "customer_id",
        "cutoff",
        "churn_probability",
        "predicted_clv",
        "value_if_retained",
        "value_at_risk",
    ]
    assert scores["value_at_risk"].to_list() == pytest.approx((p * retained).to_list())
    lost = pair.clv.value_if_lost
    assert scores["predicted_clv"].to_list() == pytest.approx(((1 - p) * retained + p * lost).to_list())
    assert ((p > 0) & (p < 1) & (retained >= 0)).all()


def test_the_level_is_that_of_the_logistic_regression(pair: ModelPair, matrix: pl.DataFrame) -> None:
    learned, here = matrix[:900], matrix[900:]
    level = train_logistic(features_only(learned), learned["churned"]).probability(here).mean()
    assert pair.score(here)["churn_probability"].mean() == pytest.approx(level)


def test_a_restored_pair_scores_alike(pair: ModelPair, matrix: pl.DataFrame) -> None:
    restored = ModelPair.restore(pair.churn, pair.clv.retained, pair.recipe())
    assert restored.score(matrix).equals(pair.score(matrix))


def test_the_value_model_gets_the_total_right_and_tames_one_huge_order(
    matrix: pl.DataFrame, training: Training
) -> None:
    features = features_only(matrix)
    stayed = matrix["churned"] == 0
    plain = train_clv(features, matrix["churned"], matrix["value"], training)
    predicted = plain.value_if_retained(features.filter(stayed))
    assert predicted.sum() / matrix["value"].filter(stayed).sum() == pytest.approx(1.0, abs=0.1)
    assert plain.value_if_lost == 0.0
    first = int(np.flatnonzero(stayed.to_numpy())[0])
    huge = matrix["value"].to_numpy().copy()
    huge[first] = 1e9
    tamed = train_clv(features, matrix["churned"], pl.Series(huge), training)
    assert tamed.value_if_retained(features).max() < 1e6


def test_a_company_that_sells_nothing_is_refused(matrix: pl.DataFrame, training: Training) -> None:
    with pytest.raises(ModelError, match="signs of amounts"):
        train_clv(features_only(matrix), matrix["churned"], matrix["value"] * 0 - 1, training)
