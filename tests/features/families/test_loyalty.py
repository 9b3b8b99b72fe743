"""Points, tiers and referrals of the loyalty programme, worked out by hand."""

import pytest

from features.families.loyalty import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00: 90 days begin on 3 March, 365 on 1 June 2024.
EVENTS = table(
    "loyalty",
    """
    occurred_at      | kind     | points | tier
    2024-03-01 00:00 | referral | -      | -
    2024-05-02 00:00 | enrol    | 50     | -
    2024-05-31 23:59 | earn     | 100    | -
    2024-06-01 00:00 | earn     | 200    | -
    2024-06-01 00:00 | tier     | 300    | silver
    2024-12-03 00:00 | redeem   | -120   | -
    2025-01-01 00:00 | redeem   | 30     | -
    2025-01-02 00:00 | referral | -      | -
    2025-02-01 00:00 | tier     | -      | silver
    2025-03-02 23:00 | earn     | 40     | -
    2025-03-03 00:00 | earn     | 7      | -
    2025-03-04 00:00 | earn     | -5     | -
    2025-04-12 00:00 | tier     | -      | gold
    2025-06-01 00:00 | earn     | 999    | -
    """,
)


def test_points():
    found = features_of(FAMILY, EVENTS, "2025-06-01")
    assert found["loyalty__earned_sum_90d"] == 7 - 5
    assert found["loyalty__earned_sum_365d"] == 200 + 40 + 7 - 5
    # Points redeemed are written with either sign; those of other events are not counted.
    assert found["loyalty__redeemed_sum_365d"] == 120 + 30
    assert found["loyalty__balance"] == 100 + 200 + 40 + 7 - 5 - 150
    # From 3 March; a correction on the day after is no earning.
    assert found["loyalty__earned_days"] == 90
    assert found["loyalty__redeemed_days"] == 151


def test_membership_begins_with_the_first_event_but_for_a_referral():
    found = features_of(FAMILY, EVENTS, "2025-06-01")
    assert (found["loyalty__enrolled"], found["loyalty__member_days"]) == (1, 395)
    assert features_of(FAMILY, EVENTS, "2024-05-02")["loyalty__enrolled"] == 0
    assert (found["loyalty__referrals_count_365d"], found["loyalty__referrals_count_lifetime"]) == (1, 2)


def test_a_tier_that_is_confirmed_has_not_changed():
    found = features_of(FAMILY, EVENTS, "2025-06-01")
    assert (found["loyalty__tier_changes_count_365d"], found["loyalty__tier_changes_count_lifetime"]) == (2, 2)
    assert found["loyalty__tier_changed_days"] == 50
    assert features_of(FAMILY, EVENTS, "2025-04-12")["loyalty__tier_changed_days"] == 315
    unnamed = table("loyalty", "occurred_at | kind\n2025-05-01 | tier\n2025-05-02 | tier")
    assert features_of(FAMILY, unnamed, "2025-06-01")["loyalty__tier_changes_count_365d"] == 2


def test_points_that_nobody_wrote_down():
    unknown = table("loyalty", "occurred_at | kind\n2025-05-30 | earn\n2025-05-31 | redeem")
    found = features_of(FAMILY, unknown, "2025-06-01")
    assert (found["loyalty__balance"], found["loyalty__earned_days"], found["loyalty__redeemed_days"]) == (0, 2, 1)


def test_no_member():
    found = features_of(FAMILY, EVENTS.clear(), "2025-06-01")
    assert found["loyalty__enrolled"] == found["loyalty__balance"] == found["loyalty__earned_sum_90d"] == 0
    assert found["loyalty__member_days"] is found["loyalty__earned_days"] is None
    assert sentences_of(FAMILY, found) == {"loyalty": "Never joined the loyalty programme"}


@pytest.mark.parametrize(
    ("drawn", "sentence"),
    [
        (["2024-05-01 | referral | -"], "Never joined the loyalty programme"),
        (["2025-03-03 | earn | 10"], "No loyalty points earned for 90 days"),
        (["2025-03-04 | earn | 10"], None),
        (["2025-03-03 | enrol | -"], "No loyalty points earned in 90 days of membership"),
        (["2025-03-04 | enrol | -"], None),
        (["2024-12-03 | earn | 1", "2025-05-01 | earn | 1200"], "1,201 loyalty points left, none ever spent"),
        (["2024-12-04 | earn | 1", "2025-05-01 | earn | 1200"], None),
        (
            ["2024-12-01 | earn | 9", "2024-12-03 | redeem | 8", "2025-05-01 | earn | 0.5"],
            "1 loyalty point left, none spent for 180 days",
        ),
        (["2024-12-01 | earn | 9", "2024-12-03 | redeem | 9", "2025-05-01 | earn | 0.5"], None),
        (["2024-12-01 | earn | 9", "2024-12-04 | redeem | 8", "2025-05-01 | earn | 5"], None),
        (["2024-12-01 | redeem | 9", "2025-05-01 | earn | 5"], None),
    ],
)
def test_sentences(drawn: list[str], sentence: str | None):
    rows = table("loyalty", "\n".join(["occurred_at | kind | points", *drawn]))
    said = {} if sentence is None else {"loyalty": sentence}
    assert sentences_of(FAMILY, features_of(FAMILY, rows, "2025-06-01")) == said
