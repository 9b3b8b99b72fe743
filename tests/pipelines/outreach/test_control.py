"""The control group: its share, its strata, and that nobody changes sides within a season."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.outreach import Lists, Outreach
from pipelines.outreach.control import ASSIGNMENTS, CONTROL, draw, season_of, strata, updated, with_arms
from pipelines.outreach.policy import places
from tests.pipelines.outreach.policy_cases import candidates

DAY = date(2026, 7, 1)
NOBODY = pl.DataFrame(schema={"stratum": pl.String, "arm": pl.String})


def new(customers: int, stratum: str = "all", prefix: str = "C") -> pl.DataFrame:
    ids = pl.Series("customer_id", [f"{prefix}{i:04d}" for i in range(customers)], dtype=pl.String)
    return ids.to_frame().with_columns(stratum=pl.lit(stratum))


def controls(drawn: pl.DataFrame) -> list[str]:
    return drawn.filter(pl.col("arm") == CONTROL)["customer_id"].sort().to_list()


def armed(
    rows: list[dict[str, Any]], assignments: pl.DataFrame, day: date = DAY, season: str = "2026-Q3", share: float = 0.5
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A night's arms, and the assignments it leaves behind."""
    placed = places(candidates(*rows), Outreach(), Lists(), day)
    found = with_arms(placed.filter("would_list"), assignments, season, share)
    return found, updated(assignments, found, day)


@pytest.mark.parametrize(("season", "expected"), [("month", "2026-09"), ("quarter", "2026-Q3"), ("year", "2026")])
def test_seasons(season: str, expected: str) -> None:
    assert season_of(date(2026, 9, 30), season) == expected
    assert season_of(date(2026, 10, 1), season) != expected or season == "year"


def test_the_same_draw_in_any_order_and_another_one_next_season() -> None:
    first = draw(new(200), "2026-Q3", NOBODY, 0.1)

    assert len(controls(first)) == 20
    assert controls(draw(new(200).reverse(), "2026-Q3", NOBODY, 0.1)) == controls(first)
    assert controls(draw(new(200), "2026-Q4", NOBODY, 0.1)) != controls(first)


def test_the_draw_tells_nothing_of_the_order_of_ids() -> None:
    drawn = [int(name[1:]) for season in range(40) for name in controls(draw(new(100), str(season), NOBODY, 0.1))]

    # The mean place of 400 uniform draws from 0..99 is 49.5, with a standard error of 1.4.
    assert len(drawn) == 400
    assert abs(sum(drawn) / len(drawn) - 49.5) < 5


def test_every_stratum_has_its_share() -> None:
    sizes = {"a": 41, "b": 33, "c": 77, "d": 9}
    customers = pl.concat(new(size, stratum, stratum) for stratum, size in sizes.items())

    drawn = draw(customers, "2026-Q3", NOBODY, 0.1)

    withheld = dict(drawn.filter(pl.col("arm") == CONTROL)["stratum"].value_counts().rows())
    assert sum(withheld.values()) in (16, 17)  # of 160, rounded up by chance where luck has it
    for stratum, size in sizes.items():
        assert abs(withheld.get(stratum, 0) - 0.1 * size) < 1, stratum


def test_strata_come_nearer_to_the_share_than_chance_would() -> None:
    def spread(seasons: range, stratified: bool) -> float:
        """Mean squared distance of the controls of each stratum from a tenth of it."""
        squares = []
        for season in seasons:
            customers = pl.concat(new(25, stratum if stratified else "all", stratum) for stratum in "abcd")
            of = draw(customers, str(season), NOBODY, 0.1).with_columns(part=pl.col("customer_id").str.head(1))
            counts = of.group_by("part").agg(n=(pl.col("arm") == CONTROL).sum())
            squares += [(n - 2.5) ** 2 for n in counts["n"]]
        return sum(squares) / len(squares)

    assert spread(range(30), stratified=True) == 0.25  # 2 or 3 in every stratum
    assert spread(range(30), stratified=False) > 1


