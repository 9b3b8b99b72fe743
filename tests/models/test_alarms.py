import re
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from configs.errors import ModelError
from configs.modelling import Training
from models.alarms import (
    Predict,
    refuse_apart,
    refuse_known_only_for_leavers,
    refuse_leaking_features,
    refuse_learning_noise,
    refuse_reversed,
    shuffled_auc,
)
from models.boosting import fit, predict

SEEDS = range(8)


def honest(seed: int, customers: int = 400, cutoffs: int = 10, recent: float = 4.0) -> pl.DataFrame:
    """Rows of customers who come again at every cutoff, with features known before it, and `churned`.

    The busier, the shorter silent and the less likely to leave: `recent` is how clearly. Whoever bought this week
    practically always stays, and some features are known for the busy only.
    """
    random = np.random.default_rng(seed)
    pace = np.repeat(random.gamma(0.8, 0.15, customers), cutoffs)
    rows = len(pace)
    recency = np.minimum(np.floor(random.exponential(1 / (pace + 0.003))), 364.0)
    churned = (random.random(rows) < 1 / (1 + np.exp(recent - recency / 20))).astype(np.int8)
    week = np.where(recency < 7, 1.0 + random.poisson(pace * 7), 0.0)
    gap = np.where(random.poisson(pace * 365) > 1, 1 / (pace + 0.003) + random.normal(size=rows), np.nan)
    region = np.repeat(random.integers(0, 30, customers), cutoffs).astype(float)
    rare = np.where(np.repeat(random.random(customers) < 0.01, cutoffs), random.random(rows), np.nan)
    day = pl.Series([date(2026, 1, 1) + timedelta(days=20 * i) for i in range(cutoffs)] * customers)
    columns = {"recency": recency, "week": week, "gap": gap, "region": region, "rare": rare, "constant": 1.0 + 0 * pace}
    columns |= {f"noise_{i}": random.normal(size=rows) for i in range(5)}
    matrix = pl.DataFrame(columns).with_columns(pl.all().fill_nan(None), nothing=pl.lit(None, pl.Float64))
    return matrix.with_columns(season=day.dt.ordinal_day().cast(pl.Float64), cutoff=day, churned=pl.Series(churned))


def features_of(matrix: pl.DataFrame) -> pl.DataFrame:
    return matrix.drop("cutoff", "churned")


MATRIX = honest(seed=1)
FEATURES, CHURNED = features_of(MATRIX), MATRIX["churned"]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def floats(values: np.ndarray) -> pl.Series:
    """Float64 with nulls for NaN."""
    return pl.Series(values.astype(float)).fill_nan(None)


def known_for(kind: int, share: float, random: np.random.Generator) -> np.ndarray:
    """Which rows: a share of those who left (1) or stayed (0)."""
    return (CHURNED.to_numpy() == kind) & (random.random(len(CHURNED)) < share)


# A feature that leaks


def test_a_feature_that_ranks_too_well_is_named_with_its_auc_in_either_direction(random: np.random.Generator) -> None:
    blurred = CHURNED.to_numpy() + random.normal(scale=0.2, size=len(CHURNED))
    for sign in (1, -1):
        with pytest.raises(ModelError, match=r"leak.*AUC 0\.97 by itself: close \(AUC (1\.000|0\.999)\)\. Give"):
            refuse_leaking_features(FEATURES.with_columns(close=floats(sign * blurred)), CHURNED)


def test_three_of_many_are_named_the_worst_first(random: np.random.Generator) -> None:
    leaks = {
        f"leak_{i}": floats(CHURNED.to_numpy() + random.normal(scale=0.1 * i, size=len(CHURNED))) for i in range(5)
    }
    with pytest.raises(ModelError, match=r"leak_0 \(AUC 1\.000\), leak_1 .*, leak_2 \(AUC \S+\) and 1 more\. Give"):
        refuse_leaking_features(FEATURES.with_columns(**leaks), CHURNED, limit=0.98)


@pytest.mark.parametrize("kind", [0, 1])
def test_whether_a_value_is_there_can_be_the_leak(random: np.random.Generator, kind: int) -> None:
    there = np.where(CHURNED.to_numpy() == kind, random.normal(size=len(CHURNED)), np.nan)
    with pytest.raises(ModelError, match=r"there \(AUC 1\.000\)"):
        refuse_leaking_features(FEATURES.with_columns(there=floats(there)), CHURNED)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("of_the_other", [0.0, 7.0])
def test_the_auc_is_the_best_that_scikit_learn_finds_with_ties_and_nulls_at_either_end(
    random: np.random.Generator, kind: int, of_the_other: float
) -> None:
    """Each of the four cases is best ranked in another way; refused just above its AUC, passed just below."""
    churned = pl.Series([0, 1] * 500)
    value = np.where(churned.to_numpy() == kind, random.integers(0, 8, 1000), np.nan)
    value[(churned.to_numpy() != kind) & (random.random(1000) < 0.5)] = of_the_other
    column = floats(value)
    ways = [float(roc_auc_score(sign * churned, column.fill_null(end))) for sign in (1, -1) for end in (-1.0, 8.0)]
    best = max(ways)
    assert best < 0.98 and sorted(ways)[-2] < best - 0.05
    refuse_leaking_features(column.to_frame("some"), churned, limit=best + 1e-9)
    with pytest.raises(ModelError, match=f"some .AUC {best:.3f}"):
        refuse_leaking_features(column.to_frame("some"), churned, limit=best - 1e-9)


