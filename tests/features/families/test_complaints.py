"""Complaints as they stood at a cutoff, worked out by hand."""

import polars as pl
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


# On 28 November, and on 27 May, it is 180 days since the complaint about a delay before.
CAUSES = table(
    "complaints",
    """
    opened_at        | cause   | cause_at
    2024-06-01 00:00 | delay   | -
    2024-11-28 00:00 | delay   | -
    2025-05-27 00:01 | delay   | -
    2025-05-28 00:00 | quality | -
    2025-05-29 00:00 | quality | 2025-06-01
    2025-05-30 00:00 | price   | -
    2025-05-30 00:00 | price   | -
    """,
)


def test_causes_and_repetitions():
    found = features_of(FAMILY, CAUSES, "2025-06-01")
    assert found["complaints__about_delay_count_365d"] == 3
    assert found["complaints__about_delay_count_90d"] == 1
    assert found["complaints__about_quality_count_90d"] == 1  # the other one's cause is not known yet
    assert found["complaints__about_price_count_90d"] == 2
    assert found["complaints__about_support_count_365d"] == 0
    # The second delay, and the second of the two prices; the third delay came a minute too late.
    assert found["complaints__repeated_sum_365d"] == 2
    assert found["complaints__repeated_sum_90d"] == 1
    # Of any cause: those of 28, 29 and 30 May.
    assert found["complaints__soon_again_sum_30d"] == found["complaints__soon_again_sum_90d"] == 4
    known = features_of(FAMILY, CAUSES, "2025-06-02")
    assert known["complaints__about_quality_count_90d"] == known["complaints__repeated_sum_90d"] == 2


def test_shares_of_late_ones_and_time_since_the_latest_became_late():
    found = features_of(FAMILY, COMPLAINTS, "2025-06-01")
    assert found["complaints__answered_late_share"] == 3 / 5
    assert found["complaints__resolved_late_share"] == 1 / 5
    assert found["complaints__answered_late_sum_30d"] == 2  # of 2 May, 30 days ago, and 30 May
    assert found["complaints__resolved_late_sum_30d"] == 0
    assert found["complaints__answered_late_age_min_lifetime"] == 1  # the answer was due on 31 May
    assert found["complaints__resolved_late_age_min_lifetime"] == 83  # the solution was due on 10 March


def test_a_reopening_counts_from_the_day_it_happened():
    # Opened 200 days before 1 June, reopened at the start of the 30 days, of the 90 days, and at the cutoff.
    found = features_of(
        FAMILY,
        table(
            "complaints",
            """
            opened_at  | cause | resolved_at | reopened_at
            2024-11-13 | delay | 2024-11-14  | 2025-05-02
            2024-11-13 | delay | 2024-11-14  | 2025-03-03
            2024-11-13 | delay | 2024-11-14  | 2025-06-01
            """,
        ),
        "2025-06-01",
    )
    assert [found[f"complaints__reopened_count_{days}d"] for days in (30, 90, 365)] == [1, 2, 2]
    assert found["complaints__reopened_age_min_lifetime"] == 30


def test_ratings_come_in_the_order_they_were_given():
    found = features_of(
        FAMILY,
        table(
            "complaints",
            """
            opened_at  | cause | satisfaction | satisfaction_at
            2025-01-01 | delay | 5            | 2025-05-20
            2025-01-02 | delay | 2            | 2025-03-02
            2025-01-03 | delay | 3            | 2025-03-03
            2025-01-04 | delay | -            | 2025-05-30
            """,
        ),
        "2025-06-01",
    )
    assert found["complaints__satisfaction_last_lifetime"] == 5
    assert found["complaints__satisfaction_min_lifetime"] == 2
    assert found["complaints__satisfaction_min_90d"] == 3
    assert found["complaints__satisfaction_mean_lifetime"] == pytest.approx(10 / 3)
    assert found["complaints__satisfaction_age_min_lifetime"] == 12


# What customers heard, and when: silences of 1, 3, 5 and 1 days in the first, 2 and 8 in the second.
NEWS = table(
    "complaints",
    """
    opened_at  | cause | first_response_at | resolved_at
    2025-05-01 | delay | 2025-05-05        | 2025-05-11
    2025-05-22 | delay | 2025-05-24        | -
    2025-05-31 | delay | -                 | -
    """,
)
UPDATES = table(
    "complaint_updates",
    """
    complaint_id | sent_at    | known_at
    000          | 2025-04-01 | -
    000          | 2025-05-02 | -
    000          | 2025-05-10 | -
    000          | 2025-05-20 | -
    001          | 2025-05-30 | 2025-06-01
    001          | 2025-06-01 | -
    """,
)


