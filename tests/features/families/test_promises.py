"""Promises as they stood at a cutoff, worked out by hand."""

import pytest

from features.families.promises import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00: 30 days begin on 2 May, 90 days on 3 March, 365 days on 1 June 2024.
PROMISES = table(
    "promises",
    """
    promised_at      | due_at           | kept_at          | known_at
    2024-01-01       | 2024-01-11       | -                | -
    2024-05-25       | 2024-06-01 00:00 | 2024-06-01 00:00 | -
    2025-03-01       | 2025-03-03 00:00 | 2025-03-03 00:01 | -
    2025-03-02       | 2025-03-10       | 2025-03-05       | -
    2025-05-01       | 2025-05-02 00:00 | 2025-05-06       | -
    2025-05-20       | 2025-05-30       | 2025-06-01 00:00 | -
    2025-05-21       | 2025-05-31 12:00 | -                | -
    2025-05-22       | 2025-06-01 00:00 | -                | -
    2025-05-23       | 2025-06-10       | 2025-05-24       | -
    2025-05-24       | 2025-05-25       | -                | 2025-06-01
    2025-06-01       | 2025-06-02       | -                | -
    """,
)
#  due          days late by 1 June      days since due
#  11 Jan 2024  507 so far, overdue      507
#  1 June 2024  kept at the due time     365
#  3 March      a minute, kept late      90
#  10 March     kept early               83
#  2 May        4, kept late             30
#  30 May       2 so far, overdue        2      (it is kept at the cutoff)
#  31 May       0.5 so far, overdue      0.5
#  1 June, 00:00 and 10 June: not due yet, one of them kept; the next is learned, the last one made, at the cutoff
MINUTE = 1 / (24 * 60)
LONG_AGO = 507


def found(day: str = "2025-06-01") -> dict[str, float | None]:
    return {name.removeprefix("promises__"): value for name, value in features_of(FAMILY, PROMISES, day).items()}


def over_windows(stem: str, *names: str) -> list[float | None]:
    values = found()
    return [values[f"{stem}_{name}"] for name in names]


def test_counts_by_the_time_it_is_about():
    every = ("30d", "90d", "365d", "lifetime")
    assert over_windows("made_count", *every) == [4, 5, 7, 9]
    assert found()["pending_sum_lifetime"] == 1
    assert over_windows("due_count", *every) == [3, 5, 6, 7]
    assert over_windows("broken_sum", *every) == [3, 4, 4, 5]
    assert over_windows("on_time_sum", *every[1:]) == [1, 2, 2]
    assert over_windows("late_sum", *every[1:]) == [2, 2, 2]
    assert over_windows("overdue_sum", "30d", "90d", "lifetime") == [2, 2, 3]
    assert over_windows("broken_share", *every[1:]) == [4 / 5, 4 / 6, 5 / 7]


def test_days_late_and_days_since():
    assert over_windows("overdue_days_max", "90d", "lifetime") == [2, LONG_AGO]
    assert found()["overdue_days_min_lifetime"] == found()["broken_age_min_lifetime"] == 0.5
    assert over_windows("lateness_max", "90d", "lifetime") == [4, LONG_AGO]
    delays = MINUTE + 4 + 2 + 0.5
    assert found()["lateness_mean_365d"] == pytest.approx(delays / 4)
    assert found()["lateness_mean_lifetime"] == pytest.approx((LONG_AGO + delays) / 5)


@pytest.mark.parametrize(
    ("day", "run"),
    [
        ("2024-01-11", 0),  # due at the cutoff
        ("2024-01-12", -1),
        ("2024-06-02", 1),
        ("2025-03-04", -1),
        ("2025-03-11", 1),
        ("2025-05-03", -1),
        ("2025-06-01", -3),
        ("2025-06-02", -5),  # that of 25 May is known now, and that of 1 June, 00:00, is broken
    ],
)
def test_the_run_turns_with_each_change_between_kept_and_broken(day: str, run: int):
    assert found(day)["run"] == run


def test_a_promise_kept_at_the_cutoff_is_kept_only_afterwards():
    assert found("2024-06-01")["overdue_sum_lifetime"] == 1
    assert found("2024-06-02")["on_time_sum_365d"] == 1
    # Promised for 2 May and kept on 6 May: overdue in between.
    assert [found(day)["overdue_sum_30d"] for day in ("2025-05-02", "2025-05-03", "2025-05-06", "2025-05-07")] == [
        0,
        1,
        1,
        0,
    ]


def test_the_run_of_two_promises_of_one_due_time_ends_with_the_one_made_later():
    drawn = table("promises", "promised_at | due_at | kept_at\n2025-05-02 | 2025-05-10 | 2025-05-09")
    kept_last = drawn.vstack(table("promises", "promise_id | promised_at | due_at\n001 | 2025-05-01 | 2025-05-10"))
    assert features_of(FAMILY, kept_last, "2025-06-01")["promises__run"] == 1


def test_no_promises():
    values = features_of(FAMILY, PROMISES.clear(), "2025-06-01")
    assert values["promises__made_count_30d"] == values["promises__broken_sum_90d"] == values["promises__run"] == 0
    assert values["promises__broken_share_365d"] is values["promises__lateness_mean_lifetime"] is None
    assert sentences_of(FAMILY, values) == {}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["2025-05-31 00:01 | -"], "A promise fell due yesterday and has not been kept"),
        (["2025-05-31 00:00 | -"], "A promise has been overdue for 1 day"),
        (["2025-05-28 12:00 | -"], "A promise has been overdue for 4 days"),
        (["2025-05-31 10:00 | -", "2025-05-31 11:00 | -"], "2 promises fell due yesterday and have not been kept"),
        (["2025-05-31 10:00 | -", "2025-05-20 | -"], "2 promises are overdue, the oldest for 12 days"),
        (["2025-05-20 | 2025-05-21"], "The only promise due in the last 90 days was not kept on time"),
        (
            ["2025-05-20 | 2025-05-21", "2025-05-22 | 2025-05-23"],
            "None of the 2 promises due in the last 90 days was kept on time",
        ),
        (
            ["2025-05-20 | 2025-05-21", "2025-05-22 | 2025-05-21"],
            "1 of 2 promises due in the last 90 days was not kept on time",
        ),
        (
            ["2025-05-20 | 2025-05-21", "2025-05-21 | 2025-05-22", "2025-05-22 | 2025-05-21"],
            "2 of 3 promises due in the last 90 days were not kept on time",
        ),
        # Given up long ago: not called overdue any more.
        (["2025-03-02 | -"], "The only promise due in the last year was not kept on time"),
        (
            ["2025-03-02 | -", "2025-05-22 | 2025-05-21"],
            "1 of 2 promises due in the last year was not kept on time",
        ),
    ],
)
def test_sentences(lines: list[str], sentence: str):
    drawn = table(
        "promises", "\n".join(["promised_at | due_at | kept_at", *(f"2025-01-01 | {line}" for line in lines)])
    )
    assert sentences_of(FAMILY, features_of(FAMILY, drawn, "2025-06-01")) == {"promises": sentence}


@pytest.mark.parametrize("line", ["2025-05-20 | 2025-05-20", "2025-06-20 | -", "2024-05-31 | -"])
def test_nothing_is_said_of_kept_pending_and_forgotten_promises(line: str):
    drawn = table("promises", f"promised_at | due_at | kept_at\n2024-01-01 | {line}")
    assert sentences_of(FAMILY, features_of(FAMILY, drawn, "2025-06-01")) == {}
