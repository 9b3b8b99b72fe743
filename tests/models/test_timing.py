import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from configs.modelling import Churn, Training
from models.calibrate import Calibrator
from models.metrics import auc, calibration_error
from models.pair import features_only
from models.timing import Timing, Within, further_columns, train_timing
from tests.models.conftest import CHURN, TONIGHT, labelled_matrix, within

CONTRACT = Churn(definition="contract", horizon_days=45, further_horizons=[15, 30])
MATRIX = labelled_matrix(500, seed=3)
STAYED = MATRIX.filter(pl.col("churned") == 0)
LATER = labelled_matrix(1500, seed=4, cutoffs=[TONIGHT])


TRAINING = Training(rounds=100, learning_rate=0.1)


def learned(
    labelled: pl.DataFrame, chance: np.ndarray | float = 0.5, churn: Churn = CHURN, cohort: pl.DataFrame = LATER
) -> Timing:
    """What is learned from labelled rows for a cohort whose customers leave with the chance given."""
    chances = np.full(cohort.height, 1.0) * chance
    return train_timing(features_only(labelled), labelled, cohort, chances, churn, TRAINING)


def shares(timing: Timing, rows: pl.DataFrame = LATER) -> list[np.ndarray]:
    """F_d of each further horizon, the shortest first."""
    return list(timing.probabilities(np.ones(rows.height), features_only(rows), rows["cutoff"]).values())


def constant(days: int, share: float) -> Within:
    return Within(days, None, Calibrator(TONIGHT, [float(logit(share))]))


def test_the_chance_is_split_and_never_falls() -> None:
    rows = pl.DataFrame({"cutoff": [TONIGHT] * 3, "x": [1.0, 2.0, 3.0]})
    timing = Timing([constant(7, 0.2), constant(14, 0.5), constant(21, 0.4), constant(28, 0.9)])
    found = timing.probabilities(np.array([0.5, 0.1, 1.0]), rows.select("x"), rows["cutoff"])
    # After 21 days no less than after 14; within the whole horizon, the whole chance.
    assert list(found) == [f"churn_probability_{days}d" for days in (7, 14, 21, 28)]
    by_row = [list(row) for row in zip(*found.values(), strict=True)]
    assert by_row == [
        pytest.approx([0.10, 0.25, 0.25, 0.45]),
        pytest.approx([0.02, 0.05, 0.05, 0.09]),
        pytest.approx([0.20, 0.50, 0.50, 0.90]),
    ]
    assert Timing().probabilities(np.array([0.5]), rows[:1].select("x"), rows[:1]["cutoff"]) == {}


def test_who_orders_soon_is_known_among_those_who_stay() -> None:
    chance = LATER["churned"].to_numpy().astype(float)  # a model that is never wrong of whether
    stayed = LATER.filter(pl.col("churned") == 0)
    for days, share in zip((15, 30), shares(learned(MATRIX, chance), stayed), strict=True):
        early, true = (stayed["event_days"] < days).to_numpy().astype(float), within(days, stayed)
        assert auc(early, share) > auc(early, true) - 0.03 > 0.55
        assert share.mean() == pytest.approx(true.mean(), abs=0.05)
        assert calibration_error(early, share) < 0.07


@pytest.mark.parametrize("churn", [CHURN, CONTRACT], ids=lambda churn: churn.definition)
def test_the_level_is_that_of_those_in_whom_something_is_seen(churn: Churn) -> None:
    # Of every ten seen at a cutoff four were early, those who order most. They leave more often than others too: of
    # those seen to end a contract many are early, of those seen to buy few, and yet the mean of each must be 0.4.
    labelled = MATRIX.filter(pl.col("churned") == (churn is CONTRACT)).sort("cutoff", "rfm__orders_count_90d")
    late = (pl.int_range(pl.len()) / pl.len()).over("cutoff") < 0.6
    labelled = labelled.with_columns(event_days=pl.when(late).then(40).otherwise(3).cast(pl.Int16))
    chance = np.where(LATER["rfm__orders_count_90d"] > 40, 0.9, 0.1)
    share = shares(learned(labelled, chance, churn))[0]
    weights, others = (chance, 1 - chance) if churn is CONTRACT else (1 - chance, chance)
    assert np.average(share, weights=weights) == pytest.approx(0.4, abs=0.01)
    assert abs(np.average(share, weights=others) - 0.4) > 0.1


