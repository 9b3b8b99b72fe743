"""Complaints, promises and surveys of a month, worked out by hand: each judged when its time was up."""

import polars as pl

from configs.report import Report
from features.service import complaints, promises, surveys
from features.time import Month
from tests.features.drawn_tables import cutoff, table

MAY = Month(cutoff("2025-06-01"))
COMPLAINTS = table(
    "complaints",
    """
    complaint_id | opened_at        | cause   | first_response_at | resolved_at      | satisfaction | satisfaction_at
    in time      | 2025-05-02 00:00 | delay   | 2025-05-03 00:00  | 2025-05-09 00:00 | 4            | 2025-05-10
    late         | 2025-05-02 00:00 | quality | 2025-05-03 00:01  | 2025-05-09 00:01 | -            | -
    from April   | 2025-04-30 12:00 | quality | 2025-05-05 00:00  | 2025-05-06 00:00 | 2            | 2025-06-01
    under way    | 2025-05-31 12:00 | price   | -                 | -                | -            | -
    closed       | 2025-04-01 00:00 | other   | 2025-04-02 00:00  | 2025-04-30 23:59 | 5            | 2025-05-01
    too late     | 2025-06-01 00:00 | other   | -                 | -                | -            | -
    """,
)
UPDATES = table(
    "complaint_updates",
    """
    complaint_id | sent_at
    in time      | 2025-05-06 00:00
    late         | 2025-05-07 00:00
    under way    | 2025-06-02 00:00
    """,
)


def test_a_standard_is_judged_in_the_month_in_which_its_time_ran_out():
    found = complaints({"complaints": COMPLAINTS, "complaint_updates": UPDATES}, MAY, Report())

    rows = found.select("cause", "opened", "answered", "resolved", "informed", "rating").rows()
    assert rows == [
        # Answered after exactly 24 hours, resolved after 7 days; news on 2, 3, 6 and 9 May: never more than 3 days.
        ("delay", True, True, True, True, 4.0),
        # A minute too late each time; no news from 3 May 00:01 to 7 May.
        ("quality", True, False, False, False, None),
        # Opened in April, so not counted there; its 24 hours and 7 days ended in May; rated only at the end of May.
        ("quality", None, False, True, False, None),
        # Its 24 hours end after May, so nobody knows yet; half a day without news is not too long.
        ("price", True, None, None, True, None),
        # Closed before May began: of May is only what the customer said of it.
        ("other", None, None, None, None, 5.0),
    ]


def test_standards_are_those_of_the_configuration():
    strict = Report(response_hours=12, resolution_days=5, informed_days=10)

    found = complaints({"complaints": COMPLAINTS, "complaint_updates": UPDATES}, MAY, strict)

    assert found["answered"].to_list() == [False, False, False, None, None]  # 12 hours after 31 May, 12:00 is June
    assert found["resolved"].to_list() == [False, False, False, None, None]  # 5 days and 12 hours; due on 5 May, 12:00
    assert found["informed"].to_list() == [True, True, True, True, None]


def test_what_was_learned_later_was_not_known_at_the_end_of_the_month():
    learned = COMPLAINTS.with_columns(known_at=pl.lit("2025-06-01").str.to_datetime(time_unit="us", time_zone="UTC"))

    assert complaints({"complaints": learned}, MAY, Report()).is_empty()
    assert complaints({}, MAY, Report()).is_empty()
    # A month earlier the one from April had not been answered, and stood open without news for half a day.
    april = complaints({"complaints": COMPLAINTS}, Month(cutoff("2025-05-01")), Report())
    assert april.filter(cause="quality").select("opened", "answered", "resolved", "informed").rows() == [
        (True, None, None, True)
    ]


def test_promises_that_fell_due():
    made = table(
        "promises",
        """
        promised_at      | due_at           | kept_at
        2025-04-01 00:00 | 2025-04-30 23:59 | -
        2025-04-01 00:00 | 2025-05-01 00:00 | 2025-05-01 00:00
        2025-05-01 00:00 | 2025-05-10 00:00 | 2025-05-10 00:01
        2025-05-01 00:00 | 2025-05-31 00:00 | 2025-06-01 00:00
        2025-05-01 00:00 | 2025-06-01 00:00 | 2025-05-02 00:00
        """,
    )

    assert promises({"promises": made}, MAY)["kept"].to_list() == [True, False, False]
    assert promises({}, MAY).is_empty()


def test_surveys_sent_and_answered():
    asked = table(
        "surveys",
        """
        sent_at    | kind | answered_at | score
        2025-04-20 | nps  | 2025-05-01  | 9
        2025-05-02 | nps  | 2025-05-03  | 6
        2025-05-02 | csat | 2025-05-04  | -
        2025-05-30 | csat | 2025-06-01  | 5
        2025-04-01 | ces  | 2025-04-02  | 7
        """,
    )

    found = surveys({"surveys": asked}, MAY)

    assert found.select("kind", "answered", "score").rows() == [
        ("nps", None, 9.0),  # of April, answered in May
        ("nps", True, 6.0),
        ("csat", True, None),  # answered, but without a score
        ("csat", False, None),  # the answer came after May
    ]
