"""What all customers together tell: totals as of each cutoff, parameters and categories fitted before one."""

import numpy as np
import polars as pl
import pytest

from features.context import Fitted, at_cutoffs, fit, market
from features.families import btyd
from features.families import market as market_family
from features.matrix import build_matrix
from features.tables import with_profile
from tests.features.drawn_tables import cutoff, table

BOUGHT = table(
    "transactions",
    """
    customer_id | occurred_at | amount | known_at
    ada         | 2025-04-10  |   5.00 | -
    ada         | 2025-05-10  |   7.00 | -
    ada         | 2025-05-20  |  -2.00 | -
    ben         | 2025-05-31  |   3.00 | 2025-06-03
    cyd         | 2025-06-01  |   9.00 | -
    """,
)


def test_totals_and_customers_as_known_before_each_cutoff():
    found = market([{"transactions": BOUGHT}], [cutoff("2025-06-01"), cutoff("2025-06-10")], [market_family.FAMILY])
    orders, spent = "market__orders_count_30d", "market__spent_sum_90d"
    # Ben's purchase was learned on 3 June, Cyd's happened on 1 June: the first cutoff sees Ada alone.
    assert found.select(f"{orders}_total", f"{orders}_customers").rows() == [(1, 1), (2, 2)]
    assert found[f"{spent}_total"].to_list() == [100_000, 220_000]
    assert found["market__orders_count_90d_customers"].to_list() == [1, 3]
    assert found["market__began_min_lifetime_total"].to_list() == [BOUGHT["occurred_at"][0]] * 2


def test_buckets_together_are_the_whole():
    cutoffs = [cutoff("2025-06-01"), cutoff("2025-06-10"), cutoff("2025-01-01")]
    ada = pl.col("customer_id") == "ada"
    parts = [{"transactions": BOUGHT.filter(ada)}, {"transactions": BOUGHT.filter(~ada)}]
    found = market(parts, cutoffs, [market_family.FAMILY])
    whole = market([{"transactions": BOUGHT}], cutoffs, [market_family.FAMILY])
    assert found.equals(whole.select(found.columns))
    assert found["cutoff"].to_list() == [c.day for c in cutoffs]


def test_without_families_that_look_at_everybody_nothing_is_read():
    def unread():
        raise AssertionError("a bucket was read")
        yield {}

    assert market(unread(), [cutoff("2025-06-01")], [btyd.FAMILY]).columns == ["cutoff"]


def visits(customers: int = 800, loyal: bool = False) -> pl.DataFrame:
    """Customers who buy at rates of their own until they leave, unless loyal, from 1 January 2024 on."""
    random, lines = np.random.default_rng(1), []
    for customer in range(customers):
        rate, leaves, day = random.gamma(2, 0.01), random.beta(0.8, 2.5), float(random.uniform(0, 100))
        size = 1 / random.gamma(4, 0.02)
        while day < 500:
            lines.append((f"c{customer}", day, float(random.gamma(4, size))))
            day += random.exponential(1 / rate)
            if not loyal and random.random() < leaves:
                break
    days = pl.DataFrame(lines, schema=["customer_id", "day", "amount"], orient="row")
    when = pl.datetime(2024, 1, 1, time_zone="UTC") + pl.duration(seconds=pl.col("day") * 86_400)
    ids = pl.int_range(pl.len()).cast(pl.String)
    drawn = days.with_columns(when.dt.cast_time_unit("us").alias("occurred_at"), transaction_id=ids)
    drawn = drawn.with_columns(amount=(pl.col("amount") * 10_000).cast(pl.Int64), known_at="occurred_at")
    return pl.concat([BOUGHT.clear(), drawn.drop("day")], how="diagonal_relaxed").select(BOUGHT.columns)


CUSTOMERS = table(
    "customers",
    """
    customer_id | valid_from | region | known_at
    ada         | 2024-01-01 | north  | -
    ben         | 2024-01-01 | south  | -
    cyd         | 2024-01-01 | south  | -
    dan         | 2024-01-01 | east   | 2025-07-01
    eve         | 2024-01-01 | -      | -
    """,
)


def test_what_is_fitted_comes_from_before_the_cutoff_alone():
    bought, day = visits(), cutoff("2025-03-01")
    tables = {"transactions": bought, "customers": CUSTOMERS}
    fitted = fit([tables], day, ["region"])
    assert set(fitted.parameters) == set(btyd.FAMILY.parameters) and fitted.missing == []
    assert all(value > 0 for value in fitted.parameters.values())
    assert fitted.categories == {"region": ["south", "north"]}
    later = bought.with_columns(pl.when(pl.col("occurred_at") < day.instant).then("amount").otherwise(1))
    assert fit([{**tables, "transactions": later}], day, ["region"]).parameters == pytest.approx(fitted.parameters)
    assert Fitted.restore(fitted.recipe()) == Fitted(fitted.parameters, fitted.categories)


def test_where_nobody_ever_leaves_parameters_stay_finite():
    tables, day = {"transactions": visits(loyal=True), "customers": CUSTOMERS}, cutoff("2025-03-01")
    fitted = fit([tables], day)
    assert set(fitted.parameters) == set(btyd.FAMILY.parameters) and fitted.missing == []
    rows = tables["transactions"].select(pl.col("customer_id").unique()).with_columns(cutoff=day.day)
    context = at_cutoffs(market([tables], [day], [btyd.FAMILY]), fitted)
    matrix = build_matrix(tables, rows, [day], [btyd.FAMILY], context)
    assert matrix["btyd__alive"].mean() > 0.95


def test_what_cannot_be_fitted_is_told_and_left_out():
    once = table("transactions", "customer_id | occurred_at | amount\nada | 2025-01-01 | 1\nben | 2025-01-02 | 2")
    day = cutoff("2025-06-01")
    fitted = fit([{"transactions": once, "customers": CUSTOMERS}], day)
    assert fitted.parameters == {}
    assert fitted.missing == ["BG/NBD, Gamma-Gamma: only 0 customers came again, too few to fit a model"]
    rows = pl.DataFrame({"customer_id": ["ada"], "cutoff": [day.day]})
    context = at_cutoffs(market([{"transactions": once}], [day], [btyd.FAMILY]), fitted)
    matrix = build_matrix({"transactions": once}, rows, [day], [btyd.FAMILY], context)
    assert matrix.drop("customer_id", "cutoff").null_count().row(0) == (1,) * 5


def test_further_profile_columns_are_stored_by_their_kind():
    tables = with_profile({"region": "category", "employees": "number", "branch": "category"})
    assert tables["customers"].schema["employees"] == pl.Float64
    assert tables["customers"].schema["branch"] == pl.String
    assert tables["transactions"] is with_profile({})["transactions"]
