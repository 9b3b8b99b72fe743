"""The save rate: measured by intention to treat where enough horizons are over, else the configured one."""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl
import pytest

from configs.settings import Settings
from features.contract import MONEY_SCALE
from features.tables import TABLES
from pipelines.outreach.control import ASSIGNMENTS
from pipelines.outreach.save_rate import SaveRate, save_rate
from tests.features.drawn_tables import at, cutoff

NIGHT = cutoff("2026-07-01")
LISTED = date(2026, 3, 1)  # 122 days before; horizons have 90


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate(
        {"name": "a", "sources": {"transactions": {"path": "x"}}, "outreach": {"measured_from": 30, "save_rate": 0.35}}
    )


def assigned(arm: str, customers: int, first_listed: date = LISTED) -> pl.DataFrame:
    ids = [f"{arm}{i}" for i in range(customers)]
    row = {"season": "2026-Q1", "arm": arm, "stratum": "all", "first_listed": first_listed, "item_opened": first_listed}
    return pl.DataFrame([{"customer_id": name, **row} for name in ids], schema=ASSIGNMENTS)


def bucket(treated: int, staying_treated: int, controls: int, staying_controls: int) -> dict[str, pl.DataFrame]:
    """Customers of both arms, of whom so many buy again within the horizon; the rest buy on the day after it."""
    ids = [f"treat{i}" for i in range(treated)] + [f"control{i}" for i in range(controls)]
    staying = {f"treat{i}" for i in range(staying_treated)} | {f"control{i}" for i in range(staying_controls)}
    inside, after = at("2026-05-29"), at("2026-05-30")  # the horizon ends with 29 May
    rows = [
        {"transaction_id": name, "customer_id": name, "occurred_at": inside if name in staying else after}
        for name in ids
    ]
    sold = pl.DataFrame([{**row, "amount": 5 * MONEY_SCALE} for row in rows], schema=TABLES["transactions"].schema)
    known = pl.DataFrame([{"customer_id": name} for name in ids], schema=TABLES["customers"].schema)
    return {"customers": known, "transactions": sold}


def test_measured_from_both_arms(settings: Settings) -> None:
    assignments = pl.concat([assigned("treat", 40), assigned("control", 30)])

    # Of 40 acted on 12 left (30 %), of 30 controls 15: at even odds, two fifths of the leaving were kept from it.
    found = save_rate(assignments, [bucket(40, 28, 30, 15)], NIGHT, settings)

    assert found == SaveRate(0.4, "measured")


def test_strata_are_compared_each_within_itself(settings: Settings) -> None:
    arms = pl.concat([assigned("treat", 40), assigned("control", 30)])
    surer = pl.col("customer_id").is_in([f"treat{i}" for i in range(10)] + [f"control{i}" for i in range(20)])
    arms = arms.with_columns(stratum=pl.when(surer).then(pl.lit("high")).otherwise(pl.lit("low")))
    # High: 5 of 10 acted on stay, 5 of 20 controls. Low: 20 of 30, 4 of 10.
    stay = [f"treat{i}" for i in (*range(5), *range(10, 30))] + [f"control{i}" for i in (*range(5), *range(20, 24))]
    tables = bucket(40, 0, 30, 0)
    bought = pl.when(pl.col("customer_id").is_in(stay)).then(pl.lit(at("2026-05-29"))).otherwise("occurred_at")
    tables["transactions"] = tables["transactions"].with_columns(occurred_at=bought)

    # Odds ratio (15 x 5 / 30 + 6 x 20 / 40) / (5 x 5 / 30 + 4 x 10 / 40) = 5.5 / 1.833 = 3: (3 - 1) / (3 + 1).
    assert save_rate(arms, [tables], NIGHT, settings) == SaveRate(0.5, "measured")


def test_customers_may_lie_in_several_buckets(settings: Settings) -> None:
    whole = bucket(40, 28, 30, 15)
    first = pl.col("customer_id").str.ends_with("1")
    parts = [{name: rows.filter(here) for name, rows in whole.items()} for here in (first, ~first)]

    found = save_rate(pl.concat([assigned("treat", 40), assigned("control", 30)]), parts, NIGHT, settings)

    assert found == SaveRate(0.4, "measured")


@pytest.mark.parametrize(
    ("treated", "controls", "staying", "first_listed"),
    [
        (40, 29, 10, LISTED),  # too few controls
        (29, 40, 10, LISTED),  # too few acted on
        (40, 30, 30, LISTED),  # no control left: nothing to save
        (40, 30, 10, date(2026, 4, 3)),  # today is still in the horizon
    ],
)
def test_assumed_while_too_little_is_known(
    settings: Settings, treated: int, controls: int, staying: int, first_listed: date
) -> None:
    assignments = pl.concat([assigned("treat", treated, first_listed), assigned("control", controls, first_listed)])

    found = save_rate(assignments, [bucket(treated, 10, controls, staying)], NIGHT, settings)

    assert found == SaveRate(0.35, "assumed")


def test_a_horizon_that_ended_at_the_cutoff_is_over(settings: Settings) -> None:
    first_listed = NIGHT.day - timedelta(days=90)
    assignments = pl.concat([assigned("treat", 40, first_listed), assigned("control", 30, first_listed)])

    # Both buy within these horizons, from 2 April on: nobody left.
    assert save_rate(assignments, [bucket(40, 0, 30, 0)], NIGHT, settings).source == "assumed"
    empty = bucket(40, 0, 30, 0) | {"transactions": TABLES["transactions"].empty()}
    assert save_rate(assignments, [empty], NIGHT, settings) == SaveRate(0.01, "measured")


def test_harm_is_not_a_reason_to_stop_measuring(settings: Settings) -> None:
    assignments = pl.concat([assigned("treat", 40), assigned("control", 30)])

    # Half of those acted on left, a third of the controls.
    assert save_rate(assignments, [bucket(40, 20, 30, 20)], NIGHT, settings) == SaveRate(0.01, "measured")


def test_buckets_are_not_read_in_vain(settings: Settings) -> None:
    def buckets() -> Iterator[dict[str, pl.DataFrame]]:
        raise AssertionError("read")
        yield {}

    assert save_rate(assigned("treat", 400), buckets(), NIGHT, settings).source == "assumed"


def test_in_words() -> None:
    assert SaveRate(0.2, "assumed").in_words(0, "EUR") == (
        "at a 50% chance of leaving, acting keeps 20% of who would leave (assumed); above, fewer"
    )
    assert SaveRate(0.4, "measured").in_words(2.5, "GBP") == (
        "at a 50% chance of leaving, acting keeps 40% of who would leave (measured); above, fewer; "
        "£2.50 for acting taken off"
    )
