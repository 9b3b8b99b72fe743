"""Figures and dates as people read them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pipelines.outreach.wording import customers, day, moment, money, percent


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (1234567.4, "EUR", "€1,234,567"),
        (1542.5, "EUR", "€1,543"),
        (100.0, "USD", "$100"),
        (99.999, "USD", "$100"),
        (99.5, "GBP", "£99.50"),
        (0.0, "EUR", "€0.00"),
        (-0.001, "EUR", "€0.00"),
        (-250.0, "CHF", "-CHF 250"),
        (None, "EUR", "–"),
    ],
)
def test_money(amount, currency, expected):
    assert money(amount, currency) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.865, "87%"), (0.0, "0%"), (0.004, "<1%"), (0.005, "1%"), (0.996, ">99%"), (1.0, "100%"), (None, "–")],
)
def test_percent(share, expected):
    assert percent(share) == expected


def test_dates_times_and_counts():
    berlin = timezone(timedelta(hours=2))

    assert day(date(2026, 3, 5)) == "5 Mar 2026"
    assert moment(datetime(2026, 3, 5, 1, 30, tzinfo=berlin)) == "4 Mar 2026, 23:30 UTC"
    assert moment(datetime(2026, 3, 5, 1, 30, tzinfo=UTC)) == moment(datetime(2026, 3, 5, 1, 30))
    assert (customers(1), customers(1250)) == ("1 customer", "1,250 customers")
