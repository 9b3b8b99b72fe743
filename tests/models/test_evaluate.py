import re

import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from models.baselines import Opponents
from models.evaluate import Evaluation, evaluate
from models.promote import Judgement

RANDOM = np.random.default_rng(8)
TRUTH = RANDOM.uniform(0.02, 0.98, 1000)
CHURNED = (RANDOM.random(1000) < TRUTH).astype(np.int8)
WORTH = RANDOM.gamma(2.0, 50.0, 1000)
VALUE = np.where(CHURNED == 1, 0.0, WORTH)
TEST = pl.DataFrame({"churned": CHURNED, "value": VALUE})
RIVALS = Opponents(
    churn={"recency": TRUTH + RANDOM.normal(size=1000), "Pareto/NBD": RANDOM.normal(size=1000)},
    value={"last year's spend": WORTH, "BG/NBD with Gamma-Gamma": -VALUE},
)


def scores(probability: np.ndarray = TRUTH, predicted: np.ndarray = VALUE / 2) -> pl.DataFrame:
    """Half the value predicted; a fifth of the intervals too low."""
    low = np.where(np.arange(1000) % 5 == 0, -2.0, VALUE)
    return pl.DataFrame(
        {
            "churn_probability": probability,
            "predicted_clv": predicted,
            "predicted_clv_low": low,
            "predicted_clv_high": np.where(low < 0, -1.0, VALUE),
            "value_if_retained": WORTH,
        }
    )


@pytest.fixture(scope="module")
def evaluation(few_draws: None) -> Evaluation:
    return evaluate(scores(), TEST, RIVALS, seed=1)


def test_figures_by_hand(evaluation: Evaluation) -> None:
    figures = evaluation.figures
    assert evaluation.customers == 1000
    assert figures["mean_probability"] == pytest.approx(TRUTH.mean())
    assert figures["churn_rate"] == CHURNED.mean()
    assert figures["value_ratio"] == pytest.approx(0.5)
    assert figures["value_captured_20"] == pytest.approx(1.0)
    assert figures["coverage_80"] == pytest.approx(0.8)
    assert figures["auc"] == evaluation.auc["model"] > evaluation.auc["recency"] > evaluation.auc["Pareto/NBD"]
    assert figures["lift_at_10"] == pytest.approx(CHURNED[np.argsort(-TRUTH)[:100]].mean() / CHURNED.mean())
    assert figures["calibration_error"] < 0.05
    assert list(evaluation.value_captured) == ["model", "last year's spend", "BG/NBD with Gamma-Gamma"]
    assert evaluation.value_captured["BG/NBD with Gamma-Gamma"] == 0.0  # the wrong way round: those who leave first
    assert evaluation.intervals.keys() == figures.keys()
    for name, (low, high) in evaluation.intervals.items():
        assert low <= figures[name] <= high
    assert (evaluation.judgement.grade, evaluation.judgement.opponent) == ("A", "recency")


def timed(happened: list[tuple[int, int | None]]) -> dict[str, float]:
    """Figures of further horizons of four likely and four unlikely leavers, each (churned, event_days)."""
    p = np.array([0.8] * 4 + [0.2] * 4)
    early, late = p * ([0.5] * 4 + [0.25] * 4), p * 0.75
    scored = pl.DataFrame({"churn_probability": p, "churn_probability_60d": late, "churn_probability_30d": early})
    worth = scored.with_columns(predicted_clv=1.0, predicted_clv_low=0.0, predicted_clv_high=1.0, value_if_retained=1.0)
    churned, days = zip(*happened, strict=True)
    test = pl.DataFrame({"churned": churned, "value": [1.0] * 8, "event_days": pl.Series(days, dtype=pl.Int16)})
    figures = evaluate(worth, test, Opponents({"recency": p}, {"spend": p}), seed=1).figures
    return {name: figure for name, figure in figures.items() if name.startswith("within")}


