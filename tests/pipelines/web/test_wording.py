"""Words of the app's pages."""

from datetime import date, timedelta

import pytest

from pipelines.web.wording import due, sentence


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "today"), (1, "tomorrow"), (2, "in 2 days"), (-1, "1 day overdue"), (-3, "3 days overdue")],
)
def test_a_day_is_told_by_how_far_it_is_off(days: int, words: str) -> None:
    today = date(2026, 6, 30)
    assert due(today + timedelta(days=days), today) == words


def test_a_sentence_keeps_its_names() -> None:
    assert sentence("snoozed until 1 Jul 2026") == "Snoozed until 1 Jul 2026" and sentence("") == ""
