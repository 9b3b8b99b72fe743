"""The benchmarks of outreach themselves: the simulated lists keep their rules, and the true effect is the true one."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from models.effect import first_listed
from pipelines.simulate import parameters
from tests.benchmarks import hillstrom, outreach
from tests.benchmarks.simulated_outreach import (
    BEFORE,
    COOL_DOWN,
    DAYS,
    FIRST_DAY,
    HORIZON,
    ORDERS,
    WEEKS,
    Company,
    act,
    draw_company,
)

GAIN = ORDERS["expected gain"]


@pytest.fixture(scope="module")
def company() -> Company:
    return draw_company(300, seed=1)


def test_a_list_keeps_its_rules(company: Company) -> None:
    happened = act(company, GAIN, 10, save_rate=0.2, call_cost=3.0, control_share=0.3)

    assert len(happened.lists) == WEEKS
    listed = pl.concat(happened.lists).filter("would_list").sort("customer_id", "cutoff")
    assert listed.group_by("cutoff").len()["len"].max() == 10
    gaps = listed.select(pl.col("cutoff").diff().over("customer_id").dt.total_days()).to_series()
    assert gaps.min() >= COOL_DOWN  # ty: ignore[unsupported-operator]
    assert happened.calls == listed.filter(arm="treat").height
    assert listed.filter(arm="control").height / listed.height == pytest.approx(0.3, abs=0.1)
    first = happened.lists[0]
    left_out = first.filter(~pl.col("would_list"), pl.col("churn_probability") >= pl.col("churn_probability").mean())
    assert first.filter("would_list")["expected_gain"].min() >= left_out["expected_gain"].max()  # ty: ignore[unsupported-operator]


def test_calling_costs_nobody_their_life(company: Company) -> None:
    nobody = act(company, GAIN, 0, 0.2, 3.0)
    called = act(company, GAIN, 30, 0.2, 3.0)

    assert (called.alive | ~nobody.alive).all()  # common random numbers: who stays uncalled stays called
    assert called.alive[-1].sum() > nobody.alive[-1].sum()
    assert called.net_value(company) > nobody.net_value(company)


def by_hand(day: int) -> Company:
    """Three customers listed on `day`, with a hazard of 0.1 and none while a call helps; one buys for 10 two days
    later, one when the call no longer helps, one never."""
    shape = (DAYS, 3)
    bought, net = np.zeros(shape, dtype=bool), np.zeros(shape)
    bought[[day + 2, day + parameters.CALL_LASTS], [0, 1]] = True
    net[bought] = 10.0
    none = np.zeros(3)
    return Company(np.full(shape, 0.1), np.zeros(shape), bought, net, none, none, none, none, none, pl.DataFrame())


def test_the_true_effect_by_hand() -> None:
    day = BEFORE + 7
    company = by_hand(day)
    rows = pl.DataFrame(
        {"customer_id": ["C000001", "C000002", "C000003"], "cutoff": [FIRST_DAY + timedelta(days=day)] * 3}
    )
    alive = np.ones((DAYS, 3), dtype=bool)
    happened = outreach.Happened(alive, 0)

    found = outreach.true_effect(company, happened, rows)

    # Leaving is drawn before buying. Called, the first is there for certain instead of by 0.9 ^ 3; the second has one
    # day of hazard instead of 61.
    first, second = 1 - 0.9**3, 0.9 - 0.9 ** (parameters.CALL_LASTS + 1)
    assert found["retained"] == pytest.approx((first + second + 0) / 3)
    assert found["value"] == pytest.approx(10 * (first + second) / 3)
    alive[day - 1, 0] = False
    assert outreach.true_effect(company, happened, rows)["retained"] == pytest.approx(second / 3)


def test_what_is_measured_is_what_happened(company: Company) -> None:
    happened = act(company, GAIN, 20, 0.2, 3.0, control_share=0.3)
    rows = outreach.measured(company, happened)

    listed = first_listed(pl.concat(happened.lists))
    assert rows.height == listed.height > 100
    one = rows.row(5, named=True)
    customer, day = int(one["customer_id"][1:]) - 1, (one["cutoff"] - FIRST_DAY).days
    window = slice(day, day + HORIZON)
    there = happened.alive[window, customer]
    assert one["retained"] == float((company.bought[window, customer] & there).any())
    assert one["value"] == pytest.approx((company.net[window, customer] * there).sum(), abs=1e-3)


def test_a_report_says_what_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    kept = pl.DataFrame({"expected gain": [10.0, 12.0], "probability": [5.0, 6.0], "random": [1.0, 2.0]})
    found = pl.DataFrame(
        {"measure": ["value"] * 2, "estimate": ["plain"] * 2, "true": [1.0, 1.0], "measured": [1.5, 9.0]}
        | {"low": [0.0, 8.0], "high": [3.0, 10.0]}
    )
    assert outreach.report(kept, found) == 1  # one of two intervals covers
    assert "covered 50%" in capsys.readouterr().out
    assert outreach.report(kept, found.head(1)) == 0
    assert outreach.report(kept.with_columns(random=pl.lit(11.0)), found.head(1)) == 1


@pytest.mark.skipif(not hillstrom.DATA.exists(), reason=f"real data is not there: {hillstrom.DATA}")
@pytest.mark.slow
def test_hillstrom_comes_out_as_published_and_the_model_finds_whom_the_womens_mail_moves() -> None:
    data = pl.read_parquet(hillstrom.DATA).with_row_index("customer")
    assert hillstrom.visit_rates(data) == pytest.approx(hillstrom.PUBLISHED, abs=0.00005)
    _, found = hillstrom.compared(data, [hillstrom.WOMENS])
    low = dict(found.select("order", "low").rows())
    assert low[hillstrom.UPLIFT] > 0 and low[f"{hillstrom.UPLIFT} less {hillstrom.RISK}"] > 0
