import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from models import linear
from models.linear import Linear, fit_linear

DAYS = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
# A column "a" of logarithm 1 at exp(1) - 1, and so on.
BY_HAND = Linear(["a", "b"], median=[1.0, 2.0], mean=[0.0, 1.0], deviation=[1.0, 2.0], slope=[2.0, -1.0])


def known_slopes(rows: int, seed: int) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Leaving grows with `up`, falls with `down`, does not depend on `nothing`; `market` is higher on worse days."""
    random = np.random.default_rng(seed)
    names = ["up", "down", "nothing", "market"]
    columns = {name: random.gamma(2.0, 10.0, rows) for name in names}
    cutoffs = np.arange(rows) % 3
    columns["market"] = columns["market"] + 40.0 * cutoffs
    logs = {name: np.log1p(columns[name]) for name in names}
    churned = random.random(rows) < expit(logs["up"] - logs["down"] + (cutoffs - 1.0))
    return pl.DataFrame(columns), pl.Series(churned).cast(pl.Int8), pl.Series([DAYS[i] for i in cutoffs])


def test_known_slopes_are_found_and_a_worse_day_is_no_slope() -> None:
    features, churned, cutoffs = known_slopes(30_000, seed=1)
    found = fit_linear(features, churned, cutoffs, seed=1)
    up, down, nothing, market = found.slope
    truth = np.array(found.deviation[:2]) * [1, -1]  # of one standard deviation
    assert [up, down] == pytest.approx(truth, rel=0.15)
    assert abs(nothing) < 0.05
    one_day = pl.Series([DAYS[0]] * 30_000)
    assert abs(market) < 0.5 * abs(fit_linear(features, churned, one_day, seed=1).slope[3])


def test_few_customers_do_not_set_many_slopes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty features of one trait, each with an error of its own: no slope is truly larger than another."""
    random = np.random.default_rng(1)
    trait = random.normal(size=300)
    features = pl.DataFrame({f"f{number}": np.exp(trait + 2 * random.normal(size=300)) for number in range(60)})
    churned = pl.Series(random.random(300) < expit(1.5 * trait)).cast(pl.Int8)
    cutoffs = pl.Series([DAYS[row % 3] for row in range(300)])

    def apart() -> tuple[float, float]:
        found = fit_linear(features, churned, cutoffs, seed=1)
        return np.std(found.slope) / np.mean(found.slope), found.score(features).std()

    held_back, deviation = apart()
    monkeypatch.setattr(linear, "CUSTOMERS_ENOUGH", 1)
    set_apart, _ = apart()
    assert held_back < 0.8 * set_apart
    assert deviation == pytest.approx(1.5, rel=0.3)  # log-odds all the same, as those of the trait


def test_terms_by_hand_add_up_to_the_score() -> None:
    e = np.e
    features = pl.DataFrame({"a": [e - 1, None, e**9 - 1, 0.0], "b": [-(e - 1), None, 0.0, e**3 - 1], "c": [9.0] * 4})
    found = BY_HAND.contributions(features)
    # b: (-1 - 1) / 2 = -1 by slope -1; missing: (log 3 - 1) / 2; a is held at 5 standard deviations.
    assert found == pytest.approx(np.array([[2, 1], [2 * np.log(2), (1 - np.log(3)) / 2], [10, 0.5], [0, -1]]))
    assert BY_HAND.score(features) == pytest.approx(found.sum(axis=1))


def test_what_is_missing_counts_as_the_median() -> None:
    features, churned, cutoffs = known_slopes(3000, seed=2)
    missing = features.with_columns(up=pl.when(pl.int_range(pl.len()) % 5 > 0).then("up"))
    median = missing["up"].median()
    found = fit_linear(missing, churned, cutoffs, seed=1)
    assert found.median[0] == median
    filled = missing.with_columns(pl.col("up").fill_null(median))
    assert found.slope == pytest.approx(fit_linear(filled, churned, cutoffs, seed=1).slope)
    assert found.score(missing) == pytest.approx(found.score(filled))


def test_the_average_row_scores_nothing() -> None:
    features, churned, cutoffs = known_slopes(3000, seed=2)
    assert fit_linear(features, churned, cutoffs, seed=1).score(features).mean() == pytest.approx(0.0, abs=0.01)


def test_what_tells_no_customers_of_a_day_apart_is_left_out() -> None:
    features, churned, cutoffs = known_slopes(3000, seed=2)
    season = cutoffs.dt.month().cast(pl.Float64)
    more = features.with_columns(season=season, constant=pl.lit(1.0), nobody=pl.lit(None, pl.Float64))
    assert fit_linear(more, churned, cutoffs, seed=1) == fit_linear(features, churned, cutoffs, seed=1)


def test_restored_it_is_the_same() -> None:
    found = fit_linear(*known_slopes(3000, seed=2), seed=1)
    assert Linear.restore(json.loads(json.dumps(found.recipe()))) == found


def test_of_many_rows_the_seed_decides_which_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "ROWS_ENOUGH", 1000)
    rows = known_slopes(3000, seed=2)
    first = fit_linear(*rows, seed=1)
    assert fit_linear(*rows, seed=1) == first
    assert fit_linear(*rows, seed=2) != first
