"""The true probability that a customer does not buy within the horizon, given all that can be seen from outside."""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.simulate.chances import customer_chances, draw_actions
from pipelines.simulate.day import apply_actions, company_day
from pipelines.simulate.event_log import record_nothing
from pipelines.simulate.leaving import leaving_hazard
from pipelines.simulate.parameters import CONTRACT_END_CHANCE
from pipelines.simulate.population import People
from pipelines.simulate.state import Flags, Floats, State

FUTURES = 30_000  # imagined in all for one cutoff, shared among the customers,
MOST_FUTURES, FEWEST_FUTURES = 100, 8  # and for one customer
AT_ONCE = 30_000  # futures advanced together, which bounds the memory
ACTIVE_WITHIN = 365  # days: the cohort of a cutoff bought something in this time before it


def truth_at(
    people: People,
    state: State,
    belief: Floats,
    ids: pl.Series,
    day: int,
    first_day: date,
    horizon_days: int,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """customer_id, cutoff and true_churn_probability for the cohort at the start of `day`, the cutoff.

    `belief` is the probability of being alive, shape (customers,). The cohort are those who bought something in the 365
    days before the cutoff, since the simulation began.
    """
    cohort = np.flatnonzero(state.last_purchase >= max(day - ACTIVE_WITHIN, 0))
    silent = no_purchase_if_alive(people.take(cohort), state.take(cohort), day, first_day, horizon_days, generator)
    return pl.DataFrame({"customer_id": ids.gather(cohort)}).with_columns(
        pl.lit(first_day + timedelta(days=day)).alias("cutoff"),
        pl.Series("true_churn_probability", 1 - belief[cohort] * (1 - silent)),
    )


def update_belief(
    alive: Floats, hazard: Floats, chances: Iterable[Floats], seen: Flags, contract: Flags, contract_ended: Flags
) -> Floats:
    """The probability of being alive at the end of a day, given that at its start. All shapes are (customers,).

    The forward filter of a hidden Markov model: predict with the hazard, then weigh with what the day showed.
    An action (`seen`) proves life. Silence is as likely as the product of (1 - chance) for the living. The end of a
    contract proves departure; that it goes on is as likely as 1 - CONTRACT_END_CHANCE for those who left.
    """
    alive = alive * (1 - hazard)
    silence = np.prod([1 - chance for chance in chances], axis=0)
    living = alive * silence
    departed = (1 - alive) * np.where(contract, 1 - CONTRACT_END_CHANCE, 1.0)
    updated = np.where(seen, 1.0, living / np.maximum(living + departed, 1e-300))
    return np.where(contract_ended, 0.0, updated)


def no_purchase_if_alive(
    people: People, state: State, day: int, first_day: date, horizon_days: int, generator: np.random.Generator
) -> Floats:
    """P(no purchase in [day, day + horizon_days) | alive at the start of `day`), shape (customers,).

    Averages over imagined futures in which everyone lives on and buys nothing, while the chances of leaving and of
    buying are multiplied up along the way instead of being drawn: the same expectation with far less noise. The other
    actions of a day are independent of both, so they are drawn as in the simulation itself.
    """
    customers = len(state.grievance)
    futures = int(np.clip(FUTURES // max(customers, 1), FEWEST_FUTURES, MOST_FUTURES))
    size = max(AT_ONCE // futures, 1)
    parts = []
    for start in range(0, customers, size):
        rows = np.repeat(np.arange(start, min(start + size, customers)), futures)
        imagined = _no_purchase(people.take(rows), state.take(rows), day, first_day, horizon_days, generator)
        parts.append(imagined.reshape(-1, futures).mean(axis=1))
    return np.concatenate([np.zeros(0), *parts])


def _no_purchase(
    people: People, state: State, day: int, first_day: date, horizon_days: int, generator: np.random.Generator
) -> Floats:
    everyone = np.ones(len(state.grievance), dtype=bool)
    left = np.zeros(len(everyone))  # without a purchase before
    stayed = np.ones(len(everyone))  # without a purchase so far
    for today in range(day, day + horizon_days):
        on = first_day + timedelta(days=today)
        hazard = leaving_hazard(people, state, today, on)
        chances = customer_chances(people, state, today, on)
        left += stayed * hazard
        stayed *= (1 - hazard) * (1 - chances["buy"])
        done = draw_actions(chances | {"buy": np.zeros(len(everyone))}, everyone, generator)
        apply_actions(people, state, today, done, generator, record_nothing)
        company_day(people, state, today, generator, record_nothing)
    return left + stayed


def realised(transactions: pl.DataFrame, cutoff: date, horizon_days: int) -> pl.DataFrame:
    """What came of the customers with a transaction in [cutoff, cutoff + horizon_days), UTC: customer_id, purchases
    (a count), value (currency): sales less returns less the cost of the goods."""
    day = pl.col("occurred_at").dt.date()
    return (
        transactions.filter((day >= cutoff) & (day < cutoff + timedelta(days=horizon_days)))
        .group_by("customer_id")
        .agg(
            (pl.col("amount") > 0).sum().alias("purchases"),
            (pl.col("amount") - pl.col("cost")).sum().round(2).alias("value"),
        )
    )


def with_outcomes(truth: pl.DataFrame, all_transactions: pl.DataFrame, horizon_days: int) -> pl.DataFrame:
    """Add what happened after each cutoff; a customer without any transaction churned with value 0."""
    cutoffs = truth["cutoff"].unique().sort()
    happened = pl.concat(
        [realised(all_transactions, cutoff, horizon_days).with_columns(cutoff=pl.lit(cutoff)) for cutoff in cutoffs]
    )
    return (
        truth.join(happened, on=["customer_id", "cutoff"], how="left", validate="1:1")
        .select(
            "customer_id",
            "cutoff",
            "true_churn_probability",
            (pl.col("purchases").fill_null(0) == 0).cast(pl.Int8).alias("churned"),
            pl.col("value").fill_null(0.0),
        )
        .sort("cutoff", "customer_id")
    )
