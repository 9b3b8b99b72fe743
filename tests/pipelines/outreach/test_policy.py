"""Each rule by hand, the order in which they apply, and who gets the places on a list."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from configs.outreach import Lists, Outreach
from pipelines.outreach.policy import IN_WORDS, expected_gain, places, rules
from tests.pipelines.outreach.policy_cases import candidates

TODAY = date(2026, 7, 1)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def decided(*changes: dict[str, Any], capacity: int = 25, **outreach: Any) -> pl.DataFrame:
    return places(candidates(*changes), Outreach(**outreach), Lists(customers_per_manager=capacity), TODAY)


def code(change: dict[str, Any], **outreach: Any) -> str | None:
    """The code of a customer beside another one of average figures."""
    return decided(change, {}, **outreach)["code"][0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"no_contact": True}, "no_contact"),
        ({"snoozed_until": ago(-1)}, "snoozed"),
        ({"snoozed_until": TODAY}, None),  # it ends today
        ({"last_contact_on": ago(29)}, "cool_down"),
        ({"last_contact_on": ago(30)}, None),
        ({"churn_probability": 0.49}, "unlikely_to_leave"),  # the average is 0.495
        ({"value_if_retained": 0.0}, "deselected"),
        ({"net_value": -0.01}, "deselected"),  # cost more in the last year than it brought, whatever is predicted
        ({"net_value": 0.0}, None),
        ({"net_value": None}, None),  # not known
        ({"expected_gain": 0.0}, "not_worth_acting"),
        ({"expected_gain": 0.01}, None),
    ],
)
def test_each_rule_alone(change: dict[str, Any], expected: str | None) -> None:
    assert code(change) == expected


@pytest.mark.parametrize(
    ("change", "outreach", "expected"),
    [
        ({"last_contact_on": ago(5)}, {"cool_down_days": 5}, None),
        ({"last_contact_on": ago(0)}, {"cool_down_days": 0}, None),
        ({"churn_probability": 0.49}, {"minimum_probability": 0.49}, None),
        ({"churn_probability": 0.6}, {"minimum_probability": 0.61}, "unlikely_to_leave"),
        ({"value_if_retained": 99.0}, {"minimum_value": 100.0}, "below_minimum_value"),
        ({"value_if_retained": 100.0}, {"minimum_value": 100.0}, None),
    ],
)
def test_rules_go_by_the_configuration(change: dict[str, Any], outreach: dict[str, Any], expected: str | None) -> None:
    assert code(change, **outreach) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(0, None), (6, None), (7, "cool_down"), (36, "cool_down"), (37, None), (100, None)]
)
def test_a_control_cools_down_once_its_item_ends(days: int, expected: str | None) -> None:
    # An item keeps its place for 7 days; then come 30 days of rest, as after a contact.
    assert code({"withheld_on": ago(days)}) == expected


def test_the_first_rule_that_applies_gives_the_code() -> None:
    everything: dict[str, Any] = {
        "no_contact": True,
        "snoozed_until": ago(-1),
        "last_contact_on": ago(1),
        "churn_probability": 0.1,
        "net_value": -5.0,
        "expected_gain": -1.0,
        "value_if_retained": 9.0,
    }
    found = []
    for cause in [*everything, None]:
        found.append(code(everything, minimum_value=10.0))
        everything.pop(cause or "", None)

    # Taking away one cause after the other, as they are named above.
    codes = [
        *("no_contact", "snoozed", "cool_down", "unlikely_to_leave", "deselected", "not_worth_acting"),
        "below_minimum_value",
    ]
    assert found == [*codes, None]
    assert list(rules(Outreach(), TODAY)) == codes
    assert list(IN_WORDS) == [*rules(Outreach(), TODAY), "over_capacity"]


def test_customers_who_are_all_alike_are_not_below_their_average() -> None:
    # Three times 0.1 adds up to a mean just above 0.1.
    assert decided(*[{"churn_probability": 0.1}] * 3)["would_list"].all()


def test_the_gain_is_the_value_at_risk_saved_less_the_cost() -> None:
    chances = (0.5, 0.8, 0.0, 1.0)
    rows = candidates(*[{"churn_probability": chance, "value_at_risk": 50.0} for chance in chances])
    gain = rows.select(expected_gain(0.2, Outreach(action_cost=4.0)))

    # Acting makes the odds of staying 1.2 / 0.8 = 1.5 times as good: of 0.2 that stay, 0.3 / 1.1 = 0.2727 do, which is
    # 0.0727 of the 0.8 leaving; nearly nobody leaves: 1 - 1 / 1.5; everybody does: none.
    saved = (0.2, 0.0909, 0.3333, 0.0)
    assert gain.to_series().to_list() == [pytest.approx(share * 50 - 4, abs=0.01) for share in saved]


def test_each_manager_has_places_for_the_most_expected_gain() -> None:
    found = decided(
        {"expected_gain": 10.0},
        {"expected_gain": 30.0},
        {"expected_gain": 20.0, "account_manager": "Bert"},
        {"expected_gain": 20.0},
        {"expected_gain": 40.0, "no_contact": True},  # takes no place
        capacity=2,
    )

    assert found.select("customer_id", "would_list", "code", "item_opened").rows() == [
        ("A", False, "over_capacity", None),
        ("B", True, None, TODAY),
        ("C", True, None, TODAY),
        ("D", True, None, TODAY),
        ("E", False, "no_contact", None),
    ]


def test_ties_go_by_customer_id_in_any_order() -> None:
    frame = candidates({}, {}, {})
    for rows in (frame, frame.reverse()):
        found = places(rows, Outreach(), Lists(customers_per_manager=2), TODAY)
        assert found.filter("would_list")["customer_id"].to_list() == ["A", "B"]


def test_an_open_item_keeps_its_place_for_a_week_and_then_competes() -> None:
    def with_places(days: int) -> list[str]:
        found = decided({"expected_gain": 1.0, "item_opened": ago(days)}, {}, {}, capacity=2)
        return found.filter("would_list")["customer_id"].to_list()

    assert with_places(6) == ["A", "B"]
    assert with_places(7) == ["B", "C"]


def test_an_open_item_stays_the_same_item() -> None:
    found = decided({"item_opened": ago(20)}, {})

    assert found.select("customer_id", "item_opened", "was_open").rows() == [("A", ago(20), True), ("B", TODAY, False)]


def test_an_open_item_leaves_when_a_rule_says_so() -> None:
    found = decided({"item_opened": ago(2), "churn_probability": 0.1}, {})

    assert found.select("code", "would_list", "item_opened").row(0) == ("unlikely_to_leave", False, None)
