"""Why a customer is listed: the strongest groups that raise the risk and have something to say."""

import polars as pl
import pytest

from features.family import Family, Reason, number
from features.registry import FAMILIES
from models.explain import by_group
from pipelines.outreach.reasons import reasons_for

QUIET, OFTEN, OPEN = pl.col("days"), pl.col("orders"), pl.col("open")
FAMILY = Family(
    name="sample",
    description="Three groups; the first has two sentences.",
    reasons=(
        Reason("quiet", QUIET > 60, pl.format("No order for {} days, far too long", number(QUIET))),
        Reason("quiet", QUIET > 30, pl.format("No order for {} days", number(QUIET))),
        Reason("fewer", OFTEN < 5, pl.format("Only {} orders", number(OFTEN))),
        Reason("open", OPEN > 0, pl.lit("A complaint is open")),
    ),
)
LATER = Family(
    name="later",
    description="Another family, with a group of its own and one shared with the first.",
    reasons=(
        Reason("season", QUIET >= 0, pl.lit("It is the season")),
        Reason("quiet", QUIET > 0, pl.lit("Quiet for a while")),
    ),
)


def explained(
    days: list[float | None], orders: list[float], opened: list[float], *families: Family, **contributions: list[float]
) -> list[tuple[object, ...]]:
    features = pl.DataFrame({"days": days, "orders": orders, "open": opened}, schema_overrides={"days": pl.Float64})
    return reasons_for(features, pl.DataFrame(contributions), families or (FAMILY,)).rows()


def test_the_strongest_come_first() -> None:
    (row,) = explained([90], [2], [1], quiet=[0.2], fewer=[0.5], open=[0.3])

    assert row == ("Only 2 orders", "A complaint is open", "No order for 90 days, far too long", 0.5, 0.3, 0.2)


def test_groups_that_lower_the_risk_are_silent() -> None:
    (row,) = explained([90], [2], [1], quiet=[-2.0], fewer=[0.0], open=[0.3])

    assert row == ("A complaint is open", None, None, 0.3, None, None)


def test_what_hardly_moves_the_estimate_is_no_reason() -> None:
    (row,) = explained([90], [2], [1], quiet=[0.5], fewer=[0.02], open=[0.019])

    assert row == ("No order for 90 days, far too long", "Only 2 orders", None, 0.5, 0.02, None)


def test_at_most_three() -> None:
    (row,) = explained([90], [2], [1], FAMILY, LATER, quiet=[0.2], fewer=[0.5], open=[0.3], season=[0.4])

    assert row == ("Only 2 orders", "It is the season", "A complaint is open", 0.5, 0.4, 0.3)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (61, "No order for 61 days, far too long"),  # both hold: the first
        (60, "No order for 60 days"),
        (30, "Quiet for a while"),  # a later family's sentence for the same group
        (0, None),
        (None, None),  # a condition that is unknown does not hold
    ],
)
def test_the_first_sentence_of_a_group_that_holds(days: float | None, sentence: str | None) -> None:
    (row,) = explained([days], [9], [0], FAMILY, LATER, quiet=[0.7])

    assert row == (sentence, None, None, 0.7 if sentence else None, None, None)


def test_rows_keep_their_order_and_those_without_reason_stay() -> None:
    rows = explained([90, 0, 40], [9, 9, 1], [0, 0, 0], quiet=[0.1, 5.0, 0.3], fewer=[0.9, 5.0, 0.2])

    assert [row[:2] for row in rows] == [
        ("No order for 90 days, far too long", None),
        (None, None),
        ("No order for 40 days", "Only 1 orders"),
    ]


def test_groups_without_a_sentence_are_passed_over() -> None:
    (row,) = explained([90], [9], [0], quiet=[0.1], calendar=[3.0])

    assert row[:2] == ("No order for 90 days, far too long", None)


def test_groups_sum_the_contributions_of_their_features() -> None:
    contributions = pl.DataFrame({"a": [0.5, -1.0], "b": [0.25, 0.5], "c": [1.0, 2.0]})

    grouped = by_group(contributions, {"a": "quiet", "b": "quiet", "c": "open"})

    assert grouped.select("quiet", "open").rows() == [(0.75, 1.0), (-0.5, 2.0)]


def test_nobody_listed() -> None:
    assert explained([], [], [], quiet=[]) == []


def test_every_group_of_the_families_has_a_place() -> None:
    spoken = {reason.group for family in FAMILIES for reason in family.reasons}
    grouped = {group for family in FAMILIES for group in family.reason_groups().values()}

    assert spoken <= grouped  # a sentence whose group no feature belongs to would never be heard
