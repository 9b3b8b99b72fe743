"""What happened after a cutoff: hand-drawn boundaries, and random stores against the oracle."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings

from configs.modelling import Churn
from features.labels import labels
from features.time import Cutoff
from tests.features.drawn_tables import cutoff, table
from tests.features.reference_outcomes import contract_end, first_purchase, value
from tests.features.strategies import CUSTOMERS, CUTOFFS, LONDON, WITHOUT_EVENTS, Row, frames, stores

INACTIVITY = Churn(horizon_days=30)
CONTRACT = Churn(definition="contract", horizon_days=30, grace_days=10)
NOTHING = table("transactions", "occurred_at | amount")


def rows_of(customers: list[str], cutoffs: list[Cutoff]) -> pl.DataFrame:
    rows = [(customer, seen.day) for customer in customers for seen in cutoffs]
    return pl.DataFrame(rows, schema={"customer_id": pl.String, "cutoff": pl.Date}, orient="row")


def churned(tables: dict[str, pl.DataFrame], name: str, churn: Churn) -> dict[str, int]:
    """Label of each customer of the table `name` at 1 June 2025; thirty days end with 30 June."""
    customers = tables[name]["customer_id"].unique(maintain_order=True).to_list()
    seen = cutoff("2025-06-01")
    found = labels({"transactions": NOTHING} | tables, rows_of(customers, [seen]), [seen], churn, 30)
    return dict(found.select("customer_id", "churned").rows())


def test_no_purchase_in_the_thirty_days_from_the_cutoff():
    bought = table(
        "transactions",
        """
        customer_id     | occurred_at         | amount
        at the cutoff   | 2025-06-01 00:00    |      1
        just before     | 2025-05-31 23:59:59 |      1
        last moment     | 2025-06-30 23:59:59 |      1
        at the end      | 2025-07-01 00:00    |      1
        only a return   | 2025-06-10 00:00    |     -1
        nothing paid    | 2025-06-10 00:00    |      0
        """,
    )
    assert churned({"transactions": bought}, "transactions", INACTIVITY) == {
        "at the cutoff": 0,
        "just before": 1,
        "last moment": 0,
        "at the end": 1,
        "only a return": 1,
        "nothing paid": 1,
    }


def event_days(tables: dict[str, pl.DataFrame], churn: Churn, day: str, zone: str = "UTC") -> dict[str, int | None]:
    """Days to what was seen of each customer in the tables."""
    seen, names = cutoff(day, zone), pl.concat(rows["customer_id"] for rows in tables.values())
    found = labels({"transactions": NOTHING} | tables, rows_of(sorted(set(names)), [seen]), [seen], churn, 30)
    assert found.schema["event_days"] == pl.Int16
    return dict(found.select("customer_id", "event_days").rows())


def test_days_to_the_first_purchase_of_who_stayed():
    bought = table(
        "transactions",
        """
        customer_id  | occurred_at         | amount
        first of two | 2025-06-20 08:00    |      1
        first of two | 2025-06-11 23:59    |      1
        at once      | 2025-06-01 00:00    |      1
        last moment  | 2025-06-30 23:59:59 |      1
        return first | 2025-06-03 00:00    |     -1
        return first | 2025-06-08 00:00    |      1
        too late     | 2025-07-01 00:00    |      1
        before only  | 2025-05-31 23:59:59 |      1
        """,
    )
    assert event_days({"transactions": bought}, INACTIVITY, "2025-06-01") == {
        "first of two": 10,
        "at once": 0,
        "last moment": 29,
        "return first": 7,
        "too late": None,
        "before only": None,
    }


def test_days_are_those_of_the_business_where_clocks_change():
    # In London the day of 30 March 2025 has 23 hours: it ends at 23:00 UTC; the horizon of 30 days ends with 25 April.
    bought = table(
        "transactions",
        """
        customer_id | occurred_at         | amount
        second day  | 2025-03-29 23:59:59 |      1
        third day   | 2025-03-30 22:59:59 |      1
        fourth day  | 2025-03-30 23:00    |      1
        last day    | 2025-04-26 22:59:59 |      1
        too late    | 2025-04-26 23:00    |      1
        """,
    )
    found = event_days({"transactions": bought}, INACTIVITY, "2025-03-28", "Europe/London")
    assert found == {"second day": 1, "third day": 2, "fourth day": 3, "last day": 29, "too late": None}


def test_days_to_the_first_end_of_a_contract_that_none_outlasts():
    contracts = table(
        "contracts",
        """
        customer_id       | started_on | ended_on
        runs on           | 2025-01-01 | -
        ends at cutoff    | 2025-01-01 | 2025-06-01
        ends on last day  | 2025-01-01 | 2025-06-30
        ends after        | 2025-01-01 | 2025-07-01
        two, both end     | 2025-01-01 | 2025-06-10
        two, both end     | 2025-03-01 | 2025-06-12
        back, ends again  | 2025-01-01 | 2025-06-03
        back, ends again  | 2025-06-25 | 2025-06-28
        followed for long | 2025-01-01 | 2025-06-10
        followed for long | 2025-06-12 | 2025-07-01
        """,
    )
    assert event_days({"contracts": contracts}, CONTRACT, "2025-06-01") == {
        "runs on": None,
        "ends at cutoff": 0,
        "ends on last day": 29,
        "ends after": None,
        "two, both end": 11,
        "back, ends again": 2,
        "followed for long": None,
    }


def test_a_label_does_not_wait_for_the_news():
    bought = table("transactions", "occurred_at | amount | known_at\n2025-06-10 | 1 | 2025-12-01")
    assert churned({"transactions": bought}, "transactions", INACTIVITY) == {"ada": 0}


def test_a_contract_that_ends_in_the_horizon_with_none_to_follow():
    contracts = table(
        "contracts",
        """
        customer_id        | started_on | ended_on
        runs on            | 2025-01-01 | -
        ends at cutoff     | 2025-01-01 | 2025-06-01
        ends on last day   | 2025-01-01 | 2025-06-30
        ends after         | 2025-01-01 | 2025-07-01
        ended before       | 2025-01-01 | 2025-05-31
        back in ten days   | 2025-01-01 | 2025-06-10
        back in ten days   | 2025-06-20 | -
        back in eleven     | 2025-01-01 | 2025-06-10
        back in eleven     | 2025-06-21 | -
        changed early      | 2025-01-01 | 2025-06-10
        changed early      | 2025-06-05 | -
        two, one goes on   | 2025-01-01 | 2025-06-10
        two, one goes on   | 2025-03-01 | -
        two, both end      | 2025-01-01 | 2025-06-10
        two, both end      | 2025-03-01 | 2025-06-12
        followed, ends too | 2025-01-01 | 2025-06-10
        followed, ends too | 2025-06-12 | 2025-06-28
        followed for long  | 2025-01-01 | 2025-06-10
        followed for long  | 2025-06-12 | 2025-07-01
        back after a gap   | 2025-01-01 | 2025-06-02
        back after a gap   | 2025-06-25 | -
        """,
    )
    assert churned({"contracts": contracts}, "contracts", CONTRACT) == {
        "runs on": 0,
        "ends at cutoff": 1,
        "ends on last day": 1,
        "ends after": 0,
        "ended before": 0,
        "back in ten days": 0,
        "back in eleven": 1,
        "changed early": 0,
        "two, one goes on": 0,
        "two, both end": 1,
        "followed, ends too": 1,
        "followed for long": 0,
        "back after a gap": 1,
    }


@pytest.mark.parametrize(("grace_days", "expected"), [(0, 1), (10, 0), (9, 1)])
def test_days_of_grace(grace_days: int, expected: int):
    contracts = table("contracts", "started_on | ended_on\n2025-01-01 | 2025-06-10\n2025-06-20 | -")
    churn = Churn(definition="contract", horizon_days=30, grace_days=grace_days)
    assert churned({"contracts": contracts}, "contracts", churn) == {"ada": expected}


def test_days_of_grace_are_days_of_the_business():
    # Ten days after 20 October, across the end of summer time; in London both contracts begin on 30 October.
    churn, seen = Churn(definition="contract", horizon_days=30, grace_days=10), cutoff("2025-10-01", "Europe/London")
    late, too_late = "2025-10-30 23:59", "2025-10-31 00:00"
    for began, expected in ((late, 0), (too_late, 1)):
        contracts = table("contracts", f"started_on | ended_on\n2025-01-01 | 2025-10-19 23:00\n{began} | -")
        found = labels({"transactions": NOTHING, "contracts": contracts}, rows_of(["ada"], [seen]), [seen], churn, 30)
        assert found["churned"].to_list() == [expected]


def test_value_is_sales_less_returns_less_cost_less_cost_to_serve():
    sold = table(
        "transactions",
        """
        customer_id | occurred_at      | amount | cost
        ada         | 2025-05-31 23:59 | 900.00 | 1.00
        ada         | 2025-06-01 00:00 | 100.00 | 60.00
        ada         | 2025-06-05 00:00 |  50.00 | -
        ada         | 2025-06-09 00:00 | -30.00 | -20.00
        ada         | 2025-06-11 00:00 | 700.00 | 1.00
        ben         | 2025-06-02 00:00 |   0.25 | -
        """,
    )
    spent = table(
        "costs",
        """
        customer_id | occurred_at      | amount | kind
        ada         | 2025-05-31 00:00 |   5.00 | call
        ada         | 2025-06-10 23:59 |   4.50 | call
        cyd         | 2025-06-03 00:00 |   2.00 | call
        """,
    )
    seen = cutoff("2025-06-01")
    rows = rows_of(["cyd", "ada", "dan", "ben"], [seen])
    found = labels({"transactions": sold, "costs": spent}, rows, [seen], INACTIVITY, 10)
    # ada, in ten days: 100 - 60, then 50, then -30 + 20, less 4.50 for a call; dan did nothing.
    assert dict(found.select("customer_id", "value").rows()) == {"ada": 75.5, "ben": 0.25, "cyd": -2.0, "dan": 0.0}
    without_costs = labels({"transactions": sold}, rows, [seen], INACTIVITY, 10)
    assert without_costs["value"].to_list() == [0.0, 80.0, 0.0, 0.25]


def test_the_order_of_the_rows_is_kept():
    first, second = cutoff("2025-06-01"), cutoff("2025-03-01")
    rows = rows_of(["cyd", "ada", "ben"], [first, second]).reverse()
    bought = table("transactions", "occurred_at | amount\n2025-06-02 | 3\n2025-03-02 | 4")
    found = labels({"transactions": bought}, rows, [first, second], INACTIVITY, 30)
    assert found.select("customer_id", "cutoff").equals(rows)
    assert found.schema == {**rows.schema, "churned": pl.Int8, "value": pl.Float64, "event_days": pl.Int16}
    assert found.filter(pl.col("customer_id") == "ada").rows() == [
        ("ada", date(2025, 3, 1), 0, 4.0, 1),
        ("ada", date(2025, 6, 1), 0, 3.0, 1),
    ]


@pytest.mark.parametrize(
    "churn", [Churn(horizon_days=60), Churn(definition="contract", horizon_days=60)], ids=lambda churn: churn.definition
)
@settings(max_examples=settings().max_examples // 2)
@given(store=stores(["transactions", "contracts", "costs"]))
def test_equal_to_the_oracle(churn: Churn, store: dict[str, list[Row]]):
    rows = rows_of([*CUSTOMERS, WITHOUT_EVENTS], CUTOFFS)
    found, expected = labels(frames(store), rows, CUTOFFS, churn, 90), []
    for customer, day in rows.rows():
        worth = value(store, customer, day, LONDON, 90)
        if churn.definition == "contract":
            seen = contract_end(store, customer, day, LONDON, churn.horizon_days, churn.grace_days)
        else:
            seen = first_purchase(store, customer, day, LONDON, churn.horizon_days)
        left = (seen is not None) == (churn.definition == "contract")
        expected.append((int(left), pytest.approx(worth), seen))
    assert found.select("churned", "value", "event_days").rows() == expected
    # What happened within fewer days is what a shorter horizon would have found.
    for days in (1, 30):
        shorter = churn.model_copy(update={"horizon_days": days})
        early = pl.col("event_days") < days
        of_shorter = labels(frames(store), rows, CUTOFFS, shorter, 90)
        assert found.select(pl.when(early).then("event_days"))["event_days"].equals(of_shorter["event_days"])
