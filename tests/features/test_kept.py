"""Who stayed, and what they brought before and after, worked out by hand: a horizon of 10 days before 1 June."""

import pytest

from configs.modelling import Churn
from features.kept import kept, starts_at
from features.time import Month
from tests.features.drawn_tables import cutoff, table

CHURN = Churn(horizon_days=10, active_within_days=30)
MONTH = Month(cutoff("2025-06-01"))
SALES = table(
    "transactions",
    """
    customer_id | occurred_at | amount | cost | known_at
    stays       | 2025-05-12  | 100    | 60   | 2025-05-12
    stays       | 2025-05-22  | 50     | -    | 2025-05-22
    stays       | 2025-05-25  | 1000   | -    | 2025-06-01
    leaves      | 2025-05-21  | 80     | -    | 2025-05-21
    leaves      | 2025-06-01  | 999    | -    | 2025-06-01
    returns     | 2025-05-01  | 30     | -    | 2025-05-01
    returns     | 2025-05-23  | -20    | -    | 2025-05-23
    late        | 2025-05-20  | 70     | -    | 2025-06-01
    silent      | 2025-04-01  | 10     | -    | 2025-04-01
    """,
)
COSTS = table(
    "costs",
    """
    customer_id | occurred_at | kind    | amount
    leaves      | 2025-05-25  | service | 5
    """,
)


def test_the_latest_horizon_that_is_over():
    assert starts_at(MONTH, CHURN).day.isoformat() == "2025-05-22"
    contract = Churn(definition="contract", horizon_days=10, grace_days=7)
    assert starts_at(MONTH, contract).day.isoformat() == "2025-05-15"


def test_who_stayed_and_what_they_brought():
    found = kept({"transactions": SALES, "costs": COSTS}, MONTH, CHURN)

    # Before: 12 to 21 May; after: 22 to 31 May. What was learned on 1 June, or happened then, is not known.
    assert found.rows() == [
        ("leaves", False, pytest.approx(80), pytest.approx(-5)),
        ("returns", False, pytest.approx(0), pytest.approx(-20)),
        ("stays", True, pytest.approx(40), pytest.approx(50)),
    ]
