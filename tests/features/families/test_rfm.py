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
    #        window: (orders, gross, net); the purchase on 1 June lies at the cutoff, outside all of them
    expected = {
        "7d": (1, 40, 40),
        "14d": (1, 40, 40),
        "30d": (1, 40, 40),  # from 2 May: without the return of 1 May
        "60d": (2, 60 + 40, 60 - 5 + 40),  # from 2 April
        "90d": (3, 20 + 60 + 40, 20 + 60 - 5 + 40),  # from 3 March, 00:00, inclusive
        "180d": (4, 30 + 20 + 60 + 40, 30 + 20 + 60 - 5 + 40),
        "365d": (5, 10 + 30 + 20 + 60 + 40, 10 + 30 + 20 + 60 - 5 + 40),
        "lifetime": (5, 160, 155),
    }
    for window, figures in expected.items():
        measures = [f"rfm__{name}_{window}" for name in ("orders_count", "gross_sum", "spent_sum")]
        assert tuple(found[measure] for measure in measures) == figures, window


def test_baskets_leave_returns_out():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["rfm__basket_mean_90d"] == pytest.approx((20 + 60 + 40) / 3)
    assert found["rfm__basket_mean_lifetime"] == pytest.approx((10 + 30 + 20 + 60 + 40) / 5)
    assert found["rfm__basket_max_lifetime"] == 60
    assert found["rfm__basket_last_lifetime"] == 40
    # About the mean of 32: 22, 2, 12, 28 and 8; squares 484 + 4 + 144 + 784 + 64 = 1480; 1480 / 4 = 370.
    assert found["rfm__basket_std_lifetime"] == pytest.approx(370**0.5)


def test_recency_tenure_and_repeat_purchases():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["rfm__recency_days"] == 0.5
    assert found["rfm__tenure_days"] == 365
    assert found["rfm__active_share"] == pytest.approx(1 - 0.5 / 365)
    assert found["rfm__orders_per_year"] == pytest.approx(5 / 365 * 365)
    assert found["rfm__repeat_orders"] == 5 - 1
    assert features_of(FAMILY, BOUGHT, "2025-12-01")["rfm__repeat_orders"] == 6 - 1  # the first is older than a year


def test_a_newcomer_is_taken_over_thirty_days():
    bought = table("transactions", "occurred_at | amount\n2025-05-22 | 7.50")
    found = features_of(FAMILY, bought, "2025-06-01")
    assert (found["rfm__recency_days"], found["rfm__tenure_days"], found["rfm__active_share"]) == (10, 10, 0)
    assert found["rfm__orders_per_year"] == pytest.approx(365 / 30)
    assert found["rfm__repeat_orders"] == 0
    assert found["rfm__basket_std_lifetime"] is None


def test_sentences_of_silence_and_of_few_orders():
    # Five orders are not few. By the calendar 2 April, the latest before 20 May, is 48 days ago. On 14 June the order
    # of 1 June is 13 days ago, on the 15th 14.
    assert sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-05-20")) == {
        "silence": "Last order 48 days ago",
        "buying": "Only 4 orders in the last year",
        "history": "A customer for only 353 days",
    }
    assert sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-06-01")) == {}
    assert sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-06-14")) == {}
    assert sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-06-15")) == {"silence": "Last order 14 days ago"}
    late = sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2026-06-01"))
    assert late["buying"] == "Only 1 order in the last year"


@pytest.mark.parametrize(
    ("bought", "sentences"),
    [
        ("2025-05-31 00:01", {"buying": "Ordered only once so far", "history": "A customer only since yesterday"}),
        ("2025-05-31 00:00", {"buying": "Ordered only once so far", "history": "A customer for only 1 day"}),
        ("2025-05-22 12:00", {"buying": "Ordered only once so far", "history": "A customer for only 10 days"}),
        ("2024-05-31 00:00", {"buying": "Ordered only once so far", "silence": "Last order 366 days ago"}),
    ],
)
def test_sentences_of_a_single_order(bought: str, sentences: dict[str, str]):
    once = table("transactions", f"occurred_at | amount\n{bought} | 1234.50")
    assert sentences_of(FAMILY, features_of(FAMILY, once, "2025-06-01")) == sentences


def test_many_orders_and_then_none():
    # The fifth and last of the orders was 90 days before 30 August, and 91 before the 31st.
    bought = "2025-01-10 | 1\n2025-02-10 | 1\n2025-03-10 | 1\n2025-04-10 | 1\n2025-06-01 | 1"
    rows = table("transactions", f"occurred_at | amount\n{bought}")
    assert "buying" not in sentences_of(FAMILY, features_of(FAMILY, rows, "2025-08-30"))
    said = sentences_of(FAMILY, features_of(FAMILY, rows, "2025-08-31"))
    assert said["buying"] == "5 orders in the last year, none in the last 90 days"


def test_nothing_bought():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | -3"), "2025-06-01")
    assert (found["rfm__orders_count_lifetime"], found["rfm__spent_sum_lifetime"]) == (0, -3)
    assert (found["rfm__recency_days"], found["rfm__repeat_orders"]) == (None, 0)
    assert sentences_of(FAMILY, found) == {}
