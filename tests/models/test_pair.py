import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from configs.modelling import Churn, Training
from models import pair as pair_module
from models.churn import USUAL_WEIGHTS, VISITS
from models.clv import train_clv
from models.metrics import auc, coverage
from models.pair import ModelPair, features_only
from models.reference import expected_share
from models.splits import apart
from tests.models.conftest import CHURN, CUTOFFS, EMBARGO_DAYS


@pytest.fixture(scope="module")
def learned_from() -> Iterator[list[pl.DataFrame]]:
    """The rows of each value model that was trained, in turn, with the day of its cohort as `for`."""
    seen: list[pl.DataFrame] = []

    def remember(features: pl.DataFrame, rows: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> Any:
        seen.append(rows.with_columns(pl.lit(cohort["cutoff"][0]).alias("for")))
        return train_clv(features, rows, cohort, training)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_module, "train_clv", remember)
        yield seen


@pytest.fixture(scope="module")
def pair(learned_from: list[pl.DataFrame], matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> ModelPair:
    return ModelPair.train(matrix, cohort, training, EMBARGO_DAYS, CHURN)


def test_decided_out_of_time_then_learned_from_all(
    pair: ModelPair, learned_from: list[pl.DataFrame], cohort: pl.DataFrame
) -> None:
    trial, whole = learned_from[:2]
    # 45 days before the last cutoff, the horizons of the first three of five were over.
    assert trial["cutoff"].unique().sort().to_list() == CUTOFFS[:3]
    assert whole["cutoff"].unique().sort().to_list() == CUTOFFS
    assert (trial["for"][0], whole["for"][0]) == (CUTOFFS[-1], cohort["cutoff"][0])
    assert list(pair.churn.weights) != list(USUAL_WEIGHTS) and min(pair.churn.weights) >= 0
    stayed = whole.filter((pl.col("cutoff") == CUTOFFS[-1]) & (pl.col("churned") == 0)).height
    assert len(pair.clv.spread.likely) == stayed // 50 < 10  # found on the trial, 50 a group
    assert pair.churn.trees.num_trees() in (25, 40)


def test_the_figures_of_a_customer_belong_together(pair: ModelPair, cohort: pl.DataFrame) -> None:
    scores = pair.score(cohort)
    p, retained = scores["churn_probability"], scores["value_if_retained"]
    figures = ["predicted_clv", "predicted_clv_low", "predicted_clv_high", "value_if_retained", "value_at_risk"]
    further = ["churn_probability_15d", "churn_probability_30d"]
    assert scores.columns == ["customer_id", "cutoff", "churn_probability", *further, *figures]
    assert scores.select("customer_id", "cutoff").equals(cohort.select("customer_id", "cutoff"))
    assert scores["value_at_risk"].to_list() == pytest.approx((p * retained).to_list())
    assert set(pair.clv.lost.means) == {0.0}
    assert scores["predicted_clv"].to_list() == pytest.approx(((1 - p) * retained).to_list())
    assert ((p > 0) & (p < 1) & (retained >= 0)).all()
    first, second = (scores[name] for name in further)
    assert ((first > 0) & (first <= second) & (second <= p)).all() and (first < second).any()
    assert (scores["predicted_clv_low"] <= scores["predicted_clv_high"]).all()


def test_one_customer_alone_and_all_in_another_order_are_scored_alike(pair: ModelPair, cohort: pl.DataFrame) -> None:
    together = pair.score(cohort)
    assert_frame_equal(pair.score(cohort[7:8]), together[7:8], abs_tol=1e-9)
    assert_frame_equal(pair.score(cohort.reverse()), together.reverse(), abs_tol=1e-9)


def test_it_holds_of_customers_it_has_not_seen(pair: ModelPair, cohort: pl.DataFrame, later: pl.DataFrame) -> None:
    scores, value = pair.score(cohort), later["value"].to_numpy()
    p, churned = scores["churn_probability"], later["churned"].to_numpy()
    assert auc(churned, p.to_numpy()) > auc(churned, later["rfm__recency_days"].to_numpy()) - 0.02  # of the truth
    assert p.mean() == pytest.approx(churned.mean(), abs=0.05)
    assert scores["predicted_clv"].sum() == pytest.approx(value.sum(), rel=0.15)
    ends = (scores[f"predicted_clv_{end}"].to_numpy() for end in ("low", "high"))
    sure = (p > 0.8).to_numpy()  # of whom more than 80 % are at 0
    inside = coverage(np.where(sure, np.nan, value)[~sure], *(end[~sure] for end in ends))
    assert inside == pytest.approx(0.8, abs=0.08)


def test_the_level_is_the_share_expected_of_the_cohort(
    pair: ModelPair, matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    for weeks in (0, 8):
        aged = cohort.with_columns(pl.col("cutoff") + timedelta(weeks=weeks))
        share = expected_share(cohort, matrix, training.lookback_days, [aged["cutoff"][0]])
        assert pair.score(aged)["churn_probability"].mean() == pytest.approx(share[0])


def test_a_further_horizon_changes_no_other_figure(
    pair: ModelPair, matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    one = ModelPair.train(matrix, cohort, training, EMBARGO_DAYS, Churn(horizon_days=45, further_horizons=[]))
    assert one.score(cohort).equals(pair.score(cohort).drop("churn_probability_15d", "churn_probability_30d"))


def test_a_restored_pair_scores_alike(pair: ModelPair, cohort: pl.DataFrame) -> None:
    recipe = json.loads(json.dumps(pair.recipe()))
    restored = ModelPair.restore(pair.churn.trees, pair.clv.trees, recipe)
    assert restored.recipe() == pair.recipe()
    assert restored.score(cohort).equals(pair.score(cohort))


@pytest.mark.parametrize("cutoffs", [1, 2])
def test_a_log_too_short_to_wait_for_a_horizon_decides_by_other_customers(
    learned_from: list[pl.DataFrame], matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training, cutoffs: int
) -> None:
    short = matrix.filter(pl.col("cutoff").is_in(CUTOFFS[-cutoffs:])).drop(VISITS)
    before = len(learned_from)
    pair = ModelPair.train(short, cohort.drop(VISITS), training, EMBARGO_DAYS, CHURN)
    trial, whole = learned_from[before:]
    assert (trial.height, whole.height) == (400 * cutoffs, 500 * cutoffs)  # a fifth of 500 customers was held out
    assert (trial["for"][0], whole["for"][0]) == (CUTOFFS[-1], cohort["cutoff"][0])
    assert tuple(pair.churn.weights) != USUAL_WEIGHTS
    assert pair.score(cohort.drop(VISITS))["churn_probability"].n_unique() > 100


def test_where_nothing_can_be_decided_the_usual_shape_stands(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    latest = matrix.filter(pl.col("cutoff") == CUTOFFS[-1])
    _, tested = apart(latest, latest)
    # All leavers are among the customers to learn from, so the trial has none.
    held_out = pl.col("customer_id").is_in(tested["customer_id"].implode())
    one_kind = latest.with_columns(churned=pl.when(held_out).then(0).otherwise("churned").cast(pl.Int8))
    pair = ModelPair.train(one_kind, cohort, training, EMBARGO_DAYS, CHURN)
    assert (pair.churn.trees.num_trees(), tuple(pair.churn.weights)) == (20, USUAL_WEIGHTS)
    scores = pair.score(cohort)
    assert (scores["predicted_clv_high"] > scores["predicted_clv_low"]).sum() > 100


def test_labels_and_keys_are_no_features(matrix: pl.DataFrame, cohort: pl.DataFrame) -> None:
    assert features_only(matrix).columns == features_only(cohort).columns == cohort.columns[2:]


def test_without_level_days_can_be_compared(pair: ModelPair, cohort: pl.DataFrame) -> None:
    later = cohort.with_columns(pl.col("cutoff").dt.offset_by("10w"))
    now, then = pair.without_level(cohort), pair.without_level(later)
    assert now.equals(then) and now.columns == ["score_of_leaving", "amount_expected"]
    scores = pair.score(cohort)
    assert now["score_of_leaving"].arg_sort().equals(scores["churn_probability"].arg_sort())
    assert now["amount_expected"].to_list() == pytest.approx(scores["value_if_retained"].to_list())  # of the first day
