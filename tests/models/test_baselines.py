import numpy as np
import polars as pl
import pytest

from models.baselines import RECENCY, SPENT, Opponents, opponents, opponents_within, recency_score, train_logistic
from models.metrics import auc
from models.pair import features_only
from tests.models.conftest import TONIGHT, labelled_matrix

HISTORY_DAYS, AHEAD_DAYS = 400.0, 90.0


def shop(customers: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Customers who buy at a rate of their own until they leave: what is known of them (`visits`), and a matrix with
    what happened in the 90 days after."""
    random = np.random.default_rng(seed)
    visits, rows = [], []
    for i in range(customers):
        rate, left = random.gamma(2.0, 0.02), random.exponential(300.0)
        age = random.uniform(30, HISTORY_DAYS)
        days = np.cumsum(random.exponential(1 / rate, 200))
        known, ahead = days[(days < min(age, left))], days[(days >= age) & (days < min(age + AHEAD_DAYS, left))]
        worth = random.gamma(6.0, 10.0)
        latest = known[-1] if len(known) else 0.0
        spent = worth * (1 + len(known))
        visits.append((f"C{i:05d}", float(len(known)), latest, age, worth if len(known) else 0.0))
        rows.append((age - latest, spent, int(not len(ahead)), worth * len(ahead)))
    seen = pl.DataFrame(visits, schema=["customer_id", "frequency", "recency", "age", "value"], orient="row")
    silence, spent, churned, value = (pl.Series(column) for column in zip(*rows, strict=True))
    labels = {"churned": churned.cast(pl.Int8), "value": value}
    matrix = labelled_matrix(customers, seed, [TONIGHT]).with_columns(**{RECENCY: silence, SPENT: spent}, **labels)
    return seen, matrix.with_columns(rfm__orders_count_lifetime=seen["frequency"] + 1)


VISITS, TEST = shop(800, seed=5)
TRAIN = shop(800, seed=6)[1]


@pytest.fixture(scope="module")
def rivals() -> Opponents:
    return opponents(TRAIN, TEST, VISITS, churn_days=90, clv_days=90)


def test_every_opponent_is_named_and_scores_the_likelier_leavers_higher(rivals: Opponents) -> None:
    churned = TEST["churned"].to_numpy()
    found = {name: auc(churned, score) for name, score in rivals.churn.items()}
    assert list(found) == ["recency", "logistic RFM", "BG/NBD", "Pareto/NBD"]
    assert min(found.values()) > 0.65
    assert found["BG/NBD"] > found["recency"]  # the shop is the one that it assumes


def test_every_opponent_says_who_is_worth_more(rivals: Opponents) -> None:
    assert list(rivals.value) == ["last year's spend", "BG/NBD with Gamma-Gamma", "Pareto/NBD with Gamma-Gamma"]
    value = TEST["value"].to_numpy()
    for score in rivals.value.values():
        assert np.corrcoef(score, value)[0, 1] > 0.3
    assert rivals.value["last year's spend"].tolist() == TEST[SPENT].to_list()
    assert rivals.value["Pareto/NBD with Gamma-Gamma"].sum() == pytest.approx(value.sum(), rel=0.2)


def test_the_horizon_of_value_is_its_own(rivals: Opponents) -> None:
    longer = opponents(TRAIN, TEST, VISITS, churn_days=90, clv_days=365)
    assert longer.churn["BG/NBD"].tolist() == rivals.churn["BG/NBD"].tolist()
    ratio = longer.value["BG/NBD with Gamma-Gamma"].sum() / rivals.value["BG/NBD with Gamma-Gamma"].sum()
    assert 2 < ratio < 365 / 90


def test_scores_are_of_the_rows_of_the_test_whatever_the_order_of_visits(rivals: Opponents) -> None:
    some = TEST[::-1][:100]
    found = opponents(TRAIN, some, VISITS, 90, 90)
    for name in ("BG/NBD", "Pareto/NBD"):
        assert found.churn[name] == pytest.approx(rivals.churn[name][::-1][:100])


def test_who_never_bought_is_likeliest_to_leave_and_worth_nothing() -> None:
    found = opponents(TRAIN, TEST, VISITS[1:], 90, 90)
    for name in ("BG/NBD", "Pareto/NBD"):
        assert found.churn[name][0] == found.churn[name].max() == 0.0
        assert found.value[f"{name} with Gamma-Gamma"][0] == 0.0


def test_models_that_cannot_be_fitted_are_left_out() -> None:
    once = VISITS.with_columns(frequency=0.0, recency=0.0, value=0.0)
    found = opponents(TRAIN, TEST, once, 90, 90)
    assert (list(found.churn), list(found.value)) == (["recency", "logistic RFM"], ["last year's spend"])
    free = opponents(TRAIN, TEST, VISITS.with_columns(value=0.0), 90, 90)
    assert list(free.churn) == ["recency", "logistic RFM", "BG/NBD", "Pareto/NBD"]
    assert list(free.value) == ["last year's spend"]


def test_recency_ranks_by_silence_and_never_bought_comes_first() -> None:
    features = pl.DataFrame({RECENCY: [3.0, None, 40.0]})
    assert recency_score(features).tolist() == [3.0, 40.0, 40.0]


def test_the_logistic_regression_learns_and_survives_missing_and_negative_values(matrix: pl.DataFrame) -> None:
    features = features_only(matrix).with_columns(
        pl.when(pl.int_range(pl.len()) % 7 > 0).then(-pl.col("rfm__spent_sum_90d")).alias("rfm__spent_sum_90d")
    )
    opponent = train_logistic(features, matrix["churned"])
    assert auc(matrix["churned"].to_numpy(), opponent.probability(features)) > 0.8


def test_opponents_that_are_features_need_no_training() -> None:
    features = pl.DataFrame(
        {RECENCY: [3.0, None, 9.0], "btyd__buys_90d": [2.0, 0.5, None], "rfm__spent_sum_365d": [10.0, None, 5.0]}
    )
    found = opponents_within(features)
    assert {name: score.tolist() for name, score in found.churn.items()} == {
        "recency": [3.0, 9.0, 9.0],
        "BG/NBD": [-2.0, -0.5, 0.0],
    }
    assert {name: score.tolist() for name, score in found.value.items()} == {"last year's spend": [10.0, 0.0, 5.0]}
    assert opponents_within(pl.DataFrame({"other": [1.0]})) == Opponents({}, {})
