"""Does acting by expected gain keep more value, and is what acting brings measured rightly? On simulated companies.

    python -m tests.benchmarks.outreach [--seeds N] [--customers N]

Fails where the lists ordered by expected gain do not keep more net value than those ordered by probability, or at
random, beyond noise, or where the measured interval covers the true effect in fewer than 90 of 100 companies.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from configs.settings import Settings
from features.contract import MONEY_SCALE
from features.tables import TABLES
from features.time import INSTANT, Cutoff
from models.effect import difference, first_listed
from pipelines.effect import BEFORE_ACTING, became_of
from pipelines.progress import track
from pipelines.simulate import parameters
from pipelines.simulate.population import customer_ids
from tests.benchmarks.simulated_outreach import (
    DAYS,
    FIRST_DAY,
    HORIZON,
    ORDERS,
    WEEKS,
    Company,
    Floats,
    Happened,
    act,
    draw_company,
)

SAVE_RATE, CALL_COST, CONTROL_SHARE = 0.2, 3.0, 0.2
CAPACITY = 0.02  # of the customers, each week
COVERED_AT_LEAST = 0.90
MEASURES = ("retained", "value")
SETTINGS = Settings.model_validate(
    {"name": "simulated", "sources": {"transactions": {"path": "-"}}, "churn": {"horizon_days": HORIZON}}
)
AS_OF = Cutoff(FIRST_DAY + timedelta(days=DAYS), SETTINGS.zone)


def kept_by_order(company: Company) -> dict[str, float]:
    """Net value that lists in each order keep over calling nobody, cost of the calls taken off, currency units."""
    capacity = round(CAPACITY * company.customers)
    nobody = act(company, ORDERS["random"], 0, SAVE_RATE, CALL_COST).net_value(company)
    kept = {}
    for name, order in ORDERS.items():
        happened = act(company, order, capacity, SAVE_RATE, CALL_COST)
        kept[name] = happened.net_value(company) - nobody - CALL_COST * happened.calls
    return kept


def measured(company: Company, happened: Happened) -> pl.DataFrame:
    """What the effect is measured from: those first listed, with what became of them by the orders of the company."""
    listed = first_listed(pl.concat(happened.lists))
    ids = customer_ids(company.customers)
    there = happened.alive[company.transactions["day"].to_numpy(), company.transactions["customer"].to_numpy()]
    sales = company.transactions.filter(there)
    start = pl.lit(FIRST_DAY).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    transactions = sales.select(
        ids.gather(sales["customer"]),
        occurred_at=(start + pl.duration(days="day", hours=12)).cast(INSTANT),
        amount=(pl.col("amount") * MONEY_SCALE).round().cast(pl.Int64),
        cost=(pl.col("cost") * MONEY_SCALE).round().cast(pl.Int64),
    )
    customers = pl.concat([TABLES["customers"].empty(), pl.DataFrame({"customer_id": ids})], how="diagonal")
    cutoffs = [Cutoff(day, SETTINGS.zone) for day in listed["cutoff"].unique().sort()]
    tables = {"customers": customers, "transactions": transactions}
    return became_of(SETTINGS, tables, listed, cutoffs, AS_OF, None)


def true_effect(company: Company, happened: Happened, rows: pl.DataFrame) -> dict[str, float]:
    """The mean true effect of a call on those first listed: retained, and net value, within the horizon.

    Of who was still there on that day: over the draw of leaving, all else as it came.
    """
    customer = rows["customer_id"].str.slice(1).cast(pl.Int64).to_numpy() - 1
    day = (rows["cutoff"] - FIRST_DAY).dt.total_days().to_numpy()
    days = day[:, None] + np.arange(HORIZON)
    places = days, customer[:, None]
    there = happened.alive[day - 1, customer]
    uncalled = company.hazard[places]
    called = np.where(np.arange(HORIZON) < parameters.CALL_LASTS, company.hazard_called[places], uncalled)
    alive = [np.cumprod(1 - hazard, axis=1) for hazard in (called, uncalled)]
    bought = company.bought[places]
    first = bought.argmax(axis=1)[:, None]

    def retained(chance: Floats) -> Floats:
        return np.take_along_axis(chance, first, axis=1)[:, 0] * bought.any(axis=1)

    gain = {
        "retained": retained(alive[0]) - retained(alive[1]),
        "value": ((alive[0] - alive[1]) * company.net[places]).sum(axis=1),
    }
    return {name: float((figure * there).mean()) for name, figure in gain.items()}


def one_company(customers: int, seed: int) -> tuple[dict[str, float], list[dict[str, float | str]]]:
    """Net value kept by each order, and the true effect on each measure beside the measured one."""
    company = draw_company(customers, seed)
    capacity = round(CAPACITY * customers)
    happened = act(company, ORDERS["expected gain"], capacity, SAVE_RATE, CALL_COST, CONTROL_SHARE)
    rows, found = measured(company, happened), []
    truth = true_effect(company, happened, rows)
    for measure in MEASURES:
        for kind, covariates in (("sharpened", BEFORE_ACTING), ("plain", [])):
            apart = difference(rows, measure, seed, covariates)
            assert apart is not None
            figures = {"true": truth[measure], "measured": apart.difference, "low": apart.low, "high": apart.high}
            found.append({"seed": seed, "measure": measure, "estimate": kind, "customers": rows.height, **figures})
    return kept_by_order(company), found


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.outreach", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100, help="companies; default 100")
    parser.add_argument("--customers", type=int, default=2000, help="of each company; default 2,000")
    asked = parser.parse_args(arguments)
    kept, found = [], []
    for seed in track(range(asked.seeds), "companies", asked.seeds):
        by_order, effects = one_company(asked.customers, seed)
        kept.append(by_order)
        found += effects
    return report(pl.DataFrame(kept), pl.DataFrame(found))


def report(kept: pl.DataFrame, found: pl.DataFrame) -> int:
    """Print both tables and what they are held to; returns 1 where it does not hold."""
    failed = False
    print(f"Net value kept over calling nobody, cost of {CALL_COST:.0f} a call taken off; {WEEKS} weekly lists")
    best = kept["expected gain"].to_numpy()
    for name in kept.columns:
        apart = best - kept[name].to_numpy()
        error = 1.96 * apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else np.inf
        line = f"  by {name:<14} {kept[name].mean():>10,.0f}"
        if name != "expected gain":
            failed |= apart.mean() <= error
            line += f"   less by {apart.mean():,.0f} +- {error:,.0f}, in {(apart > 0).sum()} of {len(apart)} companies"
        print(line)
    print("The measured effect of acting, and in how many companies its 95 % interval covers the true one")
    covers = (pl.col("low") <= pl.col("true")) & (pl.col("true") <= pl.col("high"))
    table = found.group_by("measure", "estimate", maintain_order=True).agg(
        pl.col("true", "measured").mean(), width=(pl.col("high") - pl.col("low")).mean(), covered=covers.mean()
    )
    for measure, estimate, true, mean, width, covered in table.rows():
        failed |= covered < COVERED_AT_LEAST
        line = f"  {measure:<9} {estimate:<10} true {true:8.4f}  measured {mean:8.4f}"
        print(f"{line}  width {width:8.4f}  covered {covered:.0%}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
