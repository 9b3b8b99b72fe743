"""A small risk list in which a test changes only what it is about."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from pipelines.outreach.lists import ListContext

SCHEMA = {
    "rank": pl.Int64,
    "customer_id": pl.String,
    "display_name": pl.String,
    "phone": pl.String,
    "email": pl.String,
    "preferred_channel": pl.String,
    "account_manager": pl.String,
    "risk_band": pl.String,
    "churn_probability": pl.Float64,
    "churn_probability_60d": pl.Float64,
    "churn_probability_30d": pl.Float64,
    "predicted_clv": pl.Float64,
    "value_if_retained": pl.Float64,
    "value_at_risk": pl.Float64,
    "expected_gain": pl.Float64,
    "act_by": pl.Date,
    "act_by_why": pl.String,
    "action": pl.String,
    "action_channel": pl.String,
    "draft": pl.String,
    "change": pl.String,
    "change_why": pl.String,
    "item_opened": pl.Date,
    "gain_basis": pl.String,
    "last_purchase_on": pl.Date,
    **{f"reason_{number}": pl.String for number in (1, 2, 3)},
    **{f"reason_{number}_shap": pl.Float64 for number in (1, 2, 3)},
}
CUSTOMER: dict[str, Any] = {
    "rank": 1,
    "customer_id": "C-1",
    "display_name": "Blue Mill Ltd",
    "phone": "+49 40 123456",
    "email": "office@bluemill.example",
    "preferred_channel": "phone",
    "account_manager": "Anna Schmidt",
    "risk_band": "high",
    "churn_probability": 0.75,
    "churn_probability_60d": 0.6,
    "churn_probability_30d": 0.35,
    "predicted_clv": 500.0,
    "value_if_retained": 2000.0,
    "value_at_risk": 1500.0,
    "expected_gain": 290.0,
    "act_by": date(2026, 6, 19),
    "act_by_why": "A promise is overdue",
    "action": "Keep the overdue promise today, or agree on a new day that will be kept",
    "action_channel": "phone",
    "draft": "Dear Blue Mill Ltd, we promised you something and have not kept the day.",
    "change": "still",
    "change_why": "Chance of leaving up from 61% to 75% since 12 Jun 2026",
    "item_opened": date(2026, 6, 12),
    "gain_basis": "at a 50% chance of leaving, acting keeps 20% of who would leave (assumed); above, fewer; "
    "€10.00 for acting taken off",
    "last_purchase_on": date(2026, 4, 12),
    "reason_1": "Last order 64 days ago; usually every 21 days",
    "reason_2": "A delivery complaint has been open for 12 days",
    "reason_3": None,
    "reason_1_shap": 1.2,
    "reason_2_shap": -0.6,
    "reason_3_shap": None,
}


@pytest.fixture
def listed() -> Callable[..., pl.DataFrame]:
    """Builds a risk list: one row per dictionary, which names what differs from the sample customer."""
    return lambda *changes: pl.DataFrame([{**CUSTOMER, **change} for change in changes], schema=SCHEMA)


@pytest.fixture
def list_context() -> ListContext:
    return ListContext(
        company="Northlight",
        as_of=date(2026, 6, 15),
        horizon_days=90,
        soon_days=30,
        clv_horizon_days=365,
        currency="EUR",
        model_version="churn-v14",
        model_grade="A",
        scored_customers=48_210,
        data_until=datetime(2026, 6, 14, 23, 58, tzinfo=UTC),
        gain_basis=CUSTOMER["gain_basis"],
    )
