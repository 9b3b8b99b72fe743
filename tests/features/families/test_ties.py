"""Contact in both directions, worked out by hand."""

import pytest

from features.families.ties import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00: 30 days begin on 2 May, 60 on 2 April, 90 on 3 March, 365 on 1 June 2024.
CONTACTS = table(
    "interactions",
    """
    occurred_at      | channel | direction | campaign     | responded_at
    2024-05-31 23:00 | shop    | in        | price survey | -
    2025-03-03 00:00 | email   | out       | newsletter   | 2025-04-02 00:00
    2025-03-13 12:00 | email   | out       | Price_Change | -
    2025-04-02 00:00 | phone   | in        | -            | 2025-04-03
    2025-05-02 00:00 | phone   | out       | -            | 2025-06-01 00:00
    2025-05-22 00:00 | email   | out       | newsletter   | -
    2025-06-01 00:00 | chat    | in        | price change | -
    """,
)
# Messages: 4, of which the first was answered (the answer of 1 June is not known yet). Two-way contact: 31 May 2024,
# 2 April 2025 twice (the customer's call, and the answer to the message of 3 March).


def test_how_much_contact_there_was():
    found = features_of(FAMILY, CONTACTS, "2025-06-01")
    spans = ("30d", "90d", "365d", "lifetime")
    assert [found[f"ties__received_count_{span}"] for span in spans] == [0, 1, 1, 2]
    assert [found[f"ties__sent_count_{span}"] for span in spans] == [2, 4, 4, 4]
    assert found["ties__tenure_days"] == pytest.approx(365 + 1 / 24)
    assert found["ties__sent_days"] == 10
    assert found["ties__balance_90d"] == found["ties__balance_365d"] == (1 - 4) / 5
    assert (found["ties__channels_n_unique_365d"], found["ties__channels_n_unique_lifetime"]) == (2, 3)


def test_how_even_it_was():
    found = features_of(FAMILY, CONTACTS, "2025-06-01")
    gaps = [275 + 1 / 24, 10.5, 19.5, 30, 20]
    middle = sum(gaps) / 5
    assert found["ties__gap_mean_lifetime"] == pytest.approx(middle)
    assert found["ties__gap_std_lifetime"] == pytest.approx((sum((gap - middle) ** 2 for gap in gaps) / 4) ** 0.5)


def test_what_was_answered():
    found = features_of(FAMILY, CONTACTS, "2025-06-01")
    assert {found[f"ties__answered_mean_{span}"] for span in ("90d", "365d", "lifetime")} == {1 / 4}
    # Three of the messages belong to a campaign.
    assert {found[f"ties__campaign_answered_mean_{span}"] for span in ("365d", "lifetime")} == {1 / 3}
    assert found["ties__unanswered_run"] == 3
    # A day later the answer of 1 June is known: the message of 22 May alone is left, and 90 days begin on 4 March.
    later = features_of(FAMILY, CONTACTS, "2025-06-02")
    assert later["ties__unanswered_run"] == 1
    assert (later["ties__answered_mean_90d"], later["ties__answered_mean_lifetime"]) == (1 / 3, 2 / 4)


def test_contact_is_two_way_when_the_customer_calls_or_answers():
    found = features_of(FAMILY, CONTACTS, "2025-06-01")
    assert [found[f"ties__two_way_{days}d"] for days in (30, 60, 90, 365)] == [0, 2, 2, 2]
    assert found["ties__two_way_days"] == 60
    # Twice a half for the two of 60 days ago, and the one of a year ago.
    assert found["ties__two_way_faded"] == pytest.approx(2 * 0.5 + 0.5 ** ((365 + 1 / 24) / 60), rel=1e-12)
    # An answer counts by its own time: on 2 April it has not come yet, on 3 April it has.
    assert features_of(FAMILY, CONTACTS, "2025-04-02")["ties__two_way_30d"] == 0
    assert features_of(FAMILY, CONTACTS, "2025-04-03")["ties__two_way_30d"] == 2
    assert features_of(FAMILY, CONTACTS, "2025-06-02")["ties__two_way_days"] == 1


def test_of_two_messages_of_one_moment_the_latter_is_the_one_with_the_greater_key():
    drawn = """
    interaction_id | occurred_at | channel | direction | responded_at
    b              | 2025-05-01  | email   | out       | -
    a              | 2025-05-01  | email   | out       | 2025-05-02
    """
    assert features_of(FAMILY, table("interactions", drawn), "2025-06-01")["ties__unanswered_run"] == 1


def test_no_contact():
    found = features_of(FAMILY, CONTACTS.clear(), "2025-06-01")
    assert found["ties__unanswered_run"] == found["ties__two_way_faded"] == found["ties__two_way_30d"] == 0
    assert found["ties__balance_90d"] is found["ties__two_way_days"] is found["ties__gap_mean_lifetime"] is None
    assert sentences_of(FAMILY, found) == {"contact": "No contact with us on record"}


def test_one_contact():
    one_call = table("interactions", "occurred_at | channel | direction\n2025-05-31 | phone | in")
    found = features_of(FAMILY, one_call, "2025-06-01")
    assert found["ties__tenure_days"] == found["ties__two_way_days"] == 1
    assert (found["ties__balance_90d"], found["ties__gap_mean_lifetime"]) == (1, None)
    assert found["ties__answered_mean_lifetime"] is found["ties__sent_days"] is None
    assert sentences_of(FAMILY, found) == {}


@pytest.mark.parametrize(
    ("day", "contact"),
    [
        ("2025-03-14", "No two-way contact for 287 days"),
        ("2025-04-03", None),
        ("2025-05-31", "None of our last 3 messages was answered"),
        ("2025-06-01", "No two-way contact for 60 days; none of our last 3 messages was answered"),
        ("2025-06-11", None),
        ("2025-07-31", "No two-way contact for 60 days"),
    ],
)
def test_sentences(day: str, contact: str | None):
    said = {"contact": contact} if contact else {}
    assert sentences_of(FAMILY, features_of(FAMILY, CONTACTS, day)) == said


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        # A source without the times of answers: nothing is said as if it were known.
        (["2025-05-01 | out", "2025-05-02 | out"], {}),
        (
            ["2025-05-01 | out", "2025-05-02 | out", "2025-05-03 | out"],
            {"contact": "No answer on record to any of our 3 messages"},
        ),
        (
            ["2025-01-01 | in", "2025-05-01 | out", "2025-05-02 | out", "2025-05-03 | out"],
            {"contact": "No two-way contact for 151 days"},
        ),
        (["2024-12-03 | out", "2025-04-03 | in"], {"contact": "No message from us for 180 days"}),
        (["2024-12-04 | out", "2025-04-03 | in"], {}),
    ],
)
def test_sentences_on_other_histories(drawn: list[str], said: dict[str, str]):
    rows = "\n".join(["occurred_at | direction | channel", *(f"{line} | email" for line in drawn)])
    assert sentences_of(FAMILY, features_of(FAMILY, table("interactions", rows), "2025-06-01")) == said
