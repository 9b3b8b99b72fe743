"""What became of customers since they signed up, worked out by hand; a period, and the churn horizon, is 10 days."""

from datetime import date

import polars as pl

from configs.modelling import Churn
from features.signups import by_cohort, signed_up, stays
from features.time import Month
from tests.features.drawn_tables import cutoff, table

INACTIVE = Churn(horizon_days=10)
CONTRACT = Churn(definition="contract", horizon_days=10, grace_days=2)
AT = Month(cutoff("2025-04-01"))
SINCE = date(2025, 1, 1)
PEOPLE = table(
    "customers",
    """
    customer_id | signed_up_on | valid_from
    regular     | 2025-02-01   | 2025-02-01
    once        | 2025-03-01   | -
    never       | 2025-03-05   | -
    older       | 2024-12-31   | -
    unsaid      | -            | -
    tomorrow    | 2025-04-01   | -
    """,
)
SALES = table(
    "transactions",
    """
    customer_id | occurred_at         | amount
    regular     | 2025-02-05          | 10
    regular     | 2025-02-15          | 10
    regular     | 2025-02-25 23:00    | 10
    regular     | 2025-03-08          | 10
    regular     | 2025-03-09          | -5
    regular     | 2025-03-30          | 10
    once        | 2025-03-01          | 10
    older       | 2025-03-01          | 10
    unsaid      | 2025-03-25          | 10
    regular     | 2025-04-01          | 10
    """,
)
TABLES = {"customers": PEOPLE, "transactions": SALES}


def test_who_signed_up_since_the_log_began():
    found = signed_up(TABLES, AT, INACTIVE, SINCE).sort("customer_id").collect()

    assert dict(found.iter_rows()) == {
        "never": date(2025, 3, 5),
        "once": date(2025, 3, 1),
        "regular": date(2025, 2, 1),
        "unsaid": date(2025, 3, 25),  # the day of the first purchase
    }


def test_periods_since_signing_up():
    people = signed_up(TABLES, AT, INACTIVE, SINCE)

    found = by_cohort(TABLES, people, AT, INACTIVE, periods=4).sort("period")

    # regular (1 Feb) buys on its days 4, 14, 24, 35 and 57: in periods 0, 1, 2, 3 and 5 of ten days each.
    # once (1 Mar) buys on day 0 only, never (5 Mar) not at all; 31 and 27 days are over: 3 and 2 periods.
    # unsaid (25 Mar) has no period that is over. Of more than four periods nothing is asked.
    assert found.to_dicts() == [
        {"cohort": "2025-Q1", "period": 0, "customers": 3, "there": 2, "there_before": 0, "left": 0},
        {"cohort": "2025-Q1", "period": 1, "customers": 3, "there": 1, "there_before": 2, "left": 1},
        {"cohort": "2025-Q1", "period": 2, "customers": 2, "there": 1, "there_before": 1, "left": 0},
        {"cohort": "2025-Q1", "period": 3, "customers": 1, "there": 1, "there_before": 1, "left": 0},
    ]


def test_how_long_customers_stayed():
    people = signed_up(TABLES, AT, INACTIVE, SINCE)

    found = stays(TABLES, people, AT, INACTIVE).sort("days", "left")

    # regular: 25 Feb to 8 Mar are 11 days, more than 10: left on 7 March, 34 days after 1 February.
    # once: ten days after 1 March; never: ten days after 5 March; unsaid: seen for 7 days.
    assert found.rows() == [(7, False), (10, True), (10, True), (34, True)]


def test_exactly_the_horizon_without_a_purchase_is_not_leaving():
    sales = table(
        "transactions",
        """
        occurred_at | amount
        2025-03-01  | 10
        2025-03-11  | 10
        2025-03-21  | 10
        """,
    )
    tables = {"customers": PEOPLE.clear(), "transactions": sales}
    for day, expected in (("2025-04-01", (30, True)), ("2025-03-31", (30, False))):
        month = Month(cutoff(day))
        found = stays(tables, signed_up(tables, month, INACTIVE, SINCE), month, INACTIVE)
        assert found.row(0) == expected  # 21 March + 10 days is 30 days after 1 March; on 31 March that day is not over


def test_contracts():
    contracts = table(
        "contracts",
        """
        customer_id | started_on | ended_on
        renewed     | 2025-02-01 | 2025-02-20
        renewed     | 2025-02-22 | -
        gone        | 2025-02-01 | 2025-02-20
        gone        | 2025-02-23 | 2025-03-20
        lately      | 2025-03-01 | 2025-03-30
        """,
    )
    tables = {"customers": PEOPLE, "transactions": SALES, "contracts": contracts}
    people = signed_up(tables, AT, CONTRACT, SINCE)

    # A new contract within 2 days goes on; gone took 3. Of lately it is not known before 2 April.
    assert stays(tables, people, AT, CONTRACT).sort("days").rows() == [(19, True), (31, False), (59, False)]
    # Periods of renewed and gone end on 11 and 21 February, 3, 13 and 23 March: both are between contracts on the
    # second of these, gone has none on the last. Those of lately end on 11, 21 and 31 March: it has none on the last.
    found = by_cohort(tables, people, AT, CONTRACT, periods=12).sort("period")
    assert found.select("customers", "there", "there_before", "left").rows() == [
        (3, 3, 0, 0),
        (3, 1, 3, 2),
        (3, 2, 1, 1),
        (2, 2, 2, 0),
        (2, 1, 2, 1),
    ]


def test_what_is_learned_later_is_not_known():
    sales = SALES.with_columns(known_at=pl.lit("2025-04-01").str.to_datetime(time_unit="us", time_zone="UTC"))
    tables = {"customers": PEOPLE, "transactions": sales}
    people = signed_up(tables, AT, INACTIVE, SINCE)

    assert people.collect()["customer_id"].sort().to_list() == ["never", "once", "regular"]
    assert by_cohort(tables, people, AT, INACTIVE, 12)["there"].sum() == 0
