"""The season of a cutoff, worked out by hand."""

import math

import pytest

from features.families.calendar import FAMILY
from tests.features.drawn_tables import features_of, table


@pytest.mark.parametrize(
    ("day", "day_of_year", "month"),
    [("2025-01-01", 1, 1), ("2025-03-01", 60, 3), ("2024-03-01", 61, 3), ("2024-12-31", 366, 12)],
)
def test_day_of_the_year_on_a_circle(day: str, day_of_year: int, month: int):
    found = features_of(FAMILY, table("transactions", "occurred_at | amount"), day)
    angle = day_of_year / 365.25 * 2 * math.pi
    assert found["calendar__year_sin"] == pytest.approx(math.sin(angle))
    assert found["calendar__year_cos"] == pytest.approx(math.cos(angle))
    assert found["calendar__month"] == month


def test_the_day_is_the_one_of_the_business():
    # Midnight of 1 July in Auckland is still 30 June in UTC.
    assert (
        features_of(FAMILY, table("transactions", "occurred_at | amount"), "2025-07-01", "Pacific/Auckland")[
            "calendar__month"
        ]
        == 7
    )


def test_neighbouring_days_are_near_across_the_new_year():
    last, first = (
        features_of(FAMILY, table("transactions", "occurred_at | amount"), day) for day in ("2024-12-31", "2025-01-01")
    )
    apart = math.dist(
        (last["calendar__year_sin"], last["calendar__year_cos"]),
        (first["calendar__year_sin"], first["calendar__year_cos"]),
    )
    assert apart < 2 * math.pi / 365
