from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from models.reference import bought_within, expected_share, expected_values

RECENT_DAYS, EACH = 90, 300
# Two years, the last of which ends a quarter before the day asked about.
DAYS = [date(2024, 1, 1) + timedelta(days=30 * i) for i in range(25)]
TONIGHT = DAYS[-1] + timedelta(days=90)
AHEAD = [TONIGHT + timedelta(weeks=weeks) for weeks in (0, 13, 26)]


def season(day: date) -> float:
    return 0.9 * np.sin(2 * np.pi * day.toordinal() / 365.25)


def chance(recency: np.ndarray, day: date) -> np.ndarray:
    """Of leaving: it grows with the silence, and of those who bought lately it swings with the season."""
    recent = recency < RECENT_DAYS
    return expit(np.where(recent, season(day) - 1.5 + 0.5 * np.log1p(recency), 1.0 + recency / 200))


def rows_of(day: date, random: np.random.Generator, rows: int = EACH, recent: float = 0.6) -> pl.DataFrame:
    """Customers of a day: `recent` of them bought lately, and what they spent says nothing of leaving."""
    silence = np.where(np.arange(rows) < recent * rows, 0.0, RECENT_DAYS) + random.integers(0, RECENT_DAYS, rows)
    orders, spent = random.poisson(3.0, rows).astype(float), random.gamma(2.0, 50.0, rows)
    churned = (random.random(rows) < chance(silence, day)).astype(np.int8)
    return pl.DataFrame(
        {
            "cutoff": [day] * rows,
            "rfm__recency_days": silence,
            "rfm__orders_count_90d": orders,
            "rfm__orders_count_365d": orders * 4,
            "rfm__spent_sum_90d": spent,
            "churned": churned,
        }
    )


RANDOM = np.random.default_rng(11)
LABELLED = pl.concat([rows_of(day, RANDOM) for day in DAYS])
COHORT = rows_of(TONIGHT, RANDOM).drop("churned")


def truth(cohort: pl.DataFrame, day: date) -> float:
    return float(chance(cohort["rfm__recency_days"].to_numpy(), day).mean())


def test_the_share_follows_the_season_where_the_latest_rate_does_not() -> None:
    found = expected_share(COHORT, LABELLED, RECENT_DAYS, AHEAD)
    true = np.array([truth(COHORT, day) for day in AHEAD])
    latest = LABELLED.filter(pl.col("cutoff") == DAYS[-1])["churned"].to_numpy().mean()
    assert np.ptp(true) > 0.15
    assert found == pytest.approx(true, abs=0.05)  # so strong a season is trusted a little less than it deserves
    assert np.abs(found - true).max() < 0.3 * np.abs(latest - true).max()


def test_recent_and_silent_customers_both_count() -> None:
    mixed = rows_of(TONIGHT, RANDOM, 1000, recent=0.3)
    recent, silent = mixed.filter(bought_within(RECENT_DAYS)), mixed.filter(~bought_within(RECENT_DAYS))
    of_all, of_recent, of_silent = (
        expected_share(part, LABELLED, RECENT_DAYS, AHEAD) for part in (mixed, recent, silent)
    )
    assert of_all == pytest.approx(0.3 * of_recent + 0.7 * of_silent)
    assert of_recent == pytest.approx([truth(recent, day) for day in AHEAD], abs=0.07)
    assert of_silent == pytest.approx([truth(silent, day) for day in AHEAD], abs=0.04)
    assert np.ptp(of_silent) < 0.03 < np.ptp(of_recent)


def test_who_never_bought_is_silent() -> None:
    never = COHORT.with_columns(rfm__recency_days=pl.lit(None, pl.Float64))
    assert not never.filter(bought_within(RECENT_DAYS)).height
    assert (expected_share(never, LABELLED, RECENT_DAYS, AHEAD) > 0.85).all()


def test_cutoffs_of_few_rows_do_not_count() -> None:
    few = rows_of(TONIGHT, RANDOM, 40).with_columns(churned=pl.lit(1, pl.Int8))
    found = expected_share(COHORT, pl.concat([LABELLED, few]), RECENT_DAYS, AHEAD)
    assert found == pytest.approx(expected_share(COHORT, LABELLED, RECENT_DAYS, AHEAD))


def test_where_too_few_are_known_the_share_of_all_stands() -> None:
    labelled = LABELLED.filter(pl.int_range(pl.len()).over("cutoff") % 10 == 0)
    share = expected_share(COHORT, labelled, RECENT_DAYS, AHEAD)
    assert share == pytest.approx([labelled["churned"].to_numpy().mean()] * 3)


