"""Returned goods of one customer, worked out by hand."""

import pytest

from features.families.returns import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025: 30 days begin on 2 May, 90 on 3 March, 365 on 1 June 2024.
TRANSACTIONS = table(
    "transactions",
    """
    occurred_at      |   amount
    2024-05-31 23:59 |  1000.00
    2024-05-31 23:59 |  -200.00
    2024-06-01 00:00 |  8000.00
    2025-03-02 23:59 |   -50.00
    2025-03-03 00:00 | -1150.50
    2025-05-02 00:00 |   -49.50
    2025-05-20 00:00 |     0.00
    2025-06-01 00:00 |  -500.00
    """,
)


def test_counts_sums_and_shares():
    found = features_of(FAMILY, TRANSACTIONS, "2025-06-01")
    counts = {window: found[f"returns__returns_count_{window}"] for window in ("30d", "90d", "365d", "lifetime")}
    assert counts == {"30d": 1, "90d": 2, "365d": 3, "lifetime": 4}
    sums = {window: found[f"returns__returned_sum_{window}"] for window in ("90d", "365d", "lifetime")}
    assert sums == {"90d": 1200, "365d": 1250, "lifetime": 1450}
    assert found["returns__share_365d"] == pytest.approx(1250 / 8000)
    assert found["returns__share_lifetime"] == pytest.approx(1450 / 9000)
    assert found["returns__recency_days"] == 30


def test_a_share_of_nothing_sold_is_nothing():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | -3"), "2025-06-01")
    assert (found["returns__share_365d"], found["returns__share_lifetime"]) == (0, 0)
    assert (found["returns__returned_sum_90d"], found["returns__recency_days"]) == (3, 1)


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2025-05-31", "3 returns in the last 90 days, worth ¤1,250"),  # from 2 March
        ("2025-06-05", "2 returns in the last 90 days, worth ¤550"),  # 49.50 and 500
        ("2025-08-10", "1 return in the last 90 days, worth ¤500"),
        ("2026-03-04", "2 returns in the last year, worth ¤550"),
        ("2026-05-03", "1 return in the last year, worth ¤500"),
    ],
)
def test_sentences(day: str, sentence: str):
    assert sentences_of(FAMILY, features_of(FAMILY, TRANSACTIONS, day)) == {"returns": sentence}


def test_what_is_worth_next_to_nothing_is_not_said_to_be_worth_zero():
    back = table("transactions", "occurred_at | amount\n2024-09-01 | -0.50\n2025-05-31 | -0.49")
    assert sentences_of(FAMILY, features_of(FAMILY, back, "2025-06-01")) == {"returns": "1 return in the last 90 days"}
    back = back.head(1)
    said = sentences_of(FAMILY, features_of(FAMILY, back, "2025-06-01"))
    assert said == {"returns": "1 return in the last year, worth ¤1"}


def test_no_returns_no_sentence():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | 3"), "2025-06-01")
    assert sentences_of(FAMILY, found) == {}