def test_a_leak_is_found_where_few_leave_and_rows_are_sampled(random: np.random.Generator) -> None:
    churned = pl.Series(np.r_[np.ones(60), np.zeros(40_000)])
    leak = floats(churned.to_numpy() * 4 + random.normal(size=40_060))
    with pytest.raises(ModelError, match="leak"):
        refuse_leaking_features(pl.DataFrame({"leak": leak}), churned)


def test_too_few_rows_prove_nothing() -> None:
    churned = pl.Series([1] * 49 + [0] * 500)
    refuse_leaking_features(pl.DataFrame({"same": churned.cast(pl.Float64)}), churned)
    refuse_leaking_features(FEATURES[:0], CHURNED[:0])


@pytest.mark.parametrize("seed", SEEDS)
def test_honest_features_pass(random: np.random.Generator, seed: int) -> None:
    for matrix in (honest(seed), honest(seed, recent=2.0), honest(seed, customers=60, cutoffs=4)):
        features, churned = features_of(matrix), matrix["churned"]
        refuse_leaking_features(features, churned)
        refuse_known_only_for_leavers(features, churned, features["recency"])
        refuse_leaking_features(features, pl.Series(random.permutation(churned.to_numpy())))


# A feature that is known for one kind only


@pytest.mark.parametrize("absent", [np.nan, 0.0])
@pytest.mark.parametrize(("kind", "name"), [(1, "leavers"), (0, "stayers")])
def test_a_feature_known_for_one_kind_only_is_refused(
    random: np.random.Generator, kind: int, name: str, absent: float
) -> None:
    later = np.where(known_for(kind, 0.3, random), random.integers(1, 5, len(CHURNED)), absent)
    features = FEATURES.with_columns(later=floats(later))
    refuse_leaking_features(features, CHURNED)  # which alone does not see it
    with pytest.raises(ModelError, match=rf"one kind of customer only.*later \(100\.0% {name} of [\d,]+ rows\)\. Give"):
        refuse_known_only_for_leavers(features, CHURNED, FEATURES["recency"])


def test_a_few_of_the_other_kind_do_not_hide_it(random: np.random.Generator) -> None:
    known = known_for(1, 0.9, random)
    slips = random.choice(np.flatnonzero(CHURNED.to_numpy() == 0), 20, replace=False)
    known[slips[:3]] = True
    with pytest.raises(ModelError, match=r"later \(99\.\d% leavers"):
        refuse_known_only_for_leavers(
            pl.DataFrame({"later": floats(np.where(known, 1.0, np.nan))}), CHURNED, FEATURES["recency"]
        )
    known[slips] = True
    refuse_known_only_for_leavers(
        pl.DataFrame({"later": floats(np.where(known, 1.0, np.nan))}), CHURNED, FEATURES["recency"]
    )


def test_what_silence_explains_is_no_leak(random: np.random.Generator) -> None:
    """All who bought within the week stay: known for stayers only, and known before the cutoff."""
    recency = floats(random.integers(0, 100, 5000))
    churned = ((recency > 40) & pl.Series(random.random(5000) < 0.6)).cast(pl.Int8)
    this_week = recency.to_frame("x").select(pl.when(pl.col("x") < 7).then("x")).to_series()
    busy = floats(np.where((recency.to_numpy() < 38) & (random.random(5000) < 0.5), 2.0, np.nan))
    features = pl.DataFrame({"this_week": this_week, "busy": busy})
    assert churned.sum() > 1000 and not churned.filter(busy.is_not_null()).sum()
    refuse_known_only_for_leavers(features, churned, recency)
    with pytest.raises(ModelError, match="busy"):
        refuse_known_only_for_leavers(features, churned, recency * 0)


def test_where_nearly_all_stay_anyway_only_a_gulf_counts() -> None:
    """3 % leave: 99.4 % of the loyal staying is honest, all of them staying is not."""
    churned, loyal = np.zeros(20_000, np.int8), np.arange(20_000) < 6_000
    churned[6_000:6_440] = 1
    same = pl.Series(np.zeros(20_000))
    features = pl.DataFrame({"loyal": floats(np.where(loyal, 1.0, np.nan))})
    with pytest.raises(ModelError, match=r"loyal \(100\.0% stayers of 6,000 rows"):
        refuse_known_only_for_leavers(features, pl.Series(churned), same)
    churned[:36] = 1
    refuse_known_only_for_leavers(features, pl.Series(churned), same)


def test_few_rows_prove_nothing() -> None:
    def known_for_the_first(rows: int, of: int) -> None:
        known = floats(np.where(np.arange(of) < rows, 1.0, np.nan))
        churned = pl.Series((np.arange(of) % 3 == 0) | (np.arange(of) < rows)).cast(pl.Int8)
        refuse_known_only_for_leavers(known.to_frame("few"), churned, pl.Series(np.zeros(of)))

    known_for_the_first(70, of=4_000)  # 47 stayers among as many of their peers
    known_for_the_first(99, of=20_000)  # less than 0.5 %
    for rows, of in ((80, 4_000), (101, 20_000)):
        with pytest.raises(ModelError, match=f"few .100.0% leavers of {rows} rows"):
            known_for_the_first(rows, of)
    for rows in (0, 1):
        refuse_known_only_for_leavers(FEATURES[:rows], CHURNED[:rows], FEATURES["recency"][:rows])


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


def test_a_model_that_sees_the_true_labels_is_refused(random: np.random.Generator) -> None:
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
