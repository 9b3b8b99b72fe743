"""Simulates a company whose customers leave for known reasons, and writes its tables and, apart, the truth."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulate.calendar import business_hour
from pipelines.simulate.chances import customer_chances, draw_actions
from pipelines.simulate.day import apply_actions, company_day
from pipelines.simulate.event_log import EventLog
from pipelines.simulate.leaving import leaving_hazard
from pipelines.simulate.parameters import CONTRACT_END_CHANCE
from pipelines.simulate.population import customer_ids, customers_table, draw_people
from pipelines.simulate.state import initial_state
from pipelines.simulate.tables import build_tables, transactions
from pipelines.simulate.trouble import Trouble, strike
from pipelines.simulate.truth import truth_at, update_belief, with_outcomes

CUTOFFS, DAYS_BETWEEN_CUTOFFS = 7, 30
NO_TROUBLE = Trouble()


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """What was written: rows by table, the file with the truth, and the figures that show whether it is realistic."""

    raw: Path
    truth: Path
    rows: dict[str, int]
    cohort: int  # customers with a purchase in the year before `until`
    base_rate: float  # share of that cohort without a purchase in the horizon
    yearly_leaving_rate: float  # departures a year and living customer


def simulate(
    directory: Path,
    customers: int,
    seed: int,
    until: date,
    history_days: int = 900,
    horizon_days: int = 90,
    calls: pl.DataFrame | None = None,
    trouble: Trouble = NO_TROUBLE,
) -> SimulationSummary:
    """Simulate `customers` customers over [until - history_days, until) and write Parquet below `directory`.

    `raw/<table>.parquet`: the canonical tables but `outcomes`, events strictly before `until`; money in currency units
    rounded to cents (Float64), times datetime[us, UTC]. `truth.parquet`: customer_id, cutoff (Date),
    true_churn_probability (Float64), churned (Int8) and value (Float64, currency) over [cutoff, cutoff + horizon_days)
    for `until` and the six cutoffs 30, 60, ... days before it; one row a customer with a purchase in the 365 days
    before the cutoff; it knows of no call that comes after its cutoff. `calls`: customer_id and day (Date) on which the
    company called to keep the customer. `trouble`: what goes wrong, and when. The same arguments give the same files.
    Raises ValueError when an argument is too small.
    """
    earliest = (CUTOFFS - 1) * DAYS_BETWEEN_CUTOFFS
    if customers < 1 or horizon_days < 1 or history_days <= earliest:
        raise ValueError(
            f"customers={customers}, horizon_days={horizon_days}, history_days={history_days}: need at least one "
            f"customer, a horizon of one day and more than {earliest} days of history, so that every cutoff has a past."
        )
    first_day = until - timedelta(days=history_days)
    # The truth draws from a stream of its own, so that how it is computed cannot change what happens.
    world, imagination = np.random.default_rng(seed).spawn(2)
    people = draw_people(customers, history_days, world)
    state = initial_state(people, world)
    log = EventLog(first_day, customer_ids(customers))
    table_of_customers = customers_table(people, first_day, world)

    alive = np.ones(customers, dtype=bool)
    # The probability of being alive as seen from outside; it means nothing until the purchase of the first day sets it.
    belief = np.ones(customers)
    contract = people.has_contract
    departures = living_days = 0
    cutoff_days = {history_days - number * DAYS_BETWEEN_CUTOFFS for number in range(CUTOFFS)}
    truths: list[pl.DataFrame] = []

    called = _called(calls, log.ids)

    for day in range(history_days + horizon_days):
        on = first_day + timedelta(days=day)
        state.called[called.get(on, [])] = day
        if day in cutoff_days:
            truths.append(truth_at(people, state, belief, log.ids, day, first_day, horizon_days, imagination))
        people = strike(trouble, people, state, day, on, world, log.record)
        signed_up = people.joined <= day
        hazard = leaving_hazard(people, state, day, on)
        leaving = alive & (people.joined < day) & (world.random(customers) < hazard)
        alive &= ~leaving
        departures += int(leaving.sum())
        living_days += int((alive & signed_up).sum())
        chances = customer_chances(people, state, day, on)
        done = draw_actions(chances, alive & signed_up, world)
        contract_ended = contract & ~alive & (world.random(customers) < CONTRACT_END_CHANCE)
        seen = np.any(list(done.values()), axis=0)
        belief = update_belief(belief, hazard, chances.values(), seen, contract, contract_ended)
        contract = contract & ~contract_ended
        ended = np.flatnonzero(contract_ended)
        log.record("contract_end", ended, time=business_hour(day, ended, world))
        apply_actions(people, state, day, done, world, log.record)
        company_day(people, state, day, world, log.record)

    truth = with_outcomes(pl.concat(truths), transactions(log.frame("transaction")), horizon_days)
    tables = {"customers": table_of_customers} | build_tables(log, people, first_day, until)
    raw = directory / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(raw / f"{name}.parquet")
    truth.write_parquet(directory / "truth.parquet")
    churned = truth.filter(pl.col("cutoff") == until)["churned"].to_numpy()
    return SimulationSummary(
        raw=raw,
        truth=directory / "truth.parquet",
        rows={name: table.height for name, table in tables.items()},
        cohort=len(churned),
        base_rate=float(churned.mean()) if len(churned) else float("nan"),
        yearly_leaving_rate=365 * departures / max(living_days, 1),
    )


def _called(calls: pl.DataFrame | None, ids: pl.Series) -> dict[date, list[int]]:
    """Positions of the customers called on each day."""
    if calls is None:
        return {}
    numbered = calls.join(pl.DataFrame({"customer_id": ids}).with_row_index("row"), on="customer_id")
    return dict(numbered.group_by("day").agg("row").rows())
