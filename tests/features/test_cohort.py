"""Who is scored: hand-drawn boundaries, and random stores against the oracle."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings

from configs.modelling import Churn
from features.cohort import cohort
from tests.features.drawn_tables import cutoff, table
from tests.features.reference_outcomes import in_cohort
from tests.features.strategies import CUSTOMERS, CUTOFFS, LONDON, WITHOUT_EVENTS, Row, frames, stores

INACTIVITY = Churn(active_within_days=30)
CONTRACT = Churn(definition="contract")


def scored(tables: dict[str, pl.DataFrame], day: str, churn: Churn) -> list[str]:
    return cohort(tables, [cutoff(day)], churn)["customer_id"].to_list()


def test_a_purchase_in_the_thirty_days_before():
    bought = table(
        "transactions",
        """
        customer_id    | occurred_at         | amount | known_at
        first instant  | 2025-05-02 00:00    |      1 | 2025-05-02
        just before it | 2025-05-01 23:59:59 |      1 | 2025-05-02
        last moment    | 2025-05-31 23:59:59 |      1 | 2025-05-31 23:59:59
        at the cutoff  | 2025-06-01 00:00    |      1 | 2025-05-31
        known in time  | 2025-05-20 00:00    |      1 | 2025-05-31
        known too late | 2025-05-20 00:00    |      1 | 2025-06-01
        only a return  | 2025-05-20 00:00    |     -1 | 2025-05-20
        nothing paid   | 2025-05-20 00:00    |      0 | 2025-05-20
        """,
    )
    assert scored({"transactions": bought}, "2025-06-01", INACTIVITY) == [
        "first instant",
        "known in time",
        "last moment",
    ]


def test_a_running_contract():
    contracts = table(
        "contracts",
        """
        customer_id     | started_on | ended_on   | known_at
        running         | 2025-05-31 | -          | 2025-05-31
        ends at cutoff  | 2025-01-01 | 2025-06-01 | 2025-01-01
        ends later      | 2025-01-01 | 2025-07-01 | 2025-01-01
        has ended       | 2025-01-01 | 2025-05-31 | 2025-01-01
        starts at it    | 2025-06-01 | -          | 2025-05-01
        known too late  | 2025-05-01 | -          | 2025-06-01
        """,
    )
    assert scored({"contracts": contracts}, "2025-06-01", CONTRACT) == ["ends at cutoff", "ends later", "running"]


def test_who_objected_to_profiling_is_left_out_from_then_on():
    people = ("erased", "no_contact", "no_profiling")
    bought = table(
        "transactions", "customer_id | occurred_at | amount\n" + "\n".join(f"{p} | 2025-05-20 | 1" for p in people)
    )
    objections = table(
        "objections",
        """
        customer_id  | kind         | effective_at
        erased       | erased       | 2025-05-25
        no_contact   | no_contact   | 2025-05-25
        no_profiling | no_profiling | 2025-06-01
        """,
    )
    tables = {"transactions": bought, "objections": objections}
    assert scored(tables, "2025-06-01", INACTIVITY) == ["no_contact", "no_profiling"]
    assert scored(tables, "2025-06-02", INACTIVITY) == ["no_contact"]


def test_one_row_for_each_customer_and_cutoff_sorted():
    bought = table(
        "transactions",
        "customer_id | occurred_at | amount\nben | 2025-05-20 | 1\nada | 2025-05-01 | 1\nada | 2025-05-02 | 1",
    )
    rows = cohort({"transactions": bought}, [cutoff("2025-06-01"), cutoff("2025-05-10")], INACTIVITY)
    may, june = date(2025, 5, 10), date(2025, 6, 1)
    assert rows.rows() == [("ada", may), ("ada", june), ("ben", june)]
    assert rows.schema == {"customer_id": pl.String, "cutoff": pl.Date}
    nobody = cohort({"transactions": bought.clear()}, [cutoff("2025-06-01")], INACTIVITY)
    assert nobody.is_empty()
    assert nobody.schema == rows.schema


@pytest.mark.parametrize("churn", [Churn(active_within_days=365), CONTRACT], ids=lambda churn: churn.definition)
@settings(max_examples=settings().max_examples // 2)
@given(store=stores(["transactions", "contracts", "objections"]))
def test_equal_to_the_oracle(churn: Churn, store: dict[str, list[Row]]):
    store["objections"] = store["objections"][:1]
    found = cohort(frames(store), CUTOFFS, churn).rows()
    assert found == [
        (customer, seen.day)
        for customer in sorted([*CUSTOMERS, WITHOUT_EVENTS])
        for seen in sorted(CUTOFFS)
        if in_cohort(store, customer, seen.day, LONDON, churn.definition, churn.active_within_days)
    ]
