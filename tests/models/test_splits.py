from datetime import date, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from configs.errors import ModelError
from configs.settings import Settings
from features.time import Cutoff
from models.splits import apart, split_by_time


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
    assert (split.lookback_days, split.every_days, split.by_customer) == (40, 20, False)
    assert split.warnings(40, 20) == []


def test_the_newest_cutoffs_are_kept_when_there_are_too_many() -> None:
    split = split_by_time(AS_OF, date(2020, 1, 1), settings(cutoffs_limit=4))
    assert [c.day for c in split.labelled] == [date(2026, 4, 2), date(2026, 4, 22), date(2026, 5, 12), date(2026, 6, 1)]


def test_a_limit_that_leaves_no_cutoff_to_learn_from_is_refused() -> None:
    with pytest.raises(ModelError, match="cutoffs_limit = 2.* newest 2 cutoffs, 20 days apart"):
        split_by_time(AS_OF, date(2020, 1, 1), settings(cutoffs_limit=2))


def test_a_short_log_has_less_history_and_closer_cutoffs() -> None:
    # Observed until 1 June. The last training cutoff is 2 May, 60 days after the first purchase: 40 of history, and
    # five cutoffs in 20 days are 5 apart. They go on until 1 June, of course.
    split = split_by_time(AS_OF, date(2026, 3, 3), settings(lookback_days=90))
    assert (split.lookback_days, split.every_days, split.by_customer) == (40, 5, False)
    assert split.labelled[0].day == date(2026, 4, 12) and split.test.day == date(2026, 6, 1)
    assert [c.day for c in split.train] == [date(2026, 4, 12) + timedelta(days=5 * i) for i in range(5)]
    (warning,) = split.warnings(90, 20)
    assert "5 days apart with 40 days of history, not 20 and 90" in warning


def test_three_horizons_are_enough_for_a_test_out_of_time() -> None:
    # 90 days of 30: the last training cutoff lies 30 days after the first purchase, 20 of them history.
    split = split_by_time(AS_OF, date(2026, 4, 2), settings())
    assert not split.by_customer
    assert [(c.day.month, c.day.day) for c in split.train] == [(4, 22), (4, 24), (4, 26), (4, 28), (4, 30), (5, 2)]


def test_customers_are_split_where_time_cannot_be() -> None:
    split = split_by_time(AS_OF, date(2026, 4, 20), settings())  # 72 days: 12 before a training cutoff would be over
    assert split.by_customer and split.train == split.labelled
    # 42 days until 1 June, 28 of them history; the other 14 hold five cutoffs 3 days apart.
    assert [c.day.day for c in split.labelled] == [20, 23, 26, 29, 1]
    days = [c.day for c in split.labelled]
    rows = pl.DataFrame({"customer_id": [f"C{i}" for i in range(50)]}).join(pl.DataFrame({"cutoff": days}), how="cross")
    learned, judged = split.parts(rows)
    assert judged["cutoff"].unique().to_list() == [split.test.day] and learned["cutoff"].n_unique() == 5
    assert judged.height == 10 and learned.height == 40 * 5
    assert not set(judged["customer_id"]) & set(learned["customer_id"])
    assert "judged on other customers" in split.warnings(40, 20)[-1]


def test_the_same_customers_are_apart_whatever_the_order_of_rows() -> None:
    rows = pl.DataFrame({"customer_id": [f"C{i}" for i in range(40)]})
    assert apart(rows, rows)[1].equals(apart(rows[::-1], rows)[1])


def test_less_than_two_horizons_are_refused_with_what_is_needed() -> None:
    with pytest.raises(ModelError, match="59 days .*2026-05-03.* at least two horizons of 30 are needed"):
        split_by_time(AS_OF, date(2026, 5, 3), settings())
    assert split_by_time(AS_OF, date(2026, 5, 2), settings()).by_customer
