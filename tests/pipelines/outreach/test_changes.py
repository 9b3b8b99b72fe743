"""What changed since the last list, in sentences, and why customers left it."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from features.registry import FAMILIES
from pipelines.outreach.changes import GROUPS_IN_WORDS, changes, left

LAST = date(2026, 6, 29)
SCHEMA: dict[str, Any] = {
    "customer_id": pl.String,
    "was_listed": pl.Boolean,
    "churn_probability": pl.Float64,
    "before": pl.Float64,
    "code_before": pl.String,
    "last_contact_on": pl.Date,
}
NO_MOVES = pl.DataFrame(schema={"customer_id": pl.String, "complaints": pl.Float64, "silence": pl.Float64})


def change(row: dict[str, Any], moved: pl.DataFrame = NO_MOVES, last: date | None = LAST, retrained: bool = False):
    customer = {"customer_id": "A", "was_listed": True, "churn_probability": 0.64, "before": 0.55, **row}
    return changes(pl.DataFrame([customer], schema=SCHEMA), moved, last, retrained).row(0)


def moves(complaints: float, silence: float) -> pl.DataFrame:
    return pl.DataFrame([("A", complaints, silence)], schema=NO_MOVES.schema, orient="row")


@pytest.mark.parametrize(
    ("row", "moved", "sentence"),
    [
        ({}, moves(0.3, 0.1), "Chance of leaving up from 55% to 64% since 29 Jun 2026, mostly because of complaints"),
        (
            {"before": 0.7},
            moves(0.3, -0.6),
            "Chance of leaving down from 70% to 64% since 29 Jun 2026, mostly because of the time without an order",
        ),
        ({}, moves(0.04, -2.0), "Chance of leaving up from 55% to 64% since 29 Jun 2026"),  # nothing pushed it up
        ({}, NO_MOVES, "Chance of leaving up from 55% to 64% since 29 Jun 2026"),
        ({"before": 0.641}, moves(0.3, 0.1), "Unchanged since 29 Jun 2026"),  # both read 64%
    ],
)
def test_who_is_still_listed(row: dict[str, Any], moved: pl.DataFrame, sentence: str) -> None:
    assert change(row, moved) == ("still", sentence)


def test_a_new_model_is_named_as_the_reason() -> None:
    sentence = "Chance of leaving up from 55% to 64% since 29 Jun 2026, by a newly trained model"
    assert change({}, moves(0.3, 0.1), retrained=True) == ("still", sentence)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({}, "Not on the list of 29 Jun 2026; chance of leaving up from 55% to 64%"),
        ({"before": 0.64}, "Not on the list of 29 Jun 2026; chance of leaving unchanged"),
        # Whoever was withheld as a control reads like anybody else.
        ({"code_before": "control"}, "Not on the list of 29 Jun 2026; chance of leaving up from 55% to 64%"),
        ({"code_before": "cool_down"}, "Not on the list of 29 Jun 2026; chance of leaving up from 55% to 64%"),
        (
            {"code_before": "cool_down", "last_contact_on": date(2026, 5, 30)},
            "Back after the contact on 30 May 2026; chance of leaving up from 55% to 64%",
        ),
        (
            {"code_before": "snoozed"},
            "Back after the pause that was asked for; chance of leaving up from 55% to 64%",
        ),
        ({"before": None}, "Not among the customers scored on 29 Jun 2026"),
    ],
)
def test_who_is_new(row: dict[str, Any], sentence: str) -> None:
    assert change({"was_listed": False, **row}) == ("new", sentence)


def test_the_first_list() -> None:
    assert change({"was_listed": False, "before": None}, last=None) == ("new", "On the first list")


def test_every_group_of_reasons_has_words() -> None:
    groups = {group for family in FAMILIES for group in family.reason_groups().values()}
    assert groups | {"profile"} == set(GROUPS_IN_WORDS)


def test_who_left_and_why() -> None:
    tonight = {
        "A": ("listed", "open_item"),
        "B": ("left_alone", "unlikely_to_leave"),
        "C": ("left_alone", "unlikely_to_leave"),
        "D": ("left_alone", "cool_down"),
        "E": ("left_alone", "snoozed"),
        "F": ("left_alone", "over_capacity"),
        "G": ("left_alone", "deselected"),
        "H": ("left_alone", "no_contact"),
        "J": ("control", "control"),  # its item was closed by a contact, then a new season drew it
    }
    before = pl.DataFrame({"customer_id": list("IABCDEFGHJ")}).with_columns(
        account_manager=pl.lit("Anna"),
        churn_probability=0.8,
        display_name=pl.concat_str(pl.lit("Shop "), "customer_id"),
        # B bought on the day of the last list, C before it.
        last_purchase_on=pl.col("customer_id").replace_strict(
            {"B": date(2026, 6, 29), "C": date(2026, 6, 28)}, default=None, return_dtype=pl.Date
        ),
    )
    now = pl.DataFrame(
        [(name, *found, 0.3) for name, found in tonight.items()],
        schema=["customer_id", "decision", "code", "churn_probability"],
        orient="row",
    )

    gone = left(before, now, LAST)

    assert dict(gone.select("customer_id", "why").rows()) == {
        "B": "bought again",
        "C": "the risk fell",
        "D": "contacted",
        "E": "snoozed",
        "F": "others come first",
        "G": "costs more than the customer brings",
        "H": "objected to being contacted",
        "I": "no longer scored",
        "J": "contacted",
    }
    assert gone.row(0, named=True) == {
        "customer_id": "B",
        "display_name": "Shop B",
        "account_manager": "Anna",
        "why": "bought again",
        "churn_probability": 0.8,
        "probability_now": 0.3,
        "last_purchase_on": date(2026, 6, 29),
    }
