"""Margin and cost to serve of one customer, worked out by hand."""

import pytest

from features.families.profitability import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025: 90 days begin on 3 March 2025, 365 on 1 June 2024.
BOUGHT = table(
    "transactions",
    """
    occurred_at      | amount | cost | discount
    2024-05-31 23:59 |   1000 |  400 | 50
    2024-06-01 00:00 |    200 |  150 | 10
    2025-03-02 23:59 |    300 |    - | -
    2025-03-03 00:00 |    100 |   40 | -5
    2025-05-01 00:00 |    -50 |  -20 | 7
    2025-05-02 00:00 |    -10 |    - | -
    2025-06-01 00:00 |   9999 |    1 | 1
    """,
)
#  margin             600 | 50, 300 (cost unknown) | 60, -30, -10
#  with known cost    1000 | 200 | 100, -50

COSTS = table(
    "costs",
    """
    occurred_at      | kind             | amount
    2024-05-31 23:59 | delivery         | 5
    2024-06-01 00:00 | Complaints desk  | 40
    2025-03-02 23:59 | delivery         | 6
    2025-03-03 00:00 | COMPLAINT        | 30
    2025-05-31 00:00 | service          | 90
    2025-06-01 00:00 | complaint        | 500
    """,
)


def test_margin_and_cost_to_serve():
    found = features_of(FAMILY, BOUGHT, "2025-06-01", costs=COSTS)
    margin = {"90d": 20, "365d": 370, "lifetime": 970}
    to_serve = {"90d": 120, "365d": 166, "lifetime": 171}
    for window in margin:
        assert found[f"profitability__margin_sum_{window}"] == margin[window]
        assert found[f"profitability__to_serve_sum_{window}"] == to_serve[window]
        assert found[f"profitability__net_value_{window}"] == margin[window] - to_serve[window]
    assert found["profitability__complaint_cost_sum_90d"] == 30
    assert found["profitability__complaint_cost_sum_365d"] == 70


def test_shares():
    found = features_of(FAMILY, BOUGHT, "2025-06-01", costs=COSTS)
    assert found["profitability__margin_share_365d"] == pytest.approx((50 + 60 - 30) / (200 + 100 - 50))
    assert found["profitability__margin_share_lifetime"] == pytest.approx((600 + 50 + 60 - 30) / (1000 + 250))
    assert found["profitability__cost_known_share_365d"] == pytest.approx((200 + 100) / 600)
    assert found["profitability__given_up_share_365d"] == pytest.approx((10 + 60) / (600 + 10))
    assert found["profitability__to_serve_share_365d"] == pytest.approx(166 / 600)


def test_without_costs_of_goods_or_to_serve():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | 3"), "2025-06-01")
    assert found["profitability__margin_sum_90d"] == found["profitability__net_value_lifetime"] == 3
    assert found["profitability__cost_known_share_365d"] == found["profitability__to_serve_share_365d"] == 0
    assert found["profitability__margin_share_365d"] is None


def test_a_share_of_less_than_nothing_is_unknown():
    back = table("transactions", "occurred_at | amount | cost\n2025-05-31 | -3 | -1")
    found = features_of(FAMILY, back, "2025-06-01", costs=COSTS)
    assert found["profitability__margin_sum_90d"] == -2
    assert found["profitability__net_value_90d"] == -2 - 120
    shares = {name: value for name, value in found.items() if "share" in name}
    assert len(shares) == 5 and set(shares.values()) == {None}


def test_nobody_leaves_because_of_the_margin():
    assert FAMILY.reasons == () and sentences_of(FAMILY, features_of(FAMILY, BOUGHT, "2025-06-01")) == {}
