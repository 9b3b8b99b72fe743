"""Learning as if nobody had been acted on: who is left out, and how often a control counts."""

from datetime import date, timedelta

import polars as pl
import pytest

from models.treated import without_treated

CUTOFF = date(2026, 3, 1)


def labelled(*customers: str, cutoff: date = CUTOFF) -> pl.DataFrame:
    rows = [(customer, cutoff, float(place)) for place, customer in enumerate(customers)]
    return pl.DataFrame(rows, schema=["customer_id", "cutoff", "x"], orient="row")


def listed(*rows: tuple[str, int, str, str]) -> pl.DataFrame:
    """Customer, days from the cutoff to the listing, season, arm."""
    given = [(customer, CUTOFF + timedelta(days=days), season, arm) for customer, days, season, arm in rows]
    return pl.DataFrame(given, schema=["customer_id", "cutoff", "season", "arm"], orient="row")


def kept(rows: pl.DataFrame, drawn: pl.DataFrame, lasting: int = 365) -> list[str]:
    return without_treated(rows, drawn, observation_days=30, lasting_days=lasting)["customer_id"].to_list()


@pytest.mark.parametrize(
    ("days", "left_out"),
    [(30, False), (29, True), (0, True), (-100, True), (-365, True), (-366, False)],
)
def test_a_listing_touches_the_labels_until_their_window_ends_and_for_as_long_as_it_lasts(days, left_out) -> None:
    # One control a season, and never in the matrix: it only makes the season one that was drawn.
    drawn = listed(("A", days, "s", "treat"), ("Z", 0, "s", "control"))
    assert kept(labelled("A", "B"), drawn) == (["B"] if left_out else ["A", "B"])


def test_controls_stand_for_the_treated() -> None:
    # Four drawn, two of them controls: each counts twice. Nobody drew for D.
    drawn = listed(*((name, 0, "s", arm) for name, arm in zip("AEBC", ["treat"] * 2 + ["control"] * 2, strict=True)))
    assert kept(labelled(*"ABCDE"), drawn) == ["B", "B", "C", "C", "D"]


def test_parts_of_a_whole_add_up() -> None:
    # Five drawn, two controls: 2.5 each, made up in order: 2, then 3.
    drawn = listed(*((name, 0, "s", arm) for name, arm in zip("ABCDE", "cctt t".replace(" ", ""), strict=True)))
    drawn = drawn.with_columns(arm=pl.col("arm").replace_strict({"c": "control", "t": "treat"}))
    assert kept(labelled(*"ABCDE"), drawn) == ["A", "A", "B", "B", "B"]


def test_a_control_of_two_seasons_stands_for_more_and_one_treated_later_for_nobody() -> None:
    first = [
        ("A", -60, "s1", "control"),
        ("B", -60, "s1", "control"),
        ("X", -60, "s1", "treat"),
        ("Y", -60, "s1", "treat"),
    ]
    second = [("A", 0, "s2", "control"), ("B", 0, "s2", "treat")]
    assert kept(labelled("A", "B"), listed(*first, *second)) == ["A"] * 4  # 4 / 2 x 2 / 1
    assert kept(labelled("A", "B"), listed(*first, *second), lasting=59) == ["A", "A"]


def test_without_controls_or_listings_everybody_stays() -> None:
    rows = labelled("A", "B")
    assert kept(rows, listed(("A", 0, "s", "treat"))) == ["A", "B"]
    nobody = listed(("A", 0, "s", "treat")).clear()
    assert without_treated(rows, nobody, 30, 365).equals(rows)


def test_each_cutoff_is_looked_at_by_itself_and_columns_stay() -> None:
    rows = pl.concat([labelled("A", "B"), labelled("A", "B", cutoff=CUTOFF - timedelta(days=60))])
    found = without_treated(rows, listed(("A", 0, "s", "treat"), ("Z", 0, "s", "control")), 30, 365)
    assert found.rows() == [("A", date(2025, 12, 31), 0.0), ("B", date(2025, 12, 31), 1.0), ("B", CUTOFF, 1.0)]