def test_a_group_in_which_everybody_left_has_its_own_share() -> None:
    recent = bought_within(RECENT_DAYS)
    gone = LABELLED.with_columns(churned=pl.when(recent).then("churned").otherwise(1).cast(pl.Int8))
    silent = COHORT.filter(~recent)
    assert expected_share(silent, gone, RECENT_DAYS, AHEAD) == pytest.approx([1.0] * 3)
    mixed = expected_share(COHORT, gone, RECENT_DAYS, AHEAD)  # 180 of the 300 bought lately
    among_recent = expected_share(COHORT.filter(recent), gone, RECENT_DAYS, AHEAD)
    assert mixed == pytest.approx(0.6 * among_recent + 0.4)


def values(days: list[date], seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Customers who bought lately and stayed, and a value that grows with what they spent and swings by season."""
    random = np.random.default_rng(seed)
    rows = pl.concat([rows_of(day, random, 200, recent=1.0) for day in days])
    mean = true_value(rows, [season(day) for day in rows["cutoff"]])
    return rows, mean * random.gamma(4.0, 0.25, rows.height)


def true_value(rows: pl.DataFrame, seasons: object) -> np.ndarray:
    return 3.0 * rows["rfm__spent_sum_90d"].to_numpy() * np.exp(0.4 * np.asarray(seasons))


def test_the_value_of_customers_follows_the_season_too() -> None:
    stayed, value = values(DAYS, seed=1)
    richer = COHORT.filter(pl.col("rfm__spent_sum_90d") > 80)
    found = expected_values(richer, stayed, value, RECENT_DAYS, AHEAD)
    true = np.array([true_value(richer, season(day)).sum() for day in AHEAD])
    assert np.ptp(true) > 0.3 * true.mean()
    assert found == pytest.approx(true, rel=0.07)


def test_no_value_is_expected_where_nothing_is_known() -> None:
    stayed, value = values(DAYS, seed=1)
    assert expected_values(COHORT[:0], stayed, value, RECENT_DAYS, AHEAD) is None
    assert expected_values(COHORT, stayed[:0], value[:0], RECENT_DAYS, AHEAD) is None
    assert expected_values(COHORT, stayed, value * 0, RECENT_DAYS, AHEAD) is None
    assert expected_values(COHORT, stayed[:40], value[:40], RECENT_DAYS, AHEAD) is None


def test_history_of_a_short_log_is_looked_at_no_farther_back_than_every_cutoff_can() -> None:
    misleading = {"rfm__orders_count_90d": 50.0, "rfm__spent_sum_90d": 5000.0}  # full windows only tonight
    short = {
        "rfm__orders_count_30d": pl.col("rfm__orders_count_90d"),
        "rfm__spent_sum_30d": pl.col("rfm__spent_sum_90d"),
    }
    labelled, cohort = LABELLED.with_columns(**short), COHORT.with_columns(**short)
    found = expected_share(
        cohort.with_columns(**{name: pl.lit(value) for name, value in misleading.items()}), labelled, 59, AHEAD
    )
    assert found == pytest.approx(expected_share(cohort, labelled, 59, AHEAD))


def test_any_currency_gives_the_same_total() -> None:
    stayed, value = values(DAYS, seed=1)
    in_yen = pl.col("rfm__spent_sum_90d") * 170
    found = expected_values(COHORT, stayed, value, RECENT_DAYS, AHEAD)
    converted = expected_values(
        COHORT.with_columns(in_yen), stayed.with_columns(in_yen), value * 170, RECENT_DAYS, AHEAD
    )
    assert found is not None and converted == pytest.approx(170 * found, rel=1e-3)


def test_who_spent_far_more_than_others_is_expected_to_go_on_doing_so() -> None:
    random = np.random.default_rng(5)
    spent = random.gamma(0.5, 100.0, 4000)
    rows = rows_of(TONIGHT, random, 4000, recent=1.0).with_columns(rfm__spent_sum_90d=spent)
    value = (15 + spent) * random.gamma(4.0, 0.25, 4000)
    large = COHORT[:2].with_columns(rfm__spent_sum_90d=pl.Series([0.0, 3000.0]), cutoff=pl.lit(TONIGHT))
    found = [expected_values(large[row], rows, value, RECENT_DAYS, [TONIGHT])[0] for row in (0, 1)]  # type: ignore[index]
    assert found == pytest.approx([15, 3015], rel=0.15)
