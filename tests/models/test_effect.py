"""The effect of acting: who counts, the difference, what sharpens it, and how long to wait."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.effect import Difference, Return, difference, first_listed, kept_at_even_odds, returned, verdict, weeks_more

MAY, JUNE, JULY = (date(2026, month, 1) for month in (5, 6, 7))


def rows(*cells: tuple[str, str, float, int]) -> pl.DataFrame:
    """Customers each of their own: season, arm, outcome, how many."""
    parts = [(season, arm, outcome) for season, arm, outcome, count in cells for _ in range(count)]
    found = pl.DataFrame(parts, schema=["season", "arm", "y"], orient="row")
    return found.with_columns(customer_id=pl.format("C{}", pl.int_range(pl.len())))


def decided(*given: tuple[str, date, str, str | None, bool]) -> pl.DataFrame:
    columns = ["customer_id", "cutoff", "season", "arm", "would_list"]
    return pl.DataFrame(given, schema=columns, orient="row", infer_schema_length=None)


def test_a_customer_counts_once_a_season_from_the_first_list_on() -> None:
    decisions = decided(
        ("A", JUNE, "s1", "treat", True),
        ("A", MAY, "s1", "treat", True),
        ("A", JULY, "s2", "control", True),
        ("B", MAY, "s1", None, False),  # not among the first places
        ("B", JUNE, "s1", "control", True),
        ("C", MAY, "s1", "treat", False),
    )

    assert first_listed(decisions).select("customer_id", "cutoff", "arm").rows() == [
        ("A", MAY, "treat"),
        ("B", JUNE, "control"),
        ("A", JULY, "control"),
    ]


def test_seasons_are_compared_each_within_itself() -> None:
    # Means of season 1: 30 treated 0.5, 10 controls 0.2. Of season 2: 30 treated 0.9, 90 controls 0.8.
    found = difference(
        rows(
            *[("s1", "treat", 1, 15), ("s1", "treat", 0, 15), ("s1", "control", 1, 2), ("s1", "control", 0, 8)],
            *[("s2", "treat", 1, 27), ("s2", "treat", 0, 3), ("s2", "control", 1, 72), ("s2", "control", 0, 18)],
        ),
        "y",
        seed=1,
    )

    assert found is not None
    assert (found.treated, found.control) == (60, 100)
    assert (found.mean_treated, found.mean_control) == pytest.approx((42 / 60, 74 / 100))
    assert found.difference == pytest.approx((0.3 * 40 + 0.1 * 120) / 160)  # not 0.70 - 0.74
    assert found.low < 0.15 < found.high


def test_a_covariate_takes_out_what_it_explains() -> None:
    # y = 10 x + 2 for the treated, 10 x for the controls; the treated have more of x by chance: 0.75 against 0.25.
    x = [1, 1, 1, 0] * 10 + [1, 0, 0, 0] * 10
    given = rows(("s1", "treat", 0, 40), ("s1", "control", 0, 40)).with_columns(x=pl.Series(x))
    given = given.with_columns(y=10 * pl.col("x") + 2 * (pl.col("arm") == "treat"))

    plain = difference(given, "y", seed=1)
    sharp = difference(given, "y", seed=1, covariates=["x"])

    assert plain is not None and sharp is not None
    assert plain.difference == pytest.approx(10 * 0.5 + 2)
    assert sharp.difference == pytest.approx(2)
    assert (sharp.low, sharp.high) == pytest.approx((2, 2), abs=1e-6)


def test_theta_is_not_bent_by_the_effect() -> None:
    """A covariate that tells nothing within the arms changes nothing, though it differs between them."""
    given = rows(("s1", "treat", 5, 20), ("s1", "control", 1, 20)).with_columns(x=pl.Series([1.0] * 20 + [0.0] * 20))

    found = difference(given, "y", seed=1, covariates=["x"])

    assert found is not None and found.difference == pytest.approx(4)


def test_rows_of_a_customer_are_drawn_together() -> None:
    once = rows(("s1", "treat", 1, 30), ("s1", "treat", 0, 30), ("s1", "control", 1, 20), ("s1", "control", 0, 40))
    again = once.with_columns(season=pl.lit("s2"))

    alone, twice = difference(once, "y", seed=1), difference(pl.concat([once, again]), "y", seed=1)

    assert alone is not None and twice is not None
    assert (twice.low, twice.high) == pytest.approx((alone.low, alone.high))  # no news in the same customers again


def test_an_empty_arm_has_nothing_to_compare_with() -> None:
    assert difference(rows(("s1", "treat", 1, 9)), "y", seed=1) is None
    assert difference(rows(("s1", "treat", 1, 9), ("s2", "control", 1, 9)), "y", seed=1) is None


def known(**changes: Any) -> Difference:
    given = {"treated": 320, "control": 80, "mean_treated": 0.5, "mean_control": 0.4, "difference": 0.1}
    return Difference(**{**given, "error": 0.06, "low": -0.02, "high": 0.22, **changes})


def test_how_long_to_wait() -> None:
    # 0.06 x 2.802 = 0.168: seen in 80 of 100 tries at 400 customers. For 0.1: 400 x 1.68 ^ 2 = 1,130.6 customers.
    assert weeks_more(known(), smallest=0.1, per_week=40) == 19  # 730.6 more, at 40 a week
    assert weeks_more(known(), smallest=0.2, per_week=40) == 0
    assert verdict(known(), 0.1, 40) == "not enough yet: about 19 more weeks"
    assert verdict(known(), 0.1, 1000) == "not enough yet: about 1 more week"
    assert verdict(known(), 0.2, 40) == "no effect worth the name"
    assert verdict(known(low=0.01), 0.1, 40) == "acting helps"
    assert verdict(known(low=-0.3, high=-0.01), 0.1, 40) == "acting harms"


def test_the_money() -> None:
    value = (30.0, -5.0, 65.0)

    assert returned(320, value, actions=400, action_cost=12.0) == Return(320 * 30.0, -1_600.0, 320 * 65.0, 4_800.0)
    assert Return(9_600.0, -1_600.0, 20_800.0, 4_800.0).roi() == pytest.approx((1.0, -4 / 3, 10 / 3))
    assert returned(320, value, actions=400, action_cost=0.0).roi() is None


def test_intervals_cover_the_true_effect_and_covariates_narrow_them() -> None:
    covered, widths = {"plain": 0, "sharp": 0}, {"plain": 0.0, "sharp": 0.0}
    for seed in range(60):
        random = np.random.default_rng(1000 + seed)
        treated = random.random(400) < 0.8
        x = random.gamma(2.0, 50.0, 400)
        y = x * random.gamma(2.0, 0.5, 400) + 20 * treated
        arm = np.where(treated, "treat", "control")
        customers = pl.DataFrame({"customer_id": np.arange(400).astype(str), "arm": arm, "x": x, "y": y})
        customers = customers.with_columns(season=pl.lit("s1"))
        for name, covariates in {"plain": [], "sharp": ["x"]}.items():
            found = difference(customers, "y", seed, covariates)
            assert found is not None
            covered[name] += found.low <= 20 <= found.high
            widths[name] += found.high - found.low
    assert min(covered.values()) >= 53  # of 60; 57 to be expected
    assert widths["sharp"] < 0.85 * widths["plain"]


def test_what_acting_keeps_at_even_odds() -> None:
    # High: 9 of 12 treated stay, 6 of 12 controls: odds 3 and 1. Low: 2 of 12 and 1 of 12: 0.2 and 0.0909.
    cells = [("high", "treat", 9, 3), ("high", "control", 6, 6), ("low", "treat", 2, 10), ("low", "control", 1, 11)]
    rows = pl.DataFrame(
        [
            (arm, stratum, retained)
            for stratum, arm, stayed, left in cells
            for retained in [1.0] * stayed + [0.0] * left
        ],
        schema=["arm", "stratum", "retained"],
        orient="row",
    ).with_columns(season=pl.lit("2026-Q1"))

    # Mantel and Haenszel: (9 x 6 + 2 x 11) / (3 x 6 + 10 x 1) = 76 / 28, each of 24 customers.
    assert kept_at_even_odds(rows) == pytest.approx((76 - 28) / (76 + 28))
    assert kept_at_even_odds(rows.with_columns(retained=0.0)) == 0.0
