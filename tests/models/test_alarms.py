"""Labels upside down, models that learn from nothing and nights of another making are refused; honest ones pass."""

import re
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.modelling import Training
from models.alarms import Predict, refuse_apart, refuse_learning_noise, refuse_reversed, shuffled_auc
from models.boosting import fit, predict
from tests.models.honest import CHURNED, FEATURES, MATRIX, SEEDS, features_of, floats, honest

# Reversed labels


def test_reversed_labels_are_refused() -> None:
    refuse_reversed(CHURNED, FEATURES["recency"])
    with pytest.raises(ModelError, match=r"reversed: the [\d,]+ leavers bought more recently.*AUC of \S+ 0\.[0-4]"):
        refuse_reversed(1 - CHURNED, FEATURES["recency"])


@pytest.mark.parametrize("seed", range(40))
def test_recency_that_says_nothing_is_noise_not_reversal(seed: int) -> None:
    random = np.random.default_rng(seed)
    churned, recency = pl.Series(random.integers(0, 2, 300)), floats(random.integers(0, 9, 300))
    refuse_reversed(churned, recency)
    refuse_reversed(1 - churned, recency)


def test_reversal_needs_rows_with_a_known_recency() -> None:
    refuse_reversed(pl.Series([1] * 49 + [0] * 49), floats(np.arange(98)))
    refuse_reversed(CHURNED, FEATURES["nothing"])
    with pytest.raises(ModelError, match="the 50 leavers .* the 50 stayers"):
        refuse_reversed(pl.Series([1] * 50 + [0] * 50 + [1] * 900), floats(np.r_[np.arange(100), np.full(900, np.nan)]))


# Learning from nothing

TRAIN, TEST = honest(seed=2, customers=200), honest(seed=3, customers=300, cutoffs=1)
NOISE_TRAINING = Training(rounds=20)


def fit_trees(features: pl.DataFrame, churned: pl.Series) -> Predict:
    booster = fit(features, churned, NOISE_TRAINING, objective="binary")
    return lambda later: predict(booster, later)


def shuffled(learn: Callable[[pl.DataFrame, pl.Series], Predict], seed: int = 1) -> float:
    return shuffled_auc(learn, features_of(TRAIN), TRAIN["churned"], features_of(TEST), TEST["churned"], seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_honest_model_learns_nothing_from_shuffled_labels(seed: int) -> None:
    found = shuffled(fit_trees, seed)
    assert found == pytest.approx(0.5, abs=0.02)
    refuse_learning_noise(found, TEST["churned"])


def test_a_model_that_sees_the_true_labels_is_refused() -> None:
    random = np.random.default_rng(5)
    learning = shuffled(lambda features, _: fit_trees(features, TRAIN["churned"]))
    peeking = shuffled(lambda *_: lambda _: TEST["churned"].to_numpy() + random.normal(size=TEST.height))
    for found in (learning, peeking):
        with pytest.raises(ModelError, match=f"shuffled labels.*AUC {found:.3f}; 0.5 within"):
            refuse_learning_noise(found, TEST["churned"])


def test_labels_are_shuffled_all_of_them_and_the_seed_decides_how() -> None:
    given: list[np.ndarray] = []

    def remember(features: pl.DataFrame, churned: pl.Series) -> Predict:
        given.append(churned.to_numpy())
        return lambda later: later["recency"].to_numpy()

    for seed in (1, 1, 2):
        shuffled(remember, seed)
    truth = TRAIN["churned"].to_numpy()
    assert given[0].sum() == truth.sum() and abs(np.corrcoef(given[0], truth)[0, 1]) < 0.1
    assert (given[1] == 1 - given[0]).all()
    assert (given[2] == given[0]).all() and (given[4] != given[0]).any()


def test_the_tolerance_widens_where_rows_are_few() -> None:
    many, few = pl.Series([0, 1] * 5000), pl.Series([0, 1] * 50)
    for found in (0.451, 0.549):
        refuse_learning_noise(found, many)
    for found in (0.44, 0.56, float("nan")):
        with pytest.raises(ModelError, match="within 0.050"):
            refuse_learning_noise(found, many)
    refuse_learning_noise(0.67, few)  # three errors are 0.174
    with pytest.raises(ModelError, match="50 leavers and 50 stayers.*within 0.174"):
        refuse_learning_noise(0.68, few)
    refuse_learning_noise(0.9, pl.Series([1, 0]))


# Matrices apart

TONIGHT = features_of(honest(seed=9, customers=300, cutoffs=1)).with_columns(season=pl.lit(200.0))


def apart(tonight: pl.DataFrame, train: pl.DataFrame = FEATURES) -> None:
    refuse_apart(train, MATRIX["cutoff"], tonight)


@pytest.mark.parametrize("seed", SEEDS)
def test_another_night_of_the_same_company_passes(seed: int) -> None:
    """Season is the same for everybody tonight, at a value that training never had; and that is as it should be."""
    for customers in (1, 5, 300):
        tonight = features_of(honest(seed + 100, customers=customers, cutoffs=1)).with_columns(season=pl.lit(200.0))
        apart(tonight)
    apart(tonight[:0])


@pytest.mark.parametrize(
    ("tonight", "said"),
    [
        (TONIGHT.drop("week"), "missing: week"),
        (TONIGHT.with_columns(new=pl.lit(1.0)), "not known to the model: new"),
        (TONIGHT.select(reversed(TONIGHT.columns)), "order differs"),
        (TONIGHT.with_columns(pl.col("week").cast(pl.Int64)), "week is Int64"),
        (
            TONIGHT.with_columns(recency=pl.lit(None, pl.Float64)),
            "recency (absent in 0.0% of training, 100.0% tonight)",
        ),
        (TONIGHT.with_columns(noise_1=pl.lit(7.5)), "noise_1 (7.5 for all tonight, for 0.0% of training)"),
        (TONIGHT.with_columns(pl.lit(9.0).alias(f"noise_{i}") for i in range(5)), " and 2 more"),
    ],
)
def test_matrices_that_are_apart_are_refused(tonight: pl.DataFrame, said: str) -> None:
    with pytest.raises(ModelError, match=re.escape(said)):
        apart(tonight)


def test_columns_of_training_that_are_not_float64_are_refused() -> None:
    with pytest.raises(ModelError, match="week is Float32"):
        apart(TONIGHT, FEATURES.with_columns(pl.col("week").cast(pl.Float32)))


def test_a_window_in_which_nothing_happened_passes() -> None:
    apart(TONIGHT.with_columns(week=pl.lit(0.0), rare=pl.lit(None, pl.Float64)))


def test_few_rows_tonight_may_be_alike_or_empty() -> None:
    apart(TONIGHT[:199].with_columns(noise_1=pl.lit(7.5)))
    apart(TONIGHT[:19].with_columns(recency=pl.lit(None, pl.Float64)))


def test_nearly_always_and_nearly_never_is_where_absence_counts() -> None:
    def thinned(matrix: pl.DataFrame, share: float) -> pl.DataFrame:
        kept = np.arange(matrix.height) >= share * matrix.height
        return matrix.with_columns(pl.when(pl.Series(kept)).then("recency").alias("recency"))

    apart(thinned(TONIGHT, 0.94))
    apart(thinned(TONIGHT, 0.96), thinned(FEATURES, 0.06))
    with pytest.raises(ModelError, match="absent in 4.0% of training, 96.0% tonight"):
        apart(thinned(TONIGHT, 0.96), thinned(FEATURES, 0.04))
