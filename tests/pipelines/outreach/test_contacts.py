"""What counts as a contact from our side, and until when a customer is left in peace because somebody asked."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from configs.outreach import Outreach
from pipelines.outreach.contacts import answers_by, contacts
from tests.features.drawn_tables import cutoff, table

NIGHT = cutoff("2026-07-01")
DEFAULT = Outreach()


def found(outreach: Outreach = DEFAULT, zone: str = "UTC", **drawn: str) -> dict[str, dict[str, Any]]:
    tables = {name: table(name, drawing) for name, drawing in drawn.items()}
    rows = contacts(tables, cutoff("2026-07-01", zone), outreach)
    return {row.pop("customer_id"): row for row in rows.iter_rows(named=True)}


INTERACTIONS = """
    customer_id | occurred_at      | channel | direction | campaign
    A           | 2026-06-01       | phone   | out       | -
    A           | 2026-06-09 23:30 | email   | out       | -
    B           | 2026-06-20       | phone   | in        | -
    C           | 2026-06-20       | email   | out       | newsletter
"""


def test_only_what_we_did_personally_is_a_contact() -> None:
    assert found(interactions=INTERACTIONS) == {"A": {"last_contact_on": date(2026, 6, 9), "snoozed_until": None}}


def test_the_day_is_that_of_the_business() -> None:
    # 23:30 UTC is half past one in the morning in Berlin.
    assert found(interactions=INTERACTIONS, zone="Europe/Berlin")["A"]["last_contact_on"] == date(2026, 6, 10)


def test_mass_mailings_count_where_configured() -> None:
    customers = found(Outreach(campaigns_are_contacts=True), interactions=INTERACTIONS)

    assert {name: row["last_contact_on"].day for name, row in customers.items()} == {"A": 9, "C": 20}


@pytest.mark.parametrize(
    ("status", "contact"),
    [
        ("contacted", date(2026, 6, 12)),
        ("-", date(2026, 6, 12)),  # an outcome is an outcome, whatever it says
        ("no_answer", None),
        ("not_at_risk", date(2026, 6, 12)),
        ("snooze", None),
    ],
)
def test_outcomes_that_deal_with_the_customer_are_contacts(status: str, contact: date | None) -> None:
    outcomes = f"""
        customer_id | list_date  | arm   | status   | at
        A           | 2026-06-10 | treat | {status} | 2026-06-12
    """
    assert found(outcomes=outcomes).get("A", {}).get("last_contact_on") == contact


def test_a_pause_lasts_until_its_day_or_a_cool_down() -> None:
    outcomes = """
        customer_id | list_date  | arm   | status | at         | snooze_until
        A           | 2026-06-10 | treat | snooze | 2026-06-12 | 2026-07-05
        B           | 2026-06-10 | treat | snooze | 2026-06-12 | -
        C           | 2026-06-10 | treat | snooze | 2026-06-12 | 2026-07-05
        C           | 2026-06-10 | treat | saved  | 2026-06-13 | -
    """
    customers = found(Outreach(cool_down_days=20), outcomes=outcomes)

    assert customers == {
        "A": {"last_contact_on": None, "snoozed_until": date(2026, 7, 5)},
        "B": {"last_contact_on": None, "snoozed_until": date(2026, 7, 2)},  # 20 days from the twelfth
        "C": {"last_contact_on": date(2026, 6, 13), "snoozed_until": None},  # dealt with since
    }


def test_without_tables_nobody_was_contacted() -> None:
    empty = contacts({}, NIGHT, DEFAULT)

    assert empty.schema == {"customer_id": pl.String, "last_contact_on": pl.Date, "snoozed_until": pl.Date}
    assert empty.is_empty()


HEARD = """
    customer_id | occurred_at | channel | direction | responded_at
    A           | 2026-05-01  | chat    | in        | -
    A           | 2026-04-01  | email   | out       | 2026-05-02
    A           | 2026-06-01  | phone   | out       | -
    B           | 2026-06-01  | phone   | out       | -
"""


def test_customers_answer_by_the_channel_they_used_last() -> None:
    # The answer to April's e-mail came after the chat; nobody answered in June.
    assert answers_by({"interactions": table("interactions", HEARD)}).rows() == [("A", "email")]
    assert answers_by({}).is_empty()
