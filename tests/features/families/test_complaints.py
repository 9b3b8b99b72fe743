"""Complaints as they stood at a cutoff, worked out by hand."""

import pytest

from features.families.complaints import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00: 90 days begin on 3 March.
COMPLAINTS = table(
    "complaints",
    """
    opened_at        | cause   | first_response_at | resolved_at      | reopened_at | satisfaction | satisfaction_at
    2025-01-01 00:00 | delay   | 2025-01-02 00:00  | 2025-01-08 00:00 | -           | 4            | 2025-01-09
    2025-03-03 00:00 | quality | 2025-03-04 00:01  | 2025-03-10 00:01 | -           | 2            | 2025-06-01
    2025-05-02 00:00 | price   | -                 | 2025-05-03 12:00 | -           | 5            | -
    2025-05-12 00:00 | service | 2025-05-12 06:00  | 2025-05-14 00:00 | 2025-05-20  | -            | -
    2025-05-30 00:00 | other   | 2025-06-01 00:00  | 2025-06-02 00:00 | -           | 1            | 2025-06-03
    2025-06-01 00:00 | other   | -                 | -                | -           | -            | -
    """,
)
#  opened   first answer after      resolved after             open on 1 June
#  1 Jan    24 h                    7 days                     no
#  3 Mar    24 h 1 min: late        7 days 1 min: late         no
#  2 May    36 h (when resolved)    1.5 days                   no
#  12 May   6 h                     2 days, reopened later     no
#  30 May   48 h so far             2 days so far              2 days
#  1 June   at the cutoff, not yet known


def test_as_they_stood_on_the_day():
    found = features_of(FAMILY, COMPLAINTS, "2025-06-01")
    counts = {window: found[f"complaints__complaints_count_{window}"] for window in ("30d", "90d", "365d", "lifetime")}
    assert counts == {"30d": 3, "90d": 4, "365d": 5, "lifetime": 5}
    assert found["complaints__open_sum_lifetime"] == 1
    assert found["complaints__open_age_max_lifetime"] == 2
    assert found["complaints__reopened_count_90d"] == found["complaints__reopened_count_365d"] == 1
    assert found["complaints__age_min_lifetime"] == 2
    minute = 1 / 60
    assert found["complaints__response_hours_mean_90d"] == pytest.approx((24 + minute + 36 + 6 + 48) / 4)
    assert found["complaints__response_hours_mean_lifetime"] == pytest.approx((24 + 24 + minute + 36 + 6 + 48) / 5)
    assert found["complaints__resolution_days_mean_90d"] == pytest.approx((7 + minute / 24 + 1.5 + 2 + 2) / 4)
    assert found["complaints__answered_late_sum_90d"] == 3
    assert found["complaints__answered_late_sum_lifetime"] == 3
    assert found["complaints__resolved_late_sum_90d"] == 1


def test_a_rating_counts_from_the_moment_it_was_given():
    # Ratings of 3 March and 30 May come on 1 and 3 June; that of 2 May has no time and is never seen.
    rating = "complaints__satisfaction_last_lifetime"
    assert features_of(FAMILY, COMPLAINTS, "2025-01-09")[rating] is None
    assert features_of(FAMILY, COMPLAINTS, "2025-06-01")[rating] == 4
    assert features_of(FAMILY, COMPLAINTS, "2025-06-02")[rating] == 2
    assert features_of(FAMILY, COMPLAINTS, "2025-06-04")[rating] == 1


def test_what_happens_at_the_cutoff_has_not_happened_yet():
    # On 8 January the first complaint is resolved at the very cutoff: open for 7 days, which is not late yet.
    found = features_of(FAMILY, COMPLAINTS, "2025-01-08")
    assert (found["complaints__open_sum_lifetime"], found["complaints__open_age_max_lifetime"]) == (1, 7)
    assert found["complaints__resolved_late_sum_lifetime"] == 0
    assert features_of(FAMILY, COMPLAINTS, "2025-01-09")["complaints__open_sum_lifetime"] == 0


def test_no_complaints():
    found = features_of(FAMILY, COMPLAINTS.clear(), "2025-06-01")
    assert found["complaints__open_sum_lifetime"] == found["complaints__complaints_count_30d"] == 0
    assert found["complaints__response_hours_mean_90d"] is None
    assert sentences_of(FAMILY, found) == {}


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2025-01-02", "A complaint has been open for 1 day"),
        ("2025-01-08", "A complaint has been open for 7 days"),
        ("2025-01-15", "1 complaint in the last year, the latest 14 days ago"),
        ("2025-03-20", "1 complaint in the last 90 days took more than 7 days to resolve"),
        ("2025-05-04", "1 complaint in the last 90 days took more than 7 days to resolve"),
        ("2025-05-21", "1 recent complaint was reopened"),
        ("2025-06-01", "A complaint has been open for 2 days"),
        ("2025-06-02", "2 complaints are open, the oldest for 3 days"),
    ],
)
def test_sentences(day: str, sentence: str):
    assert sentences_of(FAMILY, features_of(FAMILY, COMPLAINTS, day)) == {"complaints": sentence}


def test_sentences_of_a_fresh_and_of_a_slowly_answered_complaint():
    fresh = table("complaints", "opened_at | cause\n2025-05-31 10:00 | delay")
    slow = table(
        "complaints",
        """
        opened_at  | cause | first_response_at | resolved_at
        2025-05-01 | delay | 2025-05-03        | 2025-05-04
        2025-05-11 | delay | 2025-05-13        | 2025-05-14
        """,
    )
    assert sentences_of(FAMILY, features_of(FAMILY, fresh, "2025-06-01")) == {
        "complaints": "A complaint was opened yesterday and is not resolved"
    }
    assert sentences_of(FAMILY, features_of(FAMILY, slow, "2025-06-01")) == {
        "complaints": "2 complaints in the last 90 days waited more than a day for a first answer"
    }
