"""Candidates of which a test names only what it is about."""

from typing import Any

import polars as pl

SCHEMA: dict[str, Any] = {
    "customer_id": pl.String,
    "churn_probability": pl.Float64,
    "value_if_retained": pl.Float64,
    "value_at_risk": pl.Float64,
    "expected_gain": pl.Float64,
    "net_value": pl.Float64,
    "account_manager": pl.String,
    "no_contact": pl.Boolean,
    "last_contact_on": pl.Date,
    "snoozed_until": pl.Date,
    "item_opened": pl.Date,
    "withheld_on": pl.Date,
    "code_before": pl.String,
}
CUSTOMER = {
    "churn_probability": 0.5,
    "value_if_retained": 100.0,
    "value_at_risk": 50.0,
    "expected_gain": 10.0,
    "net_value": 80.0,
    "account_manager": "Anna",
    "no_contact": False,
}


def candidates(*changes: dict[str, Any]) -> pl.DataFrame:
    """One row a dictionary, named A, B, C ... unless it says otherwise."""
    rows = [{"customer_id": chr(ord("A") + i), **CUSTOMER, **change} for i, change in enumerate(changes)]
    return pl.DataFrame(rows, schema=SCHEMA)
