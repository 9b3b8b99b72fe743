import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.settings import Training
from models.boosting import predict
from models.clv import ClvModel, Spread, find_spread, train_clv
from models.metrics import coverage
from models.pair import features_only
from tests.models.conftest import TONIGHT

# Below 10 anything from 0 to twice the prediction, from 10 on exactly what was predicted.
SPREAD = Spread([10.0], [np.linspace(0, 2, 101).tolist(), [1.0] * 101])


def clv_of(rows: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> ClvModel:
    return train_clv(features_only(rows), rows.select("cutoff", "churned", "value"), cohort, training)


def with_spread(spread: Spread, usual_if_lost: float = 0.0) -> ClvModel:
    """A model whose value given staying is not asked for."""
    return ClvModel(None, TONIGHT, [0.0], 0.0, usual_if_lost, spread)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clv(matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> ClvModel:
    return clv_of(matrix, cohort, training)


def test_quantiles_of_the_spread_by_hand() -> None:
    shares, predicted = np.array([0.0, 0.5, 0.255, 1.0, 0.9, 0.1]), np.array([5.0, 5.0, 5.0, 5.0, 10.0, 30.0])
    assert SPREAD.at(shares, predicted) == pytest.approx([0.0, 5.0, 2.55, 10.0, 10.0, 30.0])


def test_the_spread_is_found_in_groups_of_like_predictions_and_without_the_level() -> None:
    random = np.random.default_rng(2)
    predicted = random.permutation(np.linspace(1, 2, 5000))
    ratio = np.where(predicted < 1.5, random.uniform(0, 2, 5000), random.uniform(0.9, 1.1, 5000))
    found = find_spread(predicted, 3 * predicted * ratio)
    assert found.edges == pytest.approx(np.arange(1.1, 1.95, 0.1), abs=0.001)
    wide, narrow = found.at(np.array([0.1, 0.9, 0.1, 0.9]), np.array([1.2, 1.2, 1.8, 1.8])).reshape(2, 2)
    assert wide / 1.2 == pytest.approx([0.2, 1.8], abs=0.12)
    assert narrow / 1.8 == pytest.approx([0.92, 1.08], abs=0.03)


@pytest.mark.parametrize(("rows", "groups"), [(30, 1), (160, 3), (5000, 10)])
def test_a_group_of_the_spread_holds_fifty_at_least(rows: int, groups: int) -> None:
    assert len(find_spread(np.arange(1.0, rows + 1), np.ones(rows)).quantiles) == groups


@pytest.mark.parametrize(("least", "most"), [(0.0, 0.1), (0.1, 0.8), (0.8, 1.0)])
def test_four_in_five_fall_into_their_interval(least: float, most: float) -> None:
    def draw(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        random = np.random.default_rng(seed)
        predicted = random.lognormal(3.0, 1.0, 8000)
        value = predicted * random.gamma(1 + predicted / 50, 1 / (1 + predicted / 50))
        return random.uniform(least, most, 8000), predicted, value, random.random(8000)

    probability, predicted, value, chance = draw(seed=1)
    model = with_spread(find_spread(predicted, value))
    probability, predicted, value, chance = draw(seed=2)
    low, high = model.interval(probability, predicted)
    assert (low <= high).all()
    inside = coverage(np.where(chance < probability, 0.0, value), low, high)
    # Beyond 0.8 who leaves is alone enough: as many as leave, and nobody else.
    expected = 0.8 if most < 1 else probability.mean()
    assert inside == pytest.approx(expected, abs=0.015)


def test_intervals_by_hand() -> None:
    low, high = with_spread(SPREAD).interval(np.array([0.0, 0.05, 0.1, 0.5, 0.9, 1.0]), np.full(6, 5.0))
    # Stayers are spread evenly from 0 to 10; at 0.05 the tenth of all is the (0.1 - 0.05) / 0.95 of them.
    assert low == pytest.approx([1.0, 10 * 0.05 / 0.95, 0.0, 0.0, 0.0, 0.0])
    assert high == pytest.approx([9.0, 10 * 0.85 / 0.95, 10 * 0.7 / 0.9, 10 * 0.3 / 0.5, 0.0, 0.0])


def test_ends_are_in_order_where_those_who_leave_come_back_for_more() -> None:
    """Value counted for a year, churn for a quarter."""
    probability = np.linspace(0, 1, 101)
    low, high = with_spread(SPREAD, usual_if_lost=4.0).interval(probability, np.full(101, 5.0))
    assert (low <= high).all()
    assert (low[-1], high[-1]) == (4.0, 4.0)


def test_the_total_of_those_who_stay_is_right(clv: ClvModel, later: pl.DataFrame) -> None:
    stayed = later.filter(pl.col("churned") == 0)
    predicted = clv.value_if_retained(features_only(stayed), stayed["cutoff"])
    assert predicted.sum() / stayed["value"].sum() == pytest.approx(1.0, abs=0.15)
    assert np.corrcoef(predicted, stayed["rfm__spent_sum_365d"].to_numpy())[0, 1] > 0.9
    assert (predicted >= 0).all()


def test_the_level_goes_by_the_week(clv: ClvModel, later: pl.DataFrame) -> None:
    def total(days: int) -> float:
        cutoffs = pl.Series([TONIGHT + timedelta(days=days)] * later.height)
        return float(moving.value_if_retained(features_only(later), cutoffs).sum())

    moving = replace(clv, levels=[0.0, np.log(2.0), np.log(8.0)])
    plain = np.exp(predict(clv.retained, features_only(later))).sum()
    assert [total(days) for days in (0, 7, 14, 300)] == pytest.approx([plain, 2 * plain, 8 * plain, 8 * plain])


def test_where_nobody_bought_lately_the_total_learned_from_stands(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    stayed = matrix.filter(pl.col("churned") == 0)
    model = clv_of(matrix, cohort, training.model_copy(update={"lookback_days": 1}))
    predicted = model.value_if_retained(features_only(stayed), pl.Series([TONIGHT] * stayed.height))
    assert predicted.sum() == pytest.approx(stayed["value"].sum())


def test_one_huge_order_does_not_teach_who_is_worth_more(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training, clv: ClvModel
) -> None:
    first = (matrix["churned"] == 0).arg_max()
    huge = matrix.with_columns(value=pl.when(pl.int_range(pl.len()) == first).then(1e7).otherwise("value"))
    model = clv_of(huge, cohort, training)
    among = [predict(found.retained, features_only(matrix)) for found in (clv, model)]
    assert np.corrcoef(*among)[0, 1] > 0.98
    # What was taken off the order is shared among all.
    stayed = huge.filter(pl.col("churned") == 0)
    factor = np.exp(model.levels[0] - clv.levels[0])
    assert factor == pytest.approx(stayed["value"].sum() / (stayed["value"].sum() - 1e7), rel=0.05)


def test_who_leaves_is_worth_the_mean_and_usually_the_median(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training, clv: ClvModel
) -> None:
    assert (clv.value_if_lost, clv.usual_if_lost) == (0.0, 0.0)
    lost = np.tile([-1.0, 0.0, 10.0], matrix.height)[: matrix["churned"].sum() // 3 * 3]
    leavers = matrix.filter(pl.col("churned") == 1)[: len(lost)].with_columns(value=pl.Series(lost))
    model = clv_of(pl.concat([matrix.filter(pl.col("churned") == 0), leavers]), cohort, training)
    assert (model.value_if_lost, model.usual_if_lost) == (pytest.approx(3.0), 0.0)
    assert model.predicted_clv(np.array([0.0, 0.25, 1.0]), np.full(3, 100.0)) == pytest.approx([100, 75.75, 3])
    nobody = clv_of(matrix.filter(pl.col("churned") == 0), cohort, training)
    assert (nobody.value_if_lost, nobody.usual_if_lost) == (0.0, 0.0)


def test_restored_it_is_the_same(clv: ClvModel) -> None:
    found = replace(clv, spread=SPREAD, value_if_lost=1.5, first_day=date(2026, 2, 28))
    assert ClvModel.restore(found.retained, json.loads(json.dumps(found.recipe()))) == found


def test_a_company_that_sells_nothing_is_refused(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    for value in (-1.0, 0.0):
        with pytest.raises(ModelError, match="signs of amounts"):
            clv_of(matrix.with_columns(value=pl.lit(value)), cohort, training)
