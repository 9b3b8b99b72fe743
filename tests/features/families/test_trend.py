"""Recent purchases of one customer against earlier ones, worked out by hand."""

import pytest

from features.families.trend import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00, the days before are:
#   2 May 30 | 2 Apr 60 | 3 Mar 90 | 3 Dec 2024 180 | 1 Jun 2024 365
BOUGHT = table(
    "transactions",
    """
    occurred_at      | amount | product
    2024-05-31 23:59 |    100 | saw
    2024-06-01 00:00 |     60 | saw
    2024-12-02 23:59 |     20 | axe
    2024-12-03 00:00 |     40 | axe
    2025-03-02 23:59 |     80 | nail
    2025-03-02 23:59 |    -10 | glue
    2025-03-03 00:00 |     30 | -
    2025-04-02 00:00 |     50 | nail
    2025-05-01 23:59 |     10 | rope
    2025-05-02 00:00 |    -70 | nail
    2025-05-31 23:59 |     90 | rope
    2025-06-01 00:00 |   9999 | lamp
    """,
)
#                   30 days   30 before   90 days   90 before   365 days
# orders            1         2           4         2           8 (4 + 2 + 1 of 2 December + 1 of 1 June 2024)
# sales less ret.   20        60          110       110         110 + 110 + 20 + 60 = 300
# products                                nail, rope | with axe in 180 days
# The mean of the nine purchases is 480 / 9.
MEAN = 480 / 9
QUARTER = 90 / 365


def test_changes():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    changes = {name.removeprefix("trend__"): value for name, value in found.items() if "change" in name}
    assert changes == pytest.approx(
        {
            "orders_change_30d": 1 - 2,
            "orders_change_90d": 4 - 2,
            "orders_change_year": 4 - 8 * QUARTER,
            "spent_change_30d": 20 - 60,
            "spent_change_90d": 110 - 110,
            "spent_change_year": 110 - 300 * QUARTER,
        }
    )
    assert (found["trend__orders_before_90d"], found["trend__spent_before_90d"]) == (2, 110)


def test_ratios_have_one_purchase_or_one_mean_purchase_added():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    ratios = {name.removeprefix("trend__"): value for name, value in found.items() if "0d" in name and "ratio" in name}
    assert ratios == pytest.approx(
        {
            "orders_ratio_30d": (1 + 1) / (2 + 1),
            "orders_ratio_90d": (4 + 1) / (2 + 1),
            "spent_ratio_30d": (20 + MEAN) / (60 + MEAN),
            "spent_ratio_90d": 1,
            "products_ratio_180d": (2 + 1) / (3 + 1),
        }
    )
    assert found["trend__orders_ratio_year"] == pytest.approx((4 + 1) / (8 * QUARTER + 1))
    assert found["trend__spent_ratio_year"] == pytest.approx((110 + MEAN) / (300 * QUARTER + MEAN))
    assert found["trend__products_dropped_90d"] == 1  # the axe


def test_a_negative_value_counts_as_nothing_in_a_ratio():
    back = table("transactions", "occurred_at | amount\n2025-01-10 | 40\n2025-05-20 | -60")
    found = features_of(FAMILY, back, "2025-06-01")
    assert found["trend__spent_change_90d"] == -60 - 40
    assert found["trend__spent_ratio_90d"] == pytest.approx((0 + 40) / (40 + 40))


def test_the_average_of_a_newcomer_is_over_the_days_since_the_first_purchase():
    bought = table("transactions", "occurred_at | amount\n2025-02-01 | 10\n2025-02-02 | 10\n2025-03-04 | 10")
    found = features_of(FAMILY, bought, "2025-06-01")  # 120 days
    assert found["trend__orders_change_year"] == pytest.approx(1 - 3 * 90 / 120)
    fresh = features_of(FAMILY, bought, "2025-04-01")  # 59 days: held against themselves
    assert (fresh["trend__orders_change_year"], fresh["trend__spent_ratio_year"]) == (0, 1)


def test_nothing_bought():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | -3"), "2025-06-01")
    assert (found["trend__orders_change_90d"], found["trend__orders_ratio_90d"]) == (0, 1)
    assert found["trend__spent_change_90d"] == -3
    assert found["trend__orders_change_year"] is found["trend__spent_ratio_90d"] is None
    assert (found["trend__products_dropped_90d"], found["trend__products_ratio_180d"]) == (0, 1)
    assert sentences_of(FAMILY, found) == {}


EARLIER = "2025-01-10 | 900\n2025-02-10 | 1500"
LAST_YEAR = "2024-07-01 | 9\n2024-07-02 | 9\n2024-07-03 | 9\n2024-07-04 | 9\n2024-07-05 | 9"


@pytest.mark.parametrize(
    ("bought", "sentence"),
    [
        (f"{EARLIER}\n2025-05-01 | 100", "1 order in the last 90 days, down from 2 in the 90 before"),
        (EARLIER, "No order in the last 90 days, 2 in the 90 before"),
        # Nine in 335 days, 2.4 in 90.
        (
            f"{LAST_YEAR}\n2024-07-06 | 9\n2024-07-07 | 9\n2024-07-08 | 9\n2025-05-01 | 9",
            "1 order in the last 90 days, 2 in an average 90 days of the last year",
        ),
        ("2025-01-10 | 2400\n2025-05-01 | 100", "Spent ¤100 in the last 90 days, ¤2,400 in the 90 before"),
        (
            "2025-05-01 | 100\n2025-05-02 | -350.00",  # and nothing in the 90 days before
            "Returns of the last 90 days were worth ¤250 more than the orders",
        ),
        (
            "2025-01-10 | 2400\n2025-05-01 | 100\n2025-05-02 | -100",
            "Nothing spent in the last 90 days after returns, ¤2,400 in the 90 before",
        ),
    ],
)
def test_sentences(bought: str, sentence: str):
    source = table("transactions", f"occurred_at | amount\n{bought}")
    assert sentences_of(FAMILY, features_of(FAMILY, source, "2025-06-01")) == {"buying": sentence}


@pytest.mark.parametrize(
    "bought",
    [
        "2025-01-10 | 2400",  # one order only is another family's to say
        LAST_YEAR,  # none lately, and none in the 90 days before either: so is that
        "2025-01-10 | 1.00\n2025-05-01 | 0.60",  # both would be ¤1
        "2025-01-10 | 0.40\n2025-05-01 | 0.10",  # both would be ¤0
        "2025-01-10 | 100\n2025-05-01 | 95",  # hardly less
        "2025-01-10 | 100\n2025-05-01 | 50\n2025-05-02 | 50",  # more orders, for as much
    ],
)
def test_no_sentence_where_nothing_worse_can_be_said(bought: str):
    source = table("transactions", f"occurred_at | amount\n{bought}")
    assert sentences_of(FAMILY, features_of(FAMILY, source, "2025-06-01")) == {}
