import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from models.promote import judge, refuse_impossible, refuse_insane, refuse_too_few

pytestmark = pytest.mark.usefixtures("few_draws")

RANDOM = np.random.default_rng(4)
CHURNED = (RANDOM.random(800) < 0.4).astype(float)
NOISE = RANDOM.normal(size=800)
GOOD, FAIR = CHURNED + NOISE, CHURNED + 3 * RANDOM.normal(size=800)


@pytest.mark.parametrize(("model", "rival", "grade"), [(GOOD, FAIR, "A"), (FAIR, GOOD, "C"), (GOOD, GOOD, "B")])
def test_grades_follow_the_interval_of_the_difference(model: np.ndarray, rival: np.ndarray, grade: str) -> None:
    assert judge(CHURNED, model, {"rival": rival, "coin": NOISE}, seed=1).grade == grade


def test_the_best_opponent_is_the_one_that_counts() -> None:
    assert judge(CHURNED, GOOD, {"coin": NOISE * 0, "fair": FAIR}, seed=1).opponent == "fair"


def test_too_few_of_either_kind_is_refused_with_the_count_needed() -> None:
    with pytest.raises(ModelError, match="3 rows of leavers and 97 of stayers, at least 50"):
        refuse_too_few(np.array([1] * 3 + [0] * 97), 50, "training")
    with pytest.raises(ModelError, match="97 rows of leavers and 3 of stayers"):
        refuse_too_few(np.array([0] * 3 + [1] * 97), 50, "training")
    refuse_too_few(np.array([0] * 50 + [1] * 50), 50, "training")


def test_scores_that_cannot_be_right_are_refused() -> None:
    value = np.ones(800)
    with pytest.raises(ModelError, match="not finite"):
        refuse_insane(CHURNED, np.where(NOISE > 2, np.nan, 0.5), value)
    with pytest.raises(ModelError, match="same probability"):
        refuse_insane(CHURNED, np.full(800, 0.5), value)
    with pytest.raises(ModelError, match="no better than chance"):
        refuse_insane(CHURNED, -GOOD, value)
    refuse_insane(CHURNED, GOOD, value)


@pytest.mark.parametrize(
    ("figure", "wrong"),
    [
        ("churn_probability", float("nan")),
        ("churn_probability", 1.01),
        ("churn_probability_30d", -0.01),
        ("predicted_clv", float("inf")),
        ("value_at_risk", None),
    ],
)
def test_figures_of_a_night_that_cannot_be_are_refused(figure: str, wrong: float | None) -> None:
    possible = {"churn_probability": 1.0, "churn_probability_30d": 0.0, "predicted_clv": -5.0, "value_at_risk": 3.0}
    scores = pl.DataFrame([{"customer_id": f"C{number}", **possible} for number in range(4)])
    refuse_impossible(scores)

    scores = scores.with_columns(pl.when(customer_id="C2").then(wrong).otherwise(figure).alias(figure))
    with pytest.raises(ModelError, match=r"1 of 4 customers figures that cannot be \(customer_id C2\)"):
        refuse_impossible(scores)
