"""Gaps between purchases and how overdue the next one is, worked out by hand."""

import polars as pl
import pytest

from features.families.rhythm import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

#                      gap to the purchase before
BOUGHT = table(
    "transactions",
    """
    occurred_at      | amount
    2024-07-01 00:00 |     10
    2024-07-11 00:00 |     10
    2024-07-11 11:59 |     10
    2024-07-11 23:59 |     10
    2024-07-15 00:00 |     -5
    2024-07-31 23:59 |     10
    2025-05-02 00:00 |      0
    2025-05-18 23:59 |     10
    """,
)
# 10 days | 11 h 59 min, less than half a day, no gap | 12 h, half a day | (a return) | 20 days | (neither) | 291 days
GAPS = [10, 0.5, 20, 291]


def test_gaps_of_at_least_half_a_day():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["rhythm__gap_count_lifetime"] == 4
    assert found["rhythm__gap_count_365d"] == 4
    assert found["rhythm__gap_mean_lifetime"] == pytest.approx(321.5 / 4)
    assert found["rhythm__gap_median_lifetime"] == 15
    assert found["rhythm__gap_last_lifetime"] == 291
    assert found["rhythm__gap_max_lifetime"] == 291
    # About the mean of 80.375: -70.375, -79.875, -60.375, 210.625.
    squares = 70.375**2 + 79.875**2 + 60.375**2 + 210.625**2
    assert found["rhythm__gap_std_lifetime"] == pytest.approx((squares / 3) ** 0.5)


def test_how_overdue_the_next_purchase_is():
    found = features_of(FAMILY, BOUGHT, "2025-08-18")
    since = 91 + 1 / 1440  # 18 May, 23:59 to 18 August, 00:00
    assert found["rhythm__overdue_days"] == pytest.approx(since - 15)
    assert found["rhythm__overdue_ratio"] == pytest.approx(since / 15)
    assert found["rhythm__longest_gap_ratio"] == pytest.approx(since / 291)
    spread = found["rhythm__gap_std_lifetime"]
    assert found["rhythm__overdue_score"] == pytest.approx((since - 80.375) / (spread + 1))


def test_a_gap_belongs_to_the_purchase_that_ends_it():
    # 365 days before 1 August 2025 begin on 1 August 2024: only the gap ended in May 2025 lies in them.
    assert features_of(FAMILY, BOUGHT, "2025-08-01")["rhythm__gap_count_365d"] == 1


def test_the_same_season_is_the_ninety_days_that_followed_a_year_ago():
    # From 11 July 2025: [11 July 2024, 9 October 2024) holds four purchases; from 12 July 2025: one.
    assert features_of(FAMILY, BOUGHT, "2025-07-11")["rhythm__orders_same_season"] == 4
    assert features_of(FAMILY, BOUGHT, "2025-07-12")["rhythm__orders_same_season"] == 1
    # From 2 May 2025 the ninety days begin on 2 May 2024 and end before 31 July 2024.
    assert features_of(FAMILY, BOUGHT, "2025-05-02")["rhythm__orders_same_season"] == 4
    assert features_of(FAMILY, BOUGHT, "2025-05-03")["rhythm__orders_same_season"] == 5


def test_the_same_season_of_thirty_days():
    # From 11 July 2025: [11 July 2024, 10 August 2024) holds four purchases. From 16 June: up to 15 July 2024, four.
    assert features_of(FAMILY, BOUGHT, "2025-07-11")["rhythm__orders_same_season_30d"] == 4
    assert features_of(FAMILY, BOUGHT, "2025-06-16")["rhythm__orders_same_season_30d"] == 4
    # From 1 June up to 30 June 2024: nothing yet; from 2 June: the one of 1 July at 00:00.
    assert features_of(FAMILY, BOUGHT, "2025-06-01")["rhythm__orders_same_season_30d"] == 0
    assert features_of(FAMILY, BOUGHT, "2025-06-02")["rhythm__orders_same_season_30d"] == 1


