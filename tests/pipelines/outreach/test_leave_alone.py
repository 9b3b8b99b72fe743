"""Why nobody calls a customer, in words and figures, and how much of it page and workbook show."""

from typing import Any

import polars as pl
import pytest

from pipelines.outreach.leave_alone import KEPT, MOST_SHOWN, last_year, leave_alone, shown

ROW: dict[str, Any] = {
    "customer_id": "A",
    "display_name": "Shop A",
    "account_manager": "Anna",
    "code": "deselected",
    "margin": 15.0,
    "cost_to_serve": 80.0,
    "net_value": -65.0,
    "churn_probability": 0.5,
    "predicted_clv": 30.0,
    "value_if_retained": 60.0,
    "value_at_risk": 30.0,
    "expected_gain": 5.0,
}


def told(*changes: dict[str, Any], cost: float = 2.0) -> pl.DataFrame:
    rows = pl.DataFrame([{**ROW, **change} for change in changes], infer_schema_length=None)
    return leave_alone(rows, "a fifth", cost, "EUR")


@pytest.mark.parametrize(
    ("change", "cost", "why"),
    [
        ({}, 2.0, "Lost us €65.00 in the last year: brought €15.00, and cost €80.00 to serve"),
        (
            {"margin": -1234.0, "cost_to_serve": 80.0, "net_value": -1314.0},
            2.0,
            "Lost us €1,314 in the last year: €1,234 on goods and returns, and €80.00 of costs to serve",
        ),
        (
            {"margin": -40.0, "cost_to_serve": 0.0, "net_value": -40.0},
            2.0,
            "Lost us €40.00 in the last year: returns and the cost of goods were more than the sales",
        ),
        ({"net_value": 10.0}, 2.0, "Is not expected to bring anything, even if the customer stays"),
        ({"net_value": None}, 2.0, "Is not expected to bring anything, even if the customer stays"),
        (
            {"code": "not_worth_acting", "expected_gain": -1.25},
            2.0,
            "A call is expected to bring €0.75, and costs €2.00",
        ),
        ({"code": "not_worth_acting", "expected_gain": -3.0}, 2.0, "A call is not expected to bring anything"),
        ({"code": "not_worth_acting", "expected_gain": 0.0}, 0.0, "A call is not expected to bring anything"),
    ],
)
def test_the_reason_in_words(change: dict[str, Any], cost: float, why: str) -> None:
    assert told(change, cost=cost)["why"].to_list() == [why]


def test_only_the_costly_are_told_by_manager_the_costliest_first() -> None:
    found = told(
        {"customer_id": "small", "net_value": -1.0},
        {"customer_id": "call", "code": "not_worth_acting", "net_value": 5.0},
        {"customer_id": "big", "net_value": -90.0},
        {"customer_id": "Bert", "account_manager": "Bert", "net_value": -2.0},
        {"customer_id": "control", "code": "control"},
        {"customer_id": "loyal", "code": "unlikely_to_leave"},
    )

    assert found["customer_id"].to_list() == ["big", "small", "call", "Bert"]
    assert found.columns == KEPT
    assert set(found["gain_basis"]) == {"a fifth"}


def test_as_much_is_shown_as_people_read() -> None:
    many = told(*({"customer_id": f"{number:03}", "display_name": None} for number in range(MOST_SHOWN + 2)))

    found = shown(many)

    assert found.lines.height == 50
    assert found.in_words == "52 customers at risk who would cost more than they bring; the first 50 are shown"
    assert "display_name" not in found.lines.columns  # nobody's is known
    assert shown(many.head(1)).in_words == "1 customer at risk who would cost more than they bring"


def test_a_year_is_read_from_the_features_as_far_as_there_are_any() -> None:
    features = pl.DataFrame({"customer_id": ["A"], "profitability__net_value_365d": [-3.0]})

    assert last_year(features).rows(named=True) == [
        {"customer_id": "A", "margin": None, "cost_to_serve": None, "net_value": -3.0}
    ]
