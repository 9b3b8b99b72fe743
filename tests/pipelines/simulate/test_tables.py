"""The written tables: canonical columns, whole references, and nothing from the future."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

CANONICAL = {
    "customers": "customer_id signed_up_on account_manager segment region valid_from display_name phone email "
    "preferred_channel",
    "transactions": "transaction_id customer_id occurred_at amount cost quantity product category channel discount",
    "complaints": "complaint_id customer_id opened_at cause severity channel first_response_at resolved_at reopened_at "
    "satisfaction satisfaction_at",
    "complaint_updates": "complaint_id sent_at",
    "promises": "promise_id customer_id promised_at due_at kept_at",
    "interactions": "interaction_id customer_id occurred_at channel direction campaign responded_at",
    "surveys": "survey_id customer_id sent_at kind answered_at score",
    "loyalty": "event_id customer_id occurred_at kind points tier",
    "contracts": "contract_id customer_id started_on renews_on ended_on monthly_fee plan",
    "costs": "cost_id customer_id occurred_at kind amount",
    "objections": "customer_id kind effective_at",
}
KEYS = {"complaint_updates": ["complaint_id", "sent_at"], "objections": ["customer_id", "kind"]}
MAY_LIE_AHEAD = {"due_at", "renews_on"}  # agreed dates, not events
FILLED_LATER = {
    "complaints": ["first_response_at", "resolved_at", "reopened_at", "satisfaction_at"],
    "promises": ["kept_at"],
    "interactions": ["responded_at"],
    "surveys": ["answered_at"],
    "contracts": ["ended_on"],
}


def test_every_canonical_table_but_outcomes_has_its_columns_and_rows(company):
    assert {name: table.columns for name, table in company.tables.items()} == {
        name: columns.split() for name, columns in CANONICAL.items()
    }
    assert {name: table.height for name, table in company.tables.items()} == company.summary.rows
    assert all(table.height > 0 for table in company.tables.values())
    assert company.tables["customers"].height == 1_500


@pytest.mark.parametrize("name", CANONICAL)
def test_no_event_at_or_after_until(company, name):
    until = datetime(2025, 6, 1, tzinfo=UTC)
    for column, dtype in company.tables[name].schema.items():
        values = company.tables[name][column].drop_nulls()
        if dtype.is_temporal() and column not in MAY_LIE_AHEAD:
            assert dtype in (pl.Date, pl.Datetime("us", "UTC"))
            latest = values.max()
            assert latest < (company.until if dtype == pl.Date else until), f"{name}.{column}"


@pytest.mark.parametrize(("name", "columns"), FILLED_LATER.items())
def test_later_filled_cells_are_filled_for_some_and_still_open_for_others(company, name, columns):
    for column in columns:
        assert 0 < company.tables[name][column].null_count() < company.tables[name].height, column


def test_what_was_resolved_after_until_is_open_at_until(company):
    # Half of all complaints take more than 6.7 days: of those opened in the last four days most are resolved only
    # after `until`, whereas nearly all of the old ones have been.
    complaints = company.tables["complaints"]
    end = datetime(2025, 6, 1, tzinfo=UTC)
    recent = complaints.filter(pl.col("opened_at") >= end - timedelta(days=4))
    old = complaints.filter(pl.col("opened_at") < end - timedelta(days=150))
    assert recent["resolved_at"].null_count() / recent.height > 0.5
    assert old["resolved_at"].null_count() / old.height < 0.03


def test_a_score_is_known_exactly_when_its_time_is(company):
    surveys, complaints = company.tables["surveys"], company.tables["complaints"]
    assert (surveys["score"].is_null() == surveys["answered_at"].is_null()).all()
    assert (complaints["satisfaction"].is_null() == complaints["satisfaction_at"].is_null()).all()
    assert complaints["satisfaction"].drop_nulls().is_between(1, 5).all()
    highest = {"nps": 10, "csat": 5, "ces": 7}
    for (kind,), answered in surveys.drop_nulls("score").group_by("kind"):
        assert answered["score"].max() <= highest[str(kind)]


@pytest.mark.parametrize("name", CANONICAL)
def test_keys_are_unique_and_references_resolve(company, name):
    table = company.tables[name]
    key = KEYS.get(name, [table.columns[0]])
    assert not table.select(key).is_duplicated().any()
    assert table.select(key).null_count().sum_horizontal().item() == 0
    parent = "complaints" if name == "complaint_updates" else "customers"
    reference = "complaint_id" if name == "complaint_updates" else "customer_id"
    assert table[reference].is_in(company.tables[parent][reference].to_list()).all()


def test_nothing_happens_before_signing_up_or_in_the_wrong_order(company):
    joined = company.tables["transactions"].join(company.tables["customers"], on="customer_id")
    assert (joined["occurred_at"].dt.date() >= joined["signed_up_on"]).all()
    complaints = company.tables["complaints"]
    for earlier, later in (
        ("opened_at", "first_response_at"),
        ("first_response_at", "resolved_at"),
        ("resolved_at", "reopened_at"),
        ("resolved_at", "satisfaction_at"),
    ):
        both = complaints.drop_nulls(later)
        assert (both[earlier] <= both[later]).all(), (earlier, later)
    updates = company.tables["complaint_updates"].join(complaints, on="complaint_id")
    assert (updates["sent_at"] > updates["opened_at"]).all()
    promises = company.tables["promises"].drop_nulls("kept_at")
    assert (promises["kept_at"] > promises["promised_at"]).all()
    late = (promises["kept_at"] > promises["due_at"]).mean()
    assert 0.05 < late < 0.35


def test_delays_of_complaints_follow_the_help_desk_log(company):
    # Only complaints old enough to have come to their end; the medians of the log are 16.4 hours and 6.7 days.
    settled = company.tables["complaints"].filter(
        pl.col("opened_at") < datetime(2025, 6, 1, tzinfo=UTC) - timedelta(days=120)
    )
    response_hours = (settled["first_response_at"] - settled["opened_at"]).dt.total_seconds() / 3600
    resolution_days = (settled["resolved_at"] - settled["opened_at"]).dt.total_seconds() / 86_400
    assert response_hours.median() == pytest.approx(16.4, rel=0.2)
    assert resolution_days.median() == pytest.approx(6.7, rel=0.15)


def test_money_is_in_cents_and_returns_are_negative(company):
    transactions = company.tables["transactions"]
    for column in ("amount", "cost", "discount"):
        assert transactions[column].dtype == pl.Float64
        assert (transactions[column] * 100 - (transactions[column] * 100).round()).abs().max() < 1e-6
    returns = (transactions["amount"] < 0).mean()
    assert 0.01 < returns < 0.15
    assert (transactions["amount"] == 0).sum() == 0


def test_a_manager_has_about_250_customers_and_the_data_are_fake(company):
    customers = company.tables["customers"]
    assert customers["account_manager"].n_unique() == 6
    assert customers["email"].str.ends_with("@example.com").all()
    assert customers["phone"].str.contains(r"^\+1-202-555-01\d\d$").all()
    assert (customers["valid_from"] == customers["signed_up_on"]).all()
