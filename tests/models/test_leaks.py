"""Features that know the answer are refused, whatever hides them; honest ones pass."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from configs.errors import ModelError
from models.leaks import refuse_known_only_for_leavers, refuse_leaking_features
from tests.models.honest import CHURNED, FEATURES, SEEDS, features_of, floats, honest


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


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
