"""Contract terms: renewals are new rows, an end shows only once it is past."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.simulate.contracts import contract_terms
from pipelines.simulate.population import People


def terms(joined: int, until: date, ended: date | None) -> pl.DataFrame:
    people = People(
        joined=np.array([joined, 0]),
        purchase_rate=np.ones(2),
        basket=np.ones(2),
        segment=np.zeros(2, dtype=np.int64),
        region=np.zeros(2, dtype=np.int64),
        plan=np.array([1, -1]),  # the second customer has no contract
    )
    ends = pl.DataFrame(
        {"customer_id": ["A"] if ended else [], "ended": [ended] if ended else []},
        schema={"customer_id": pl.String, "ended": pl.Date},
    )
    return contract_terms(people, pl.Series("customer_id", ["A", "B"]), ends, date(2024, 1, 1), until).sort("time")


def test_a_running_contract_renews_every_365_days():
    # Started 10 days before 2024-01-01, on 2023-12-22; 2024 is a leap year.
    result = terms(joined=-10, until=date(2025, 3, 1), ended=None)
    assert result.select("customer_id", "time", "renews_on", "ended_on", "plan", "monthly_fee").rows() == [
        ("A", date(2023, 12, 22), date(2024, 12, 21), date(2024, 12, 21), "plus", 19.9),
        ("A", date(2024, 12, 21), date(2025, 12, 21), None, "plus", 19.9),
    ]


@pytest.mark.parametrize(
    ("until", "ended", "expected"),
    [
        (date(2025, 3, 1), date(2024, 5, 5), [date(2024, 5, 5)]),  # ended in its first term
        (date(2025, 3, 1), date(2025, 2, 1), [date(2024, 12, 21), date(2025, 2, 1)]),
        (date(2024, 12, 21), None, [None]),  # renews at `until`: not yet
        (date(2024, 12, 22), None, [date(2024, 12, 21), None]),
    ],
)
def test_ends_lie_before_until(until, ended, expected):
    assert terms(joined=-10, until=until, ended=ended)["ended_on"].to_list() == expected
