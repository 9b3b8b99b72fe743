import numpy as np
import polars as pl
import pytest

from configs.modelling import Training
from models.pair import ModelPair
from models.value_models import by_value_model, value_figures, value_lines
from tests.models.conftest import CHURN, EMBARGO_DAYS


def test_each_is_what_a_pair_trained_for_it_predicts(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    pair = ModelPair.train(matrix, cohort, training, EMBARGO_DAYS, CHURN)
    found = by_value_model(pair, matrix, cohort, training)
    assert list(found) == ["hurdle", "tweedie", "lognormal"]
    assert found["hurdle"].tolist() == pair.score(cohort)["predicted_clv"].to_list()
    chosen = training.model_copy(update={"value_model": "lognormal"})
    other = ModelPair.train(matrix, cohort, chosen, EMBARGO_DAYS, CHURN)
    assert other.score(cohort)["predicted_clv"].to_list() == pytest.approx(found["lognormal"].tolist())
    again = by_value_model(other, matrix, cohort, chosen)
    assert list(again) == ["lognormal", "hurdle", "tweedie"]
    assert all(again[name] == pytest.approx(found[name]) for name in found)


def test_figures_by_hand_and_in_words() -> None:
    value = np.array([6.0, 3.0, 1.0, 0.0, 0.0])
    figures = value_figures(
        value, {"hurdle": np.array([5.0, 4.0, 2.0, 0.0, 0.0]), "tweedie": np.array([1.0, 4, 0, 0, 0])}
    )
    assert figures["value_ratio_hurdle"] == 1.1 and figures["value_ratio_tweedie"] == 0.5
    assert figures["value_captured_20_hurdle"] == 1.0 and figures["value_captured_20_tweedie"] == 0.5
    assert figures["value_gini_hurdle"] == pytest.approx(1.0)
    days = pl.DataFrame([figures, figures | {"value_ratio_tweedie": 2.0}])
    assert value_lines(days) == [
        "value model hurdle: predicted over actual total 1.10..1.10, 10% away on average; the top 20 % hold 1.0000 of "
        "the ideal; Gini 1.0000 of the ideal",
        f"value model tweedie: predicted over actual total 0.50..2.00, 100% away on average; the top 20 % hold 0.5000 "
        f"of the ideal; Gini {figures['value_gini_tweedie']:.4f} of the ideal",
    ]
    assert value_lines(days.drop(pl.selectors.starts_with("value_ratio"))) == []