def test_silences_between_news():
    found = features_of(FAMILY, NEWS, "2025-06-01", complaint_updates=UPDATES)
    assert found["complaints__updates_sum_90d"] == found["complaints__updates_sum_lifetime"] == 2
    assert found["complaints__silence_max_90d"] == found["complaints__silence_max_lifetime"] == 8
    assert found["complaints__open_silence_max_lifetime"] == 8
    # The day after, both updates of the second complaint are known.
    found = features_of(FAMILY, NEWS, "2025-06-02", complaint_updates=UPDATES)
    assert found["complaints__updates_sum_lifetime"] == 4
    assert found["complaints__silence_max_lifetime"] == 6  # 24 to 30 May
    assert found["complaints__open_silence_max_lifetime"] == 2  # the third has heard nothing since 31 May
    first = features_of(FAMILY, NEWS.head(1), "2025-06-01", complaint_updates=UPDATES)
    assert (first["complaints__silence_max_lifetime"], first["complaints__open_silence_max_lifetime"]) == (5, None)


def test_without_updates_the_answer_is_the_only_news():
    found = features_of(FAMILY, NEWS, "2025-06-01")
    assert (found["complaints__updates_sum_lifetime"], found["complaints__silence_max_lifetime"]) == (0, 8)
    assert features_of(FAMILY, NEWS.head(1), "2025-06-01")["complaints__silence_max_lifetime"] == 6


def test_no_complaints():
    found = features_of(FAMILY, COMPLAINTS.clear(), "2025-06-01")
    assert found["complaints__open_sum_lifetime"] == found["complaints__complaints_count_30d"] == 0
    assert found["complaints__response_hours_mean_90d"] is None
    assert sentences_of(FAMILY, found) == {}


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2025-01-02", "A complaint has been open for 1 day"),
        ("2025-01-03", "A complaint has been open for 2 days"),
        ("2025-01-08", "A complaint has been open for 7 days, the last 6 without news"),
        ("2025-01-15", "1 complaint in the last year, the latest 14 days ago"),
        ("2025-03-20", "1 complaint in the last 90 days took more than 7 days to resolve"),
        ("2025-05-04", "1 complaint in the last 90 days took more than 7 days to resolve"),
        ("2025-05-21", "1 complaint was reopened in the last 90 days"),
        ("2025-06-01", "A complaint has been open for 2 days without any answer or news"),
        ("2025-06-02", "2 complaints are open, the oldest for 3 days"),
    ],
)
def test_sentences(day: str, sentence: str):
    assert sentences_of(FAMILY, features_of(FAMILY, COMPLAINTS, day)) == {"complaints": sentence}


def said(drawing: str, day: str = "2025-06-01", **others: pl.DataFrame) -> str:
    """The one sentence of these complaints."""
    (sentence,) = sentences_of(FAMILY, features_of(FAMILY, table("complaints", drawing), day, **others)).values()
    return sentence


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["2025-05-31 10:00 | delay | - | -"], "A complaint was opened yesterday and is not resolved"),
        (
            ["2025-05-31 10:00 | delay | - | -", "2025-05-31 00:01 | delay | - | -"],
            "2 complaints were opened yesterday and are not resolved",
        ),
        (["2025-05-31 00:00 | delay | 2025-05-31 | -"], "A complaint has been open for 1 day"),
        # The last news came within the first day: two days without, but not without any.
        (["2025-05-29 12:00 | delay | 2025-05-29 20:00 | -"], "A complaint has been open for 3 days"),
        (
            ["2025-05-01 | delay | 2025-05-03 | 2025-05-04", "2025-05-11 | other | 2025-05-13 | 2025-05-14"],
            "2 complaints in the last 90 days waited more than a day for a first answer",
        ),
        (
            ["2024-06-02 | price | 2024-06-02 | 2024-06-03", "2025-05-11 | price | 2025-05-11 | 2025-05-12"],
            "2 complaints in the last year, the latest 21 days ago",
        ),
        (
            ["2025-02-01 | price | 2025-02-01 | 2025-02-03", "2025-05-11 | price | 2025-05-11 | 2025-05-12"],
            "2 complaints about prices in the last year",
        ),
        (
            ["2025-05-31 10:00 | delay | 2025-05-31 11:00 | 2025-05-31 12:00"],
            "1 complaint in the last year, the latest yesterday",
        ),
        (
            ["2025-05-30 10:00 | delay | 2025-05-30 11:00 | 2025-05-30 12:00"],
            "1 complaint in the last year, the latest 2 days ago",
        ),
        # Resolved just in time, a week without a word in between.
        (
            ["2025-05-11 | delay | 2025-05-18 | 2025-05-18"],
            "A complaint in the last 90 days went 7 days without news",
        ),
    ],
)
def test_further_sentences(lines: list[str], sentence: str):
    assert said("\n".join(["opened_at | cause | first_response_at | resolved_at", *lines])) == sentence


def test_of_what_happened_more_than_a_year_ago_nothing_is_said():
    old = table("complaints", "opened_at | cause | resolved_at\n2024-05-31 | delay | 2024-06-20")
    assert sentences_of(FAMILY, features_of(FAMILY, old, "2025-06-01")) == {}
