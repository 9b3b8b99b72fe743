"""Recency, frequency and monetary value of one customer, worked out by hand."""

import pytest

from features.families.rfm import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00 UTC, the days before are:
#   1 May 31 | 2 Apr 60 | 1 Apr 61 | 3 Mar 90 | 2 Mar 91 | 3 Dec 2024 180 | 1 Jun 2024 365
BOUGHT = table(
    "transactions",
    """
    occurred_at      |  amount
    2024-06-01 00:00 |   10.00
    2024-12-03 00:00 |   30.00
    2025-03-03 00:00 |   20.00
    2025-04-02 12:00 |   60.00
    2025-05-01 00:00 |   -5.00
    2025-05-31 12:00 |   40.00
    2025-06-01 00:00 | 9999.00
    """,
)


def test_counts_and_sums_begin_with_the_first_instant_of_the_window():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    #        window: (orders, spent); the purchase on 1 June lies at the cutoff, outside all of them
    expected = {
        "7d": (1, 40),
        "14d": (1, 40),
        "30d": (1, 40),  # from 2 May: without the return of 1 May
        "60d": (2, 60 - 5 + 40),  # from 2 April
        "90d": (3, 20 + 60 - 5 + 40),  # from 3 March, 00:00, inclusive
        "180d": (4, 30 + 20 + 60 - 5 + 40),
        "365d": (5, 10 + 30 + 20 + 60 - 5 + 40),
        "lifetime": (5, 155),
    }
    for window, (orders, spent) in expected.items():
        assert (found[f"rfm__orders_count_{window}"], found[f"rfm__spent_sum_{window}"]) == (orders, spent), window


def test_baskets_leave_returns_out():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["rfm__basket_mean_90d"] == pytest.approx((20 + 60 + 40) / 3)
    assert found["rfm__basket_mean_lifetime"] == pytest.approx((10 + 30 + 20 + 60 + 40) / 5)
    assert found["rfm__basket_max_lifetime"] == 60
    assert found["rfm__basket_last_lifetime"] == 40
    # About the mean of 32: 22, 2, 12, 28 and 8; squares 484 + 4 + 144 + 784 + 64 = 1480; 1480 / 4 = 370.
    assert found["rfm__basket_std_lifetime"] == pytest.approx(370**0.5)


def test_recency_tenure_and_changes():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["rfm__recency_days"] == 0.5
    assert found["rfm__tenure_days"] == 365
    assert found["rfm__active_share"] == pytest.approx(1 - 0.5 / 365)
    assert found["rfm__orders_per_year"] == pytest.approx(5 / 365 * 365)
    assert found["rfm__orders_change_90d"] == 3 - 1
    assert found["rfm__spent_change_90d"] == 115 - 30


def test_a_newcomer_is_taken_over_thirty_days():
    bought = table("transactions", "occurred_at | amount\n2025-05-22 | 7.50")
    found = features_of(FAMILY, bought, "2025-06-01")
    assert (found["rfm__recency_days"], found["rfm__tenure_days"], found["rfm__active_share"]) == (10, 10, 0)
    assert found["rfm__orders_per_year"] == pytest.approx(365 / 30)
    assert found["rfm__basket_std_lifetime"] is None


def test_sentences():
    # 15 July is 44 days after the order of 9,999 on 1 June and 409 after the first; a year before it begins on 15 July
    # 2024. Two orders lie in the last 90 days (from 16 April), two in the 90 before (from 16 January): no fewer.
    assert sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-07-15")) == {
        "silence": "No order for 44 days",
        "buying": "5 orders in the last year, ¤2,030 on average",  # (30 + 20 + 60 + 40 + 9,999) / 5
    }


def test_sentences_of_one_order_and_of_fewer_orders():
    once = table("transactions", "occurred_at | amount\n2025-05-31 | 1234.50")
    fewer = table("transactions", "occurred_at | amount\n2025-01-10 | 900\n2025-02-10 | 1500\n2025-05-01 | 100")
    assert sentences_of(FAMILY, features_of(FAMILY, once, "2025-06-01")) == {
        "buying": "Ordered only once, 1 day ago",
        "history": "A customer for only 1 day",
    }
    said = sentences_of(FAMILY, features_of(FAMILY, fewer, "2025-06-01"))
    assert said["buying"] == "1 order in the last 90 days, down from 2 in the 90 before"
    none = sentences_of(FAMILY, features_of(FAMILY, fewer, "2025-08-01"))
    assert none["buying"] == "No order in the last 90 days, 2 in the 90 before"
    cheaper = table("transactions", "occurred_at | amount\n2025-01-10 | 2400\n2025-05-01 | 100")
    said = sentences_of(FAMILY, features_of(FAMILY, cheaper, "2025-06-01"))
    assert said["buying"] == "Spent ¤100 in the last 90 days, ¤2,400 in the 90 before"


def test_nothing_bought():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | -3"), "2025-06-01")
    assert (found["rfm__orders_count_lifetime"], found["rfm__spent_sum_lifetime"]) == (0, -3)
    assert found["rfm__recency_days"] is None
    assert sentences_of(FAMILY, found) == {}
