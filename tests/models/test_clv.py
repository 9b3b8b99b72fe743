import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from configs.errors import ModelError
from configs.modelling import Training, ValueModel
from models.boosting import predict
from models.clv import ClvModel, tail_limit, train_clv, with_spread
from models.pair import features_only
from models.spread import Spread, always
from tests.models.conftest import TONIGHT

RETURNS = Spread([10.0], [[-1.0] * 100, [5.0] * 100], [-2.0, 4.0])
EVEN = Spread([], [((np.arange(100) + 0.5) / 50).tolist()], [1.0])


def clv_of(rows: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> ClvModel:
    return train_clv(features_only(rows), rows.select("cutoff", "churned", "value"), cohort, training)


def untrained(value_model: ValueModel = "hurdle", lost: Spread = RETURNS) -> ClvModel:
    """A model whose trees are not asked."""
    return ClvModel(value_model, None, TONIGHT, [0.0], lost, EVEN)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clv(matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> ClvModel:
    return clv_of(matrix, cohort, training)


def test_both_figures_and_the_interval_by_hand() -> None:
    amount, probability = np.array([8.0, 100.0, 100.0]), np.array([0.5, 0.25, 1.0])
    model = untrained()
    assert model.value_if_retained(amount, probability).tolist() == [8, 100, 100]
    assert model.predicted_clv(amount, probability).tolist() == [8 / 2 - 2 / 2, 75 + 4 / 4, 4]
    low, high = model.interval(amount, probability)
    # 8: half at -1, half from 0 to 16. 100: a quarter at 5, the others evenly from 0 to 200, 3/160 of all below 5.
    assert low == pytest.approx([-1, 5, 5], abs=0.01)
    assert high == pytest.approx([16 * 0.3 / 0.5, 200 * (0.8 + 0.01875 - 0.25) / 0.75, 5], abs=1.1)


def test_what_everybody_brings_is_shared_among_those_who_stay() -> None:
    model = untrained("tweedie")
    amount, probability = np.array([8.0, 30.0, 30.0, 30.0]), np.array([0.5, 0.5, 0.9, 0.99])
    # (8 + 0.5 x 2) / 0.5; (30 - 0.5 x 4) / 0.5; (30 - 0.9 x 4) / 0.1; no chance of staying counts as less than a tenth.
    assert model.value_if_retained(amount, probability) == pytest.approx([18, 56, 264, (30 - 0.99 * 4) / 0.1])
    assert model.predicted_clv(amount, probability)[:3] == pytest.approx([8, 30, 30])
    assert model.value_if_retained(np.array([10.0]), np.array([1.0])).tolist() == [60.0]
    assert model.value_if_retained(np.array([12.0]), np.array([0.0])).tolist() == [12.0]
    assert untrained("tweedie", always(50.0)).value_if_retained(np.array([12.0]), np.array([0.9])).tolist() == [0.0]


def test_the_spread_leaves_the_level_out() -> None:
    random = np.random.default_rng(2)
    amount, ratio = np.linspace(100, 200, 60), random.permutation(np.linspace(0, 2, 60))
    for level in (1.0, 3.0):
        model = with_spread(untrained(), amount, np.full(60, 0.5), level * amount * ratio / ratio.mean())
        assert model.spread.means == pytest.approx([1.0], abs=0.04)


def test_the_tail_begins_where_no_single_customer_can_move_it() -> None:
    pareto = (1 - (np.arange(5000) + 0.5) / 5000) ** -0.5  # 20 % above 2.2, 2 % above 7.1, 0.1 % above 31.6
    assert tail_limit(pareto) == pytest.approx(31.6, rel=0.06)
    assert tail_limit(np.append(pareto, np.zeros(5000))) == tail_limit(pareto)  # who brought nothing says nothing
    absurd = np.append(pareto, [1e9] * 40)  # one of 125 customers, at every of 40 cutoffs
    assert 31 < tail_limit(absurd) < 60


def test_the_total_of_those_who_stay_is_right(clv: ClvModel, later: pl.DataFrame) -> None:
    stayed = later.filter(pl.col("churned") == 0)
    predicted = clv.amount(features_only(stayed), stayed["cutoff"])
    assert predicted.sum() / stayed["value"].sum() == pytest.approx(1.0, abs=0.15)
    assert np.corrcoef(predicted, stayed["rfm__spent_sum_365d"].to_numpy())[0, 1] > 0.9
    assert (predicted >= 0).all()


def test_the_level_goes_by_the_week(clv: ClvModel, later: pl.DataFrame) -> None:
    def total(days: int) -> float:
        cutoffs = pl.Series([TONIGHT + timedelta(days=days)] * later.height)
        return float(moving.amount(features_only(later), cutoffs).sum())

    moving = replace(clv, levels=[0.0, np.log(2.0), np.log(8.0)])
    plain = np.exp(predict(clv.trees, features_only(later))).sum()
    assert [total(days) for days in (0, 7, 14, 300)] == pytest.approx([plain, 2 * plain, 8 * plain, 8 * plain])


def test_where_nobody_bought_lately_the_total_learned_from_stands(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    stayed = matrix.filter(pl.col("churned") == 0)
    model = clv_of(matrix, cohort, training.model_copy(update={"lookback_days": 1}))
    predicted = model.amount(features_only(stayed), pl.Series([TONIGHT] * stayed.height))
    assert predicted.sum() == pytest.approx(stayed["value"].sum())


@pytest.mark.parametrize("huge", [1e5, 1e7, 1e12])
def test_one_huge_order_neither_teaches_who_is_worth_more_nor_lifts_the_total(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training, clv: ClvModel, huge: float
) -> None:
    first = (matrix["churned"] == 0).arg_max()
    rows = matrix.with_columns(value=pl.when(pl.int_range(pl.len()) == first).then(huge).otherwise("value"))
    model = clv_of(rows, cohort, training)
    among = [predict(found.trees, features_only(matrix)) for found in (clv, model)]
    assert np.corrcoef(*among)[0, 1] > 0.98
    # Of the order the limit is learned from, and the limit once more is put back: of about 60,000 in all.
    stayed = matrix.filter(pl.col("churned") == 0)["value"].to_numpy()
    share = tail_limit(stayed) / stayed.sum()
    assert share < 0.02
    assert 0 < model.levels[0] - clv.levels[0] < 3 * share


def test_returns_of_those_who_stay_lower_the_total(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training, clv: ClvModel
) -> None:
    stayed, every_tenth = pl.col("churned") == 0, pl.int_range(pl.len()) % 10 == 0
    returned = clv_of(
        matrix.with_columns(value=pl.when(stayed & every_tenth).then(-20.0).otherwise("value")), cohort, training
    )
    nothing = clv_of(
        matrix.with_columns(value=pl.when(stayed & every_tenth).then(0.0).otherwise("value")), cohort, training
    )
    kept = matrix.filter(stayed & ~every_tenth)["value"].sum()
    lost = 20.0 * matrix.filter(stayed & every_tenth).height
    assert np.exp(returned.levels[0] - nothing.levels[0]) == pytest.approx(1 - lost / kept, rel=0.01)


def test_who_leaves_is_worth_what_others_like_them_were(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training, clv: ClvModel
) -> None:
    assert set(clv.lost.means) == {0.0}
    larger = pl.col("rfm__spent_sum_365d") > 40
    back = pl.when(pl.col("churned") == 0).then("value").when(larger).then(5.0).otherwise(-1.0)
    model = clv_of(matrix.with_columns(value=back), cohort, training)
    assert model.lost.means[0] == pytest.approx(-1.0, abs=0.5) and model.lost.means[-1] == pytest.approx(5.0)
    one = pl.int_range(pl.len()) == (matrix["churned"] == 1).arg_max()
    absurd = matrix.with_columns(value=pl.when(one).then(-1e9).otherwise("value"))
    assert min(clv_of(absurd, cohort, training).lost.means) > -50  # a return counts for no more than a large value
    nobody = clv_of(matrix.filter(pl.col("churned") == 0), cohort, training)
    assert nobody.lost == always(0.0)


@pytest.mark.parametrize("value_model", ["hurdle", "tweedie", "lognormal"])
def test_every_value_model_ranks_and_has_the_right_total(
    matrix: pl.DataFrame, cohort: pl.DataFrame, later: pl.DataFrame, training: Training, value_model: ValueModel
) -> None:
    model = clv_of(matrix, cohort, training.model_copy(update={"value_model": value_model}))
    probability = expit((later["rfm__recency_days"].to_numpy() - 40) / 15)  # the truth
    amount = model.amount(features_only(later), later["cutoff"])
    predicted = model.predicted_clv(amount, probability)
    assert predicted.sum() == pytest.approx(later["value"].sum(), rel=0.1)
    truth = (1 - probability) * later["rfm__spent_sum_365d"].to_numpy()
    assert np.corrcoef(np.argsort(np.argsort(predicted)), np.argsort(np.argsort(truth)))[0, 1] > 0.8
    retained = model.value_if_retained(amount, probability)
    likely = probability < 0.8
    assert np.corrcoef(retained[likely], later["rfm__spent_sum_365d"].to_numpy()[likely])[0, 1] > 0.6


def test_restored_it_is_the_same(clv: ClvModel) -> None:
    found = replace(clv, spread=EVEN, lost=RETURNS, first_day=date(2026, 2, 28))
    assert ClvModel.restore(found.trees, json.loads(json.dumps(found.recipe()))) == found


def test_a_company_that_sells_nothing_is_refused(
    matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> None:
    for value in (-1.0, 0.0):
        with pytest.raises(ModelError, match="signs of amounts"):
            clv_of(matrix.with_columns(value=pl.lit(value)), cohort, training)