def test_the_last_three_gaps_against_all():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["rhythm__recent_gap_ratio"] == pytest.approx(((0.5 + 20 + 291) / 3) / (321.5 / 4))
    # The third gap, after 10 and 0.5 days, ends on 31 July.
    assert features_of(FAMILY, BOUGHT, "2024-08-01")["rhythm__recent_gap_ratio"] == pytest.approx(1)
    assert features_of(FAMILY, BOUGHT, "2024-07-31")["rhythm__recent_gap_ratio"] is None


def test_the_last_three_gaps_are_not_those_of_another_customer():
    others = BOUGHT.with_columns(customer_id=pl.lit("abe"))  # the customer before, and one after
    few = table("transactions", "occurred_at | amount\n2025-01-01 | 1\n2025-01-11 | 1\n2025-01-31 | 1")
    together = pl.concat([others, few, BOUGHT.with_columns(customer_id=pl.lit("bob"))])
    found = features_of(FAMILY, together, "2025-06-01")
    assert found["rhythm__recent_gap_ratio"] is None
    assert (found["rhythm__gap_mean_lifetime"], found["rhythm__active_months_count_lifetime"]) == (15, 2)


def test_months_of_thirty_days_with_a_purchase():
    # From 1 July 2024: month 0 holds four purchases, month 1 (from 31 July) one, month 10 (from 27 April 2025) one.
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["rhythm__active_months_count_lifetime"] == 3
    assert found["rhythm__active_months_share"] == pytest.approx(3 / 12)  # 335 days: the twelfth is under way
    assert features_of(FAMILY, BOUGHT, "2025-05-27")["rhythm__active_months_share"] == pytest.approx(3 / 11)  # 330 days
    # The purchases that began months 0 and 1 leave the year: on 2 July and on 1 August 2025.
    assert features_of(FAMILY, BOUGHT, "2025-07-01")["rhythm__active_months_count_365d"] == 3
    assert features_of(FAMILY, BOUGHT, "2025-07-02")["rhythm__active_months_count_365d"] == 2
    assert features_of(FAMILY, BOUGHT, "2025-08-01")["rhythm__active_months_count_365d"] == 1


def test_one_purchase_has_no_rhythm():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | 3"), "2025-06-01")
    assert found.pop("rhythm__gap_count_lifetime") == found.pop("rhythm__gap_count_365d") == 0
    assert found.pop("rhythm__orders_same_season") == found.pop("rhythm__orders_same_season_30d") == 0
    assert found.pop("rhythm__active_months_count_lifetime") == found.pop("rhythm__active_months_count_365d") == 1
    assert found.pop("rhythm__active_months_share") == 1
    assert {value for name, value in found.items() if name.startswith("rhythm__")} == {None}


def test_sentences():
    # From 18 May to 18 August are 92 days; the median gap is 15 until the one of 291 days came, and after it.
    late = sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-08-18"))
    assert late == {"silence": "Last order 92 days ago; usually every 15 days"}
    assert sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-06-02")) == {}  # 15 days: not more than usual
    assert sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-06-03")) == {
        "silence": "Last order 16 days ago; usually every 15 days"
    }


@pytest.mark.parametrize(
    ("day", "sentences"),
    [
        ("2025-01-04", {}),  # the day after
        ("2025-01-05", {"silence": "Last order 2 days ago; usually every day"}),
        ("2025-01-13", {"silence": "Last order 10 days ago; usually every day"}),
    ],
)
def test_sentences_of_a_daily_customer(day: str, sentences: dict[str, str]):
    # Gaps of half a day and of a day: a median of three quarters of a day.
    daily = table("transactions", "occurred_at | amount\n2025-01-01 12:00 | 1\n2025-01-02 | 1\n2025-01-03 | 1")
    assert sentences_of(FAMILY, features_of(FAMILY, daily, day)) == sentences
