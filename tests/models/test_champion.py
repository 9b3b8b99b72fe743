"""The record of decisions: who was champion before follows from it."""

from datetime import date

import pytest

from models.champion import Entry, line_of_champions

DAY = date(2026, 6, 30)
TRAINED = ["1 first", "2 refreshed", "3 held back", "4 refreshed"]


def entries(*decisions: str) -> list[Entry]:
    """Each decision as "version verdict"."""
    return [Entry(*decision.split(" ", 1), "why", DAY) for decision in decisions]  # ty: ignore[invalid-argument-type]


@pytest.mark.parametrize(
    ("decisions", "line"),
    [
        (["1 first"], ["1"]),
        (TRAINED, ["1", "2", "4"]),
        ([*TRAINED, "2 rolled back"], ["1", "2"]),
        ([*TRAINED, "2 rolled back", "1 rolled back"], ["1"]),
        ([*TRAINED, "3 promoted by hand"], ["1", "2", "4", "3"]),
        ([*TRAINED, "1 promoted by hand"], ["1", "2", "4", "1"]),
        ([*TRAINED, "1 promoted by hand", "4 rolled back"], ["1", "2", "4"]),  # and not back and forth for ever
        ([*TRAINED, "2 rolled back", "5 refreshed"], ["1", "2", "5"]),
    ],
)
def test_going_back_drops_what_came_after(decisions: list[str], line: list[str]) -> None:
    assert line_of_champions(entries(*decisions), line[-1], "12345") == line


def test_an_alias_that_was_moved_in_mlflow_follows_on() -> None:
    assert line_of_champions(entries(*TRAINED), "3", "1234") == ["1", "2", "4", "3"]
    back = entries(*TRAINED, "4 rolled back")
    assert line_of_champions(back, "4", "1234") == ["1", "2", "4"]
    assert line_of_champions([], "2", "12") == ["2"]


def test_versions_that_were_deleted_are_passed_over() -> None:
    assert line_of_champions(entries(*TRAINED), "4", ["1", "3", "4"]) == ["1", "4"]
