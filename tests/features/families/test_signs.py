"""Signs of life of every kind, worked out by hand."""

import polars as pl
import pytest

from features.families.signs import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025, 00:00: 30 days begin on 2 May, 90 on 3 March, 365 on 1 June 2024.
TRANSACTIONS = table(
    "transactions",
    """
    occurred_at | amount
    2024-05-31  |  10.00
    2025-03-03  |  -5.00
    2025-06-01  |  10.00
    """,
)
OTHERS = {
    "complaints": table(
        "complaints",
        """
        opened_at  | first_response_at | resolved_at | reopened_at | satisfaction | satisfaction_at
        2025-03-02 | 2025-05-30        | 2025-05-31  | 2025-05-02  | 1            | 2025-06-01
        """,
    ),
    "interactions": table(
        "interactions",
        """
        occurred_at | direction | responded_at
        2025-03-20  | in        | -
        2025-03-21  | in        | 2025-05-31
        2025-04-01  | out       | 2025-05-12
        2025-05-25  | out       | -
        """,
    ),
    "surveys": table(
        "surveys",
        """
        sent_at    | answered_at
        2025-05-01 | 2025-05-20
        2025-05-15 | 2025-06-01
        2025-05-26 | -
        """,
    ),
    "loyalty": table(
        "loyalty",
        """
        occurred_at      | kind
        2025-04-05       | referral
        2025-05-22 12:00 | redeem
        2025-05-23       | earn
        2025-05-24       | tier
        2025-05-25       | enrol
        """,
    ),
}
# Signs before 1 June: 31 May 2024; in 2025 2 March, 3 March, 20 March, 21 March, 5 April, 2 May, 12 May, 20 May and
# 22 May at noon. On 1 June come a purchase, a rating and an answer to a survey. The rest is our doing, not theirs.
SPANS = ("30d", "90d", "365d", "lifetime")


def found(day: str, **others: pl.DataFrame) -> dict[str, float | None]:
    values = features_of(FAMILY, TRANSACTIONS, day, **others)
    return {name.removeprefix("signs__"): value for name, value in values.items()}


def test_signs_of_all_kinds_count_by_their_own_times():
    values = found("2025-06-01", **OTHERS)
    assert [values[f"count_{span}"] for span in SPANS] == [4, 8, 9, 10]
    assert (values["recency_days"], values["pace_days"]) == (9.5, 36.6)
    assert values["overdue_ratio"] == pytest.approx(9.5 * 10 / 366)
    assert values["overdue_ratio_365d"] == pytest.approx(9.5 * 9 / 365)


def test_what_happens_at_the_cutoff_is_a_sign_from_the_next_day_on():
    values = found("2025-06-02", **OTHERS)
    assert [values[f"count_{span}"] for span in SPANS] == [6, 10, 12, 13]
    assert values["recency_days"] == 1


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("complaints", "opened_at\n2025-04-02"),
        ("complaints", "opened_at | reopened_at\n2024-01-01 | 2025-04-02"),
        ("complaints", "opened_at | satisfaction_at\n2024-01-01 | 2025-04-02"),
        ("interactions", "occurred_at | direction\n2025-04-02 | in"),
        ("interactions", "occurred_at | direction | responded_at\n2024-01-01 | out | 2025-04-02"),
        ("surveys", "sent_at | answered_at\n2024-01-01 | 2025-04-02"),
        ("loyalty", "occurred_at | kind\n2025-04-02 | redeem"),
        ("loyalty", "occurred_at | kind\n2025-04-02 | referral"),
    ],
)
def test_each_kind_alone_ends_the_silence(name: str, drawn: str):
    assert found("2025-04-02", **{name: table(name, drawn)})["recency_days"] == 30  # since the return of 3 March
    assert found("2025-04-03", **{name: table(name, drawn)})["recency_days"] == 1


def test_a_sign_that_is_learned_later_is_no_sign_before():
    late = table("surveys", "sent_at | answered_at | known_at\n2025-05-01 | 2025-05-20 | 2025-06-01")
    assert found("2025-06-01", surveys=late)["count_30d"] == 0
    assert found("2025-06-02", surveys=late)["count_30d"] == 2  # with the purchase of 1 June


def test_tables_that_are_absent_count_as_empty():
    empty = {name: other.clear() for name, other in OTHERS.items()}
    assert found("2025-06-01") == found("2025-06-01", **empty)
    assert [found("2025-06-01")[f"count_{span}"] for span in SPANS] == [0, 1, 1, 2]
    assert found("2025-06-01")["recency_days"] == 90


def test_no_signs():
    values = features_of(FAMILY, TRANSACTIONS.clear(), "2025-06-01")
    assert [values[f"signs__count_{span}"] for span in SPANS] == [0, 0, 0, 0]
    assert values["signs__recency_days"] is values["signs__pace_days"] is values["signs__overdue_ratio"] is None
    assert sentences_of(FAMILY, values) == {}


def test_a_pace_needs_time_and_a_year_a_sign():
    new = table("transactions", "occurred_at | amount\n2025-05-21 | 1\n2025-05-22 | 1")
    values = features_of(FAMILY, new, "2025-06-01")
    assert values["signs__overdue_ratio"] == values["signs__overdue_ratio_365d"] == 10 * 2 / 30  # not 10 * 2 / 11
    assert features_of(FAMILY, new, "2026-05-22")["signs__overdue_ratio_365d"] == 365 * 1 / 365
    values = features_of(FAMILY, new, "2026-05-23")
    assert values["signs__overdue_ratio"] == pytest.approx(366 * 2 / 367)
    assert values["signs__overdue_ratio_365d"] is None


MONTHS = [f"2025-0{month}-{day}" for month in (1, 2, 3) for day in ("01", "08", "15", "22")]
DAILY = [f"2025-01-{day:02}" for day in range(1, 32)]


@pytest.mark.parametrize(
    ("days", "seen", "said"),
    [
        (MONTHS, "2025-04-17", None),  # 12 signs in 106 days, and 26 days of silence: 2.9 are missing
        (MONTHS, "2025-04-18", "Last heard from 27 days ago; usually every 9 days"),  # 12 in 107: 3.03
        (DAILY, "2025-02-06", None),
        (DAILY, "2025-02-07", "Last heard from 7 days ago; usually every day"),  # 31 in 37 days
        (DAILY[:5], "2025-04-15", "Last heard from 100 days ago; usually every 21 days"),  # 5 in 104 days
        (DAILY[:4], "2025-04-15", None),  # too few to speak of what is usual
    ],
)
def test_sentences(days: list[str], seen: str, said: str | None):
    drawn = table("transactions", "\n".join(["occurred_at | amount", *(f"{day} | 1" for day in days)]))
    assert sentences_of(FAMILY, features_of(FAMILY, drawn, seen)) == ({"silence": said} if said else {})