def test_of_a_contract_leavers_tell_when() -> None:
    # Contracts end on the day of their renewal, and of the others nothing is known.
    def renewing(matrix: pl.DataFrame) -> pl.DataFrame:
        days = pl.Series(np.random.default_rng(1).integers(0, 45, matrix.height))
        ended = pl.when(pl.col("churned") == 1).then(days.cast(pl.Int16))
        return matrix.with_columns(renewal=days.cast(pl.Float64), event_days=ended)

    labelled, later = renewing(MATRIX), renewing(LATER)
    chance = np.full(later.height, 0.4)
    timing = learned(labelled, chance, CONTRACT, later)
    found = timing.probabilities(chance, features_only(later), later["cutoff"])
    sooner = (later["renewal"] < 15).to_numpy()
    assert found["churn_probability_15d"][sooner].mean() > 0.3 > 0.1 > found["churn_probability_15d"][~sooner].mean()
    assert (found["churn_probability_15d"] <= found["churn_probability_30d"]).all()
    assert found["churn_probability_30d"].max() <= 0.4


def test_the_level_follows_the_course_of_the_cutoffs() -> None:
    # Each cutoff later than the one before: of the five, the latest tells most of tonight.
    falling = STAYED.with_columns(
        pl.when(pl.int_range(pl.len()).over("cutoff") % 10 < 8 - pl.col("cutoff").rank("dense"))
        .then(pl.lit(3))
        .otherwise(pl.lit(40))
        .cast(pl.Int16)
        .alias("event_days")
    )
    rates = falling.group_by("cutoff").agg((pl.col("event_days") < 15).mean()).sort("cutoff")["event_days"].to_list()
    assert rates == pytest.approx([0.7, 0.6, 0.5, 0.4, 0.3], abs=0.01)
    found = shares(learned(falling))[0].mean()
    assert 0.2 < found < 0.4
    in_half_a_year = LATER.with_columns(pl.col("cutoff") + timedelta(weeks=26))
    assert shares(learned(falling), in_half_a_year)[0].mean() > found + 0.05  # it tends to what is usual


def test_too_few_to_learn_from_share_what_was_observed() -> None:
    # Of nine who stayed three ordered within 15 days and six within 30; one more is spread over the 45 days.
    nine = STAYED[:9].with_columns(event_days=pl.Series([0, 7, 14, 15, 20, 29, 30, 40, 44], dtype=pl.Int16))
    left = MATRIX.filter(pl.col("churned") == 1)
    timing = learned(pl.concat([nine, left]))
    assert [part.trees for part in timing.horizons] == [None, None]
    fifteen, thirty = shares(timing)
    assert fifteen == pytest.approx(np.full(LATER.height, (3 + 15 / 45) / 10))
    assert thirty == pytest.approx(np.full(LATER.height, (6 + 30 / 45) / 10))
    assert [share[0] for share in shares(learned(left))] == pytest.approx([15 / 45, 30 / 45])  # nobody stayed


@pytest.mark.parametrize(("early", "told_apart"), [(49, False), (50, True), (150, True), (151, False)])
def test_customers_are_told_apart_from_fifty_of_each_kind_on(early: int, told_apart: bool) -> None:
    days = [0] * early + [40] * (200 - early)
    rows = STAYED[:200].with_columns(event_days=pl.Series(days, dtype=pl.Int16))
    assert (learned(rows).horizons[0].trees is not None) == told_apart
    assert (np.ptp(shares(learned(rows))[0]) > 0) == told_apart


def test_labels_of_the_day_scored_change_nothing() -> None:
    without = LATER.drop("churned", "value", "event_days")
    assert learned(MATRIX, cohort=without).recipe() == learned(MATRIX, cohort=LATER).recipe()


def test_restored_it_is_the_same() -> None:
    timing = learned(MATRIX)
    few = learned(STAYED[:9])
    for made in (timing, few):
        restored = Timing.restore(json.loads(json.dumps(made.recipe())))
        assert restored.recipe() == made.recipe()
        assert all((a == b).all() for a, b in zip(shares(restored), shares(made), strict=True))
    assert [horizon["days"] for horizon in timing.recipe()] == [15, 30]


def test_columns_of_further_horizons() -> None:
    columns = ["customer_id", "churn_probability", "churn_probability_60d", "churn_probability_7d", "value_at_risk_7d"]
    assert list(further_columns(columns).items()) == [(7, "churn_probability_7d"), (60, "churn_probability_60d")]