@given(nights=st.lists(st.integers(0, 12), min_size=1, max_size=12), share=st.sampled_from([0.0, 0.1, 0.25, 0.5]))
@settings(max_examples=40, deadline=None)
def test_small_lists_add_up_to_the_share_over_a_season(nights: list[int], share: float) -> None:
    drawn = pl.DataFrame(schema={"customer_id": pl.String, "stratum": pl.String, "arm": pl.String})
    for night, customers in enumerate(nights):
        tonight = pl.concat([new(customers // 2, "a", f"{night}a"), new(customers - customers // 2, "b", f"{night}b")])
        found = draw(tonight, "2026-Q3", drawn.select("stratum", "arm"), share)
        drawn = pl.concat([drawn, found.select(drawn.columns)])
        assert abs(len(controls(drawn)) - share * drawn.height) < 1


def test_a_short_list_has_a_control_as_often_as_the_share_asks_for() -> None:
    withheld = [len(controls(draw(new(3), str(season), NOBODY, 0.1))) for season in range(300)]

    # One of three customers in three tenths of the seasons: 90, with a standard error of 8.
    assert set(withheld) == {0, 1}
    assert abs(sum(withheld) - 90) < 25


def test_strata_are_above_and_below_the_median() -> None:
    figures = [(0.9, 10.0), (0.5, 90.0), (0.5, 10.0), (0.9, 90.0)]
    rows = [{"churn_probability": risk, "value_if_retained": value} for risk, value in figures]

    assert strata(candidates(*rows))["stratum"].to_list() == [
        "higher risk, lower value",
        "lower risk, higher value",
        "lower risk, lower value",
        "higher risk, higher value",
    ]


def test_arms_stay_for_the_season_whoever_comes_and_goes() -> None:
    first, known = armed([{"customer_id": f"C{i}"} for i in range(10)], pl.DataFrame(schema=ASSIGNMENTS))
    rows = [{"customer_id": f"C{i}"} for i in range(5, 15)]

    second, both = armed(rows, known, date(2026, 7, 2))

    before, after = (dict(found.select("customer_id", "arm").rows()) for found in (first, second))
    assert all(after[name] == before[name] for name in before.keys() & after.keys())
    assert len(before.keys() & after.keys()) == 5
    assert both.height == 15 and both["customer_id"].n_unique() == 15
    assert len(controls(both)) in (7, 8)
    # A second run of the same night draws nobody anew.
    again, kept = armed(rows, both, date(2026, 7, 2))
    assert again.equals(second) and kept.equals(both)


def test_a_new_season_draws_anew_but_not_whose_item_is_open() -> None:
    rows = [{"customer_id": f"C{i:02d}"} for i in range(24)]
    first, known = armed(rows, pl.DataFrame(schema=ASSIGNMENTS))
    open_ones = {"C00", "C01", "C02", "C03"}
    paused = {"C04", "C05", "C06", "C07"}
    for row in rows:
        row["item_opened"] = DAY if row["customer_id"] in open_ones else None
        row["code_before"] = "snoozed" if row["customer_id"] in paused else None

    later, both = armed(rows, known, date(2026, 10, 1), "2026-Q4")

    before, after = (dict(found.select("customer_id", "arm").rows()) for found in (first, later))
    kept = later.filter(pl.col("season") == "2026-Q3")
    assert set(kept["customer_id"]) == open_ones | paused
    assert all(after[name] == before[name] for name in kept["customer_id"])
    assert any(after[name] != before[name] for name in before)
    # One row a customer and season; of a paused one the newest item opened anew, its first list stays.
    assert both.height == 24 + 16
    row = both.filter(pl.col("customer_id") == "C04").row(0, named=True)
    assert (row["season"], row["first_listed"], row["item_opened"]) == ("2026-Q3", DAY, date(2026, 10, 1))
