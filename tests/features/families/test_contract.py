"""Contracts as they stood at a cutoff, worked out by hand."""

import polars as pl
import pytest

from features.families.contract import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# A contract that renews by ending a term and beginning the next; the second renewal brings a dearer plan.
RENEWED = table(
    "contracts",
    """
    started_on | renews_on  | ended_on   | monthly_fee | plan
    2023-06-01 | 2024-06-01 | 2024-06-01 | 20          | basic
    2024-06-01 | 2025-06-01 | 2025-06-01 | 20          | basic
    2025-06-01 | 2026-06-01 | 2025-12-31 | 25          | plus
    """,
)


def test_a_term_that_ends_when_the_next_one_begins():
    # On 1 June 2025 the second term renews that very day: neither its end nor the third one is known.
    found = features_of(FAMILY, RENEWED, "2025-06-01")
    assert (found["contract__terms_count_lifetime"], found["contract__ended_count_lifetime"]) == (2, 1)
    assert (found["contract__running"], found["contract__renewal_days"]) == (1, 0)
    assert found["contract__running_days"] == found["contract__term_days_min_lifetime"] == 365
    assert found["contract__tenure_days_max_lifetime"] == 365 + 366  # 2024 has a 29 February
    assert found["contract__ended_days_min_lifetime"] == 365
    assert (found["contract__monthly_fee"], found["contract__plans_n_unique_lifetime"]) == (20, 1)
    assert found["contract__fee_change_last_lifetime"] == found["contract__fee_change_share"] == 0
    assert found["contract__plan_changed_last_lifetime"] == found["contract__plan_move_last_lifetime"] == 0


def test_what_the_newest_term_changed():
    found = features_of(FAMILY, RENEWED, "2025-06-02")
    assert (found["contract__terms_count_lifetime"], found["contract__ended_count_lifetime"]) == (3, 2)
    assert (found["contract__running"], found["contract__renewal_days"]) == (1, 364)
    assert (found["contract__monthly_fee"], found["contract__fee_before_last_lifetime"]) == (25, 20)
    assert found["contract__fee_change_last_lifetime"] == 5
    assert found["contract__fee_change_share"] == 5 / 20
    assert found["contract__plans_n_unique_lifetime"] == 2
    assert found["contract__plan_changed_last_lifetime"] == found["contract__plan_move_last_lifetime"] == 1


def test_a_customer_who_left():
    found = features_of(FAMILY, RENEWED, "2026-01-10")
    assert (found["contract__running"], found["contract__monthly_fee"]) == (0, 0)
    assert found["contract__renewal_days"] is found["contract__running_days"] is None
    assert found["contract__ended_days_min_lifetime"] == 10
    assert features_of(FAMILY, RENEWED, "2025-12-31")["contract__running"] == 1


# Old terms are left open where a new one takes their place.
LEFT_OPEN = table(
    "contracts",
    """
    started_on | renews_on  | ended_on | monthly_fee | plan
    2024-01-01 | 2025-01-01 | -        | 30          | plus
    2024-12-20 | 2025-12-20 | -        | 18.5        | basic
    """,
)


def test_an_old_term_left_open_runs_until_its_renewal_day():
    before = features_of(FAMILY, LEFT_OPEN, "2025-01-01")
    assert (before["contract__running"], before["contract__renewal_days"]) == (2, 0)
    assert (before["contract__monthly_fee"], before["contract__running_days"]) == (48.5, 366)
    after = features_of(FAMILY, LEFT_OPEN, "2025-01-02")
    assert (after["contract__running"], after["contract__renewal_days"]) == (1, 352)
    assert (after["contract__monthly_fee"], after["contract__running_days"]) == (18.5, 13)
    assert after["contract__fee_change_last_lifetime"] == -11.5
    assert after["contract__fee_change_share"] == pytest.approx(-11.5 / 30)
    assert (after["contract__plan_changed_last_lifetime"], after["contract__plan_move_last_lifetime"]) == (1, -1)


def test_the_newest_term_runs_on_past_its_renewal_day():
    found = features_of(FAMILY, LEFT_OPEN, "2025-12-30")
    assert (found["contract__running"], found["contract__renewal_days"]) == (1, -10)
    assert (found["contract__monthly_fee"], found["contract__running_days"]) == (18.5, 375)
    assert features_of(FAMILY, LEFT_OPEN, "2028-01-01")["contract__renewal_days"] == -365


