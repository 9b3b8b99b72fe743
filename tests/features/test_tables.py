"""The contracts of the canonical tables: good rows pass, bad ones are named by column and check."""

from datetime import timedelta

import pandera.errors
import polars as pl
import pytest

from features.contract import MONEY_SCALE, Kind
from features.tables import TABLES
from tests.features.drawn_tables import at, table

GOOD = {
    "transactions": "occurred_at | amount | cost\n2025-05-01 | 12.5 | 7\n2025-05-01 | -3 | -",
    "complaints": """
        opened_at  | cause | first_response_at | resolved_at | satisfaction | satisfaction_at
        2025-05-01 | delay | 2025-05-01        | 2025-05-03  | 4            | 2025-05-04
        2025-05-02 | other | -                 | -           | -            | -""",
    "promises": "promised_at | due_at | kept_at\n2025-05-01 | 2025-05-01 | -\n2025-05-02 | 2025-05-09 | 2025-05-08",
    "surveys": "sent_at | kind | answered_at | score\n2025-05-01 | nps | 2025-05-02 | 9\n2025-05-01 | ces | - | -",
    "contracts": "started_on | renews_on | ended_on\n2025-05-01 | 2026-05-01 | -\n2025-05-01 | - | 2025-05-01",
    "objections": "effective_at | kind\n2025-05-01 | erased\n2025-05-02 | erased",
    "outcomes": """
        list_date  | arm   | status | at               | snooze_until
        2025-05-01 | treat | snooze | 2025-05-01 09:00 | 2025-05-01
        2025-05-01 | treat | -      | 2025-05-02 09:00 | -""",
    "customers": "signed_up_on | valid_from\n2025-05-01 | 2025-05-01\n2025-05-01 | -",
}


def failures(name: str, rows: pl.DataFrame) -> list[tuple[str | None, str, int | None]]:
    """Column, check and row of each failure."""
    try:
        TABLES[name].contract().validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        return errors.failure_cases.select("column", "check", "index").rows()
    return []


def changed(name: str, column: str, value: object) -> pl.DataFrame:
    """The good rows with another value in the second one."""
    good = table(name, GOOD[name])
    cell = pl.lit(value, dtype=good.schema[column])
    second = pl.int_range(pl.len()) == 1
    return good.with_columns(pl.when(second).then(cell).otherwise(column).alias(column))


@pytest.mark.parametrize("name", GOOD)
def test_good_rows_pass(name: str):
    assert failures(name, table(name, GOOD[name])) == []


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_passes(name: str):
    assert failures(name, TABLES[name].empty()) == []


@pytest.mark.parametrize(
    ("name", "column", "value", "said_of", "check"),
    [
        (
            "outcomes",
            "status",
            "Saved",
            "status",
            "not one of contacted, saved, lost, not_at_risk, no_answer, snooze",
        ),
        ("transactions", "transaction_id", "", "transaction_id", "empty text"),
        ("transactions", "transaction_id", "000", "transactions", "repeated transaction_id"),
        ("transactions", "customer_id", "", "customer_id", "empty text"),
        ("transactions", "customer_id", None, "customer_id", "not_nullable"),
        ("transactions", "amount", None, "amount", "not_nullable"),
        ("transactions", "occurred_at", None, "occurred_at", "not_nullable"),
        ("transactions", "quantity", float("nan"), "quantity", "not a finite number"),
        ("transactions", "quantity", float("inf"), "quantity", "not a finite number"),
        ("complaints", "cause", "weather", "cause", "not one of support, delay, quality, service, price, other"),
        ("complaints", "resolved_at", at("2025-05-01"), "complaints", "resolved_at before opened_at"),
        ("promises", "due_at", at("2025-05-01 23:59"), "promises", "due_at before promised_at"),
        ("surveys", "kind", "NPS", "kind", "not one of nps, csat, ces"),
        ("contracts", "ended_on", at("2025-04-30"), "contracts", "ended_on before started_on"),
        (
            "objections",
            "effective_at",
            at("2025-05-01"),
            "objections",
            "repeated customer_id and kind and effective_at",
        ),
        ("customers", "valid_from", at("2025-05-01"), "customers", "repeated customer_id and valid_from"),
    ],
)
def test_a_bad_row_is_named_by_column_and_check(name: str, column: str, value: object, said_of: str, check: str):
    assert failures(name, changed(name, column, value)) == [(said_of, check, 1)]


def test_all_failures_are_told_at_once():
    bad = changed("complaints", "cause", "weather").with_columns(resolved_at=pl.col("opened_at") - timedelta(days=1))
    assert len(failures("complaints", bad)) == 3


def test_a_missing_column_is_named():
    found = failures("transactions", table("transactions", GOOD["transactions"]).drop("cost"))
    assert [check for _, check, _ in found] == ["column_in_dataframe"]


@pytest.mark.parametrize("name", TABLES)
def test_declarations_refer_to_columns_of_their_table(name: str):
    declared = TABLES[name]
    assert {*declared.order, *declared.key} <= set(declared.schema)
    assert declared.order[0] == "customer_id"
    assert declared.parent is None or declared.parent[0] in TABLES
    for column in declared.columns.values():
        for other in filter(None, (column.known_when, column.not_before)):
            assert declared.columns[other].kind is Kind.INSTANT


def test_columns_filled_in_later_tell_when_they_became_known():
    late = {name: sorted(declared.late_columns) for name, declared in TABLES.items() if declared.late_columns}
    assert late == {
        "complaints": [
            "cause",
            "cause_at",
            "first_response_at",
            "reopened_at",
            "resolved_at",
            "satisfaction",
            "satisfaction_at",
        ],
        "promises": ["kept_at"],
        "interactions": ["responded_at"],
        "surveys": ["answered_at", "score"],
        "contracts": ["ended_on", "monthly_fee", "plan", "renews_on", "terms_at"],
    }


def test_stored_types():
    schema = TABLES["transactions"].schema
    assert schema["amount"] == schema["cost"] == pl.Int64
    assert schema["occurred_at"] == schema["known_at"] == pl.Datetime("us", "UTC")
    assert (schema["quantity"], schema["product"]) == (pl.Float64, pl.String)
    assert MONEY_SCALE == 10_000