def test_the_next_order_of_who_stayed_is_judged_where_leaving_is_not_seen(few_draws: None) -> None:
    # Two stayed of the likely ones (a half, and 0.75 of it, to be seen early), three of the others (a quarter, 0.75).
    found = timed([(1, None), (1, None), (0, 29), (0, 80), (1, None), (0, 30), (0, 59), (0, 60)])
    assert found == {
        "within_30d_predicted": pytest.approx((2 * 0.5 + 3 * 0.25) / 5),
        "within_30d_happened": pytest.approx(1 / 5),
        "within_30d_calibration_error": pytest.approx((0.5 + 0.5 + 3 * 0.25) / 5),  # five of the bins hold one each
        "within_60d_predicted": pytest.approx(0.75),
        "within_60d_happened": pytest.approx(3 / 5),
        "within_60d_calibration_error": pytest.approx((3 * 0.25 + 2 * 0.75) / 5),
    }


def test_the_end_of_a_contract_is_judged_of_everybody(few_draws: None) -> None:
    found = timed([(1, 29), (1, 0), (1, 60), (0, None), (1, 30), (0, None), (0, None), (0, None)])
    assert found["within_30d_predicted"] == pytest.approx((4 * 0.4 + 4 * 0.05) / 8)
    assert found["within_30d_happened"] == pytest.approx(2 / 8)
    assert found["within_60d_predicted"] == pytest.approx((4 * 0.6 + 4 * 0.15) / 8)
    assert found["within_60d_happened"] == pytest.approx(3 / 8)
    # Eight of the bins hold one customer each: of the likely two end and two do not, of the others none does.
    assert found["within_30d_calibration_error"] == pytest.approx((1.2 + 0.8 + 4 * 0.05) / 8)


def test_lines_tell_of_further_horizons() -> None:
    figures = {"auc": 0.8, "mean_probability": 0.5, "churn_rate": 0.5, "calibration_error": 0.01, "lift_at_10": 2.0}
    figures |= {"value_ratio": 1.0, "coverage_80": 0.8}
    for days, figure in ((30, 0.25), (60, 0.5)):
        figures |= {f"within_{days}d_predicted": figure, f"within_{days}d_happened": figure + 0.01}
        figures[f"within_{days}d_calibration_error"] = 0.02
    judgement = Judgement("A", "recency", 0.1, 0.05, 0.15)
    line = Evaluation(10, figures, {"auc": (0.7, 0.9)}, {"model": 0.8}, {"model": 0.9}, judgement).lines()[2]
    assert line.startswith("when, the end of a contract or, without contracts, the next order of who stayed: ")
    assert "within 30 days 0.250 predicted, 0.260 happened, calibration error 0.020; within 60 days 0.500" in line


def test_metrics_are_flat_numbers_under_names_that_mlflow_takes(evaluation: Evaluation) -> None:
    found = evaluation.as_metrics()
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in found)
    assert all(type(value) is float for value in found.values())
    assert found["customers"] == 1000
    assert found["auc"] == evaluation.figures["auc"]
    assert found["auc_recency"] == evaluation.auc["recency"] and "auc_model" not in found
    assert found["auc_pareto_nbd"] == evaluation.auc["Pareto/NBD"]
    assert found["value_captured_20_last_years_spend"] == evaluation.value_captured["last year's spend"]
    assert (found["auc_low"], found["auc_high"]) == evaluation.intervals["auc"]
    assert (
        found["ahead_difference"]
        == evaluation.judgement.difference
        == pytest.approx(found["auc"] - found["auc_recency"])
    )


def test_lines_say_it_in_words(evaluation: Evaluation) -> None:
    churn, level, value, grade = evaluation.lines()
    aucs = ", ".join(f"{name} {figure:.3f}" for name, figure in evaluation.auc.items())
    assert churn.startswith(f"out of time, 1,000 customers: AUC {aucs} (the model's: 0.")
    assert level.startswith(f"churn: {TRUTH.mean():.3f} predicted, {CHURNED.mean():.3f} happened; calibration error 0.")
    assert value.startswith("value: 0.50 of the actual total predicted; 80% within their 80 % intervals; the top 20 %")
    captured = ", ".join(f"{name} {figure:.3f}" for name, figure in evaluation.value_captured.items())
    assert value.endswith(f"hold of the ideal: {captured}")
    assert re.fullmatch(r"grade A: \+0\.\d{3} AUC against recency \(\+0\.\d{3}\.\.\+0\.\d{3}\)", grade)


def test_scores_that_cannot_be_right_are_refused() -> None:
    with pytest.raises(ModelError, match="no better than chance"):
        evaluate(scores(1 - TRUTH), TEST, RIVALS, seed=1)