def test_terms_that_are_set_later_and_terms_that_nobody_wrote_down():
    # The one contract moves its renewal day and its fee on 1 May; until then nothing of them can be told.
    moved = table(
        "contracts",
        """
        started_on | renews_on  | monthly_fee | plan | terms_at
        2024-01-01 | 2026-01-01 | 30          | plus | 2025-05-01
        """,
    )
    unknown = features_of(FAMILY, moved, "2025-05-01")
    assert (unknown["contract__running"], unknown["contract__monthly_fee"]) == (1, 0)
    assert (unknown["contract__renewal_days"], unknown["contract__plans_n_unique_lifetime"]) == (None, 0)
    known = features_of(FAMILY, moved, "2025-05-02")
    assert (known["contract__running"], known["contract__monthly_fee"], known["contract__renewal_days"]) == (1, 30, 244)
    gap = table("contracts", "started_on | monthly_fee | plan\n2024-01-01 | 9 | a\n2025-01-01 | - | -\n")
    found = features_of(FAMILY, gap, "2025-05-01")
    assert found["contract__fee_change_last_lifetime"] == found["contract__plan_changed_last_lifetime"] == 0
    assert (found["contract__running"], found["contract__monthly_fee"]) == (2, 9)
    # One more term: the fee before it is the unknown one, not the 9 before that.
    gap = table("contracts", "started_on | monthly_fee\n2024-01-01 | 9\n2025-01-01 | -\n2025-02-01 | 10")
    found = features_of(FAMILY, gap, "2025-05-01")
    assert found["contract__fee_before_last_lifetime"] == found["contract__fee_change_last_lifetime"] == 0
    assert found["contract__fee_change_share"] is None


def test_a_second_contract_beside_the_first_is_no_cheaper_plan():
    beside = table("contracts", "started_on | monthly_fee | plan\n2024-01-01 | 9 | small\n2025-05-01 | 5 | tiny")
    found = features_of(FAMILY, beside, "2025-06-01")
    assert (found["contract__running"], found["contract__plan_move_last_lifetime"]) == (2, -1)
    assert sentences_of(FAMILY, found) == {}


def test_no_contract():
    found = features_of(FAMILY, RENEWED.clear(), "2025-06-01")
    assert found["contract__running"] == found["contract__terms_count_lifetime"] == found["contract__monthly_fee"] == 0
    assert found["contract__fee_change_last_lifetime"] is found["contract__renewal_days"] is None
    assert sentences_of(FAMILY, found) == {"contract": "Never had a contract"}


@pytest.mark.parametrize(
    ("contracts", "day", "sentence"),
    [
        (RENEWED, "2025-04-01", None),
        (RENEWED, "2025-04-02", "The contract renews in 60 days"),
        (RENEWED, "2025-05-31", "The contract renews tomorrow"),
        (RENEWED, "2025-06-01", "The contract renews today"),
        (RENEWED, "2025-06-02", "The monthly fee rose from ¤20 to ¤25 with the term that began yesterday"),
        (RENEWED, "2025-11-28", "The monthly fee rose from ¤20 to ¤25 with the term that began 180 days ago"),
        (RENEWED, "2025-11-29", None),
        (RENEWED, "2026-01-01", "The last contract ended yesterday"),
        (RENEWED, "2026-12-31", "The last contract ended 365 days ago"),
        (RENEWED, "2027-01-01", None),
        (LEFT_OPEN, "2024-12-31", "A contract renews tomorrow"),
        (LEFT_OPEN, "2025-01-02", "Moved to a cheaper plan 13 days ago"),
        (LEFT_OPEN, "2025-12-21", "The contract passed its renewal day yesterday; no new term is on record"),
        (LEFT_OPEN, "2026-06-18", "The contract passed its renewal day 180 days ago; no new term is on record"),
        (LEFT_OPEN, "2026-06-19", None),
    ],
)
def test_sentences(contracts: pl.DataFrame, day: str, sentence: str | None):
    said = {} if sentence is None else {"contract": sentence}
    assert sentences_of(FAMILY, features_of(FAMILY, contracts, day)) == said


@pytest.mark.parametrize(
    ("fees", "sentence"),
    [
        (("20", "20.4"), None),  # both are ¤20 in words
        (("0", "20"), None),
        (("-", "20"), None),
        (("20", "19"), None),
        (("19.4", "20"), "The monthly fee rose from ¤19 to ¤20 with the term that began 31 days ago"),
    ],
)
def test_a_rise_is_told_where_the_figures_show_it(fees: tuple[str, str], sentence: str | None):
    before, after = fees
    drawn = f"""
    started_on | renews_on  | ended_on   | monthly_fee | plan
    2024-05-01 | 2025-05-01 | 2025-05-01 | {before}    | plus
    2025-05-01 | 2026-05-01 | -          | {after}     | plus
    """
    said = {} if sentence is None else {"contract": sentence}
    assert sentences_of(FAMILY, features_of(FAMILY, table("contracts", drawn), "2025-06-01")) == said
