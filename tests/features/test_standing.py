"""The month's money and who counts as a customer, worked out by hand."""

from features.standing import families_for, in_units, money, standing
from features.time import Month
from tests.features.drawn_tables import cutoff, table

SALES = table(
    "transactions",
    """
    customer_id | occurred_at         | amount | cost
    ada         | 2025-04-30 23:59    | 1000   | 1000
    ada         | 2025-05-01          | 100    | 60
    bea         | 2025-05-02          | 50     | -
    ada         | 2025-05-31 23:59:59 | -20    | -12
    bea         | 2025-06-01          | 1000   | 1000
    returned    | 2025-05-05          | -5     | -
    """,
)
COSTS = table(
    "costs",
    "occurred_at | kind | amount\n2025-04-30 | service | 5\n2025-05-03 | service | 7.5\n2025-06-01 | service | 99",
)


def test_the_money_of_a_month():
    totals = money({"transactions": SALES, "costs": COSTS}, Month(cutoff("2025-06-01"))).row(0, named=True)

    assert {name: in_units(totals[name]) for name in ("sold", "returned", "costed", "cost", "to_serve")} == {
        "sold": 150,
        "returned": 25,
        "costed": 80,  # 100 and -20; of the 50 and the -5 no cost is known
        "cost": 48,
        "to_serve": 7.5,
    }
    assert (totals["orders"], totals["transactions"]) == (2, 4)


def test_nothing_in_a_month():
    totals = money({"transactions": SALES}, Month(cutoff("2024-06-01"))).row(0, named=True)
    assert set(totals.values()) == {0}


def test_customers_at_each_cutoff():
    cutoffs = [cutoff("2025-05-02"), cutoff("2025-06-01")]
    found = standing({"transactions": SALES}, cutoffs, families_for(["transactions"]))

    rows = found.select("customer_id", "cutoff", "rfm__orders_count_365d", "rfm__spent_sum_365d").rows()
    first, second = (one.day for one in cutoffs)
    assert rows == [("ada", first, 2, 1100), ("ada", second, 2, 1080), ("bea", second, 1, 50)]
    assert "ties__two_way_90d" not in found.columns


def test_families_are_those_whose_tables_are_there():
    names = {family.name for family in families_for(["transactions", "interactions", "surveys"])}
    assert names == {"rfm", "profitability", "ties"}
