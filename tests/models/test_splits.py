from datetime import date
from zoneinfo import ZoneInfo

import pytest

from configs.errors import ModelError
from configs.settings import Settings
from features.time import Cutoff
from models.splits import split_by_time


def settings(**training: int) -> Settings:
    return Settings.model_validate(
        {"name": "x", "sources": {"transactions": {"path": "x.csv"}}, "churn": {"horizon_days": 30}}
        | {"training": {"cutoff_every_days": 20, "lookback_days": 40} | training}
    )


AS_OF = Cutoff(date(2026, 7, 1), ZoneInfo("UTC"))


def test_every_horizon_is_over_and_an_embargo_lies_between_training_and_test() -> None:
    split = split_by_time(AS_OF, date(2026, 1, 1), settings())
    # The last cutoff observed for 30 days before 1 July is 1 June; then 20 days apart back to 1 January + 40 days.
    days = [
        date(2026, 2, 21),
        date(2026, 3, 13),
        date(2026, 4, 2),
        date(2026, 4, 22),
        date(2026, 5, 12),
        date(2026, 6, 1),
    ]
    assert [c.day for c in split.labelled] == days
    assert split.test.day == date(2026, 6, 1)
    # 12 May + 30 days is after 1 June: its labels overlap the test cutoff.
    assert [c.day for c in split.train] == days[:-2]


def test_the_newest_cutoffs_are_kept_when_there_are_too_many() -> None:
    split = split_by_time(AS_OF, date(2020, 1, 1), settings(cutoffs_limit=4))
    assert [c.day for c in split.labelled] == [date(2026, 4, 2), date(2026, 4, 22), date(2026, 5, 12), date(2026, 6, 1)]


def test_a_short_log_is_refused_with_the_days_that_are_needed() -> None:
    with pytest.raises(ModelError, match="61 days .* 100 are needed"):
        split_by_time(AS_OF, date(2026, 5, 1), settings())
