"""A simulated company on whose customers outreach acts: what would happen under any list, drawn once for all lists.

Acting changes nothing but the hazard of leaving, and nobody but the one who left does anything else for it. So one run
in which everybody lives on tells for each customer and day what they would do there, and both hazards; who is still
there under which list follows from them and one draw a customer and day that all lists share (common random numbers).
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit, logit

from configs.outreach import Outreach
from pipelines.outreach.policy import expected_gain
from pipelines.simulate import parameters as p
from pipelines.simulate.chances import customer_chances, draw_actions
from pipelines.simulate.day import apply_actions, company_day
from pipelines.simulate.leaving import leaving_hazard
from pipelines.simulate.population import customer_ids, draw_people
from pipelines.simulate.state import initial_state
from pipelines.simulate.truth import update_belief

Floats = NDArray[np.float64]
FIRST_DAY = date(2025, 1, 1)
BEFORE, WEEKS, HORIZON = 120, 26, 90  # days without lists, weeks with one each, days in which a customer may leave
DAYS = BEFORE + 7 * WEEKS + HORIZON
COOL_DOWN = HORIZON  # days after being listed in which nobody is listed again: a horizon holds one call at most
MARGIN = 0.35  # of what is paid, about
SCORE_NOISE, VALUE_NOISE = 0.4, 0.4  # a model is not the truth: in log-odds and in logarithms


@dataclass(frozen=True)
class Company:
    """What customers would do if they stayed, shape (days, customers): hazards, purchases, net value and chances."""

    hazard: Floats
    hazard_called: Floats  # on a day not longer than `parameters.CALL_LASTS` after a call
    bought: NDArray[np.bool_]
    net: Floats  # currency
    chance: Floats  # of buying
    worth: Floats  # shape (customers,): net value of a day, on average
    leaving: Floats  # shape (days, customers): who leaves is who draws less than the hazard
    noise: Floats  # shape (2, weeks, customers): of the scores and of the values, standard normal
    luck: Floats  # shape (2, weeks, customers): for the random order, and for the arms
    transactions: pl.DataFrame  # customer (position), day, amount, cost

    @property
    def customers(self) -> int:
        return self.hazard.shape[1]


@dataclass
class Happened:
    """What happened under one list: `alive` (days, customers), and the `lists`, one frame a week."""

    alive: NDArray[np.bool_]
    calls: int
    lists: list[pl.DataFrame] = field(default_factory=list)

    def net_value(self, company: Company) -> float:
        """Net value of all customers from the first list on, without the cost of calling."""
        return float((company.net * self.alive)[BEFORE:].sum())


def draw_company(customers: int, seed: int) -> Company:
    """A company of so many customers, all of whom are there before the first list."""
    world, own = np.random.default_rng(seed).spawn(2)
    people = draw_people(customers, BEFORE - 14, world)
    state = initial_state(people, world)
    everybody = np.ones(customers, dtype=bool)
    shape = (DAYS, customers)
    hazard, hazard_called, net, chance = (np.zeros(shape) for _ in range(4))
    bought = np.zeros(shape, dtype=bool)
    parts: list[pl.DataFrame] = []

    def record(fact: str, customer: NDArray[np.int64], **columns: NDArray) -> None:
        if fact == "transaction":
            parts.append(pl.DataFrame({"customer": customer, "day": np.full(len(customer), day), **columns}))

    for day in range(DAYS):
        on = FIRST_DAY + timedelta(days=day)
        there = people.joined < day
        hazard[day] = leaving_hazard(people, state, day, on) * there
        hazard_called[day] = (
            leaving_hazard(people, replace(state, called=np.full(customers, float(day))), day, on) * there
        )
        chances = customer_chances(people, state, day, on)
        chance[day] = chances["buy"]
        done = draw_actions(chances, everybody & (people.joined <= day), world)
        bought[day] = done["buy"]
        apply_actions(people, state, day, done, world, record)
        company_day(people, state, day, world, record)

    sales = pl.concat(parts).select("customer", "day", "amount", "cost")
    by_place = sales.group_by("day", "customer").agg(net=(pl.col("amount") - pl.col("cost")).sum())
    net[by_place["day"].to_numpy(), by_place["customer"].to_numpy()] = by_place["net"].to_numpy()
    worth = people.purchase_rate * people.basket * np.exp(0.35**2 / 2) * MARGIN
    leaving, noise = own.random(shape), own.standard_normal((2, WEEKS, customers))
    luck = own.random((2, WEEKS, customers))
    return Company(hazard, hazard_called, bought, net, chance, worth, leaving, noise, luck, sales)


ORDERS: dict[str, pl.Expr] = {
    "expected gain": pl.col("expected_gain"),
    "value at risk": pl.col("value_at_risk"),
    "probability": pl.col("churn_probability"),
    "random": pl.col("luck"),
}


def act(
    company: Company, order: pl.Expr, capacity: int, save_rate: float, call_cost: float, control_share: float = 0.0
) -> Happened:
    """Publish a list of `capacity` customers each week, the highest by `order` first, and call the treated on it.

    A list is a frame with the columns of `decisions.parquet`. Listed is who is at least as likely to leave as the
    average and was not on a list within `COOL_DOWN` days; of those a share is withheld, drawn at random.
    """
    customers = company.customers
    ids = customer_ids(customers)
    alive = np.ones(customers, dtype=bool)
    belief = np.ones(customers)
    called, listed = np.full(customers, -np.inf), np.full(customers, -np.inf)
    none = np.zeros(customers, dtype=bool)
    happened = Happened(np.zeros((DAYS, customers), dtype=bool), 0)
    for day in range(DAYS):
        week, weekday = divmod(day - BEFORE, 7)
        if weekday == 0 and 0 <= week < WEEKS:
            scores = _scores(company, belief, day, week, save_rate, call_cost)
            scores = scores.with_columns(customer_id=ids, eligible=day - listed >= COOL_DOWN)
            decisions = _decided(scores, order, capacity, control_share, FIRST_DAY + timedelta(days=day))
            rows = np.flatnonzero(decisions["would_list"].to_numpy())
            treated = np.flatnonzero((decisions["arm"] == "treat").fill_null(False).to_numpy())
            listed[rows], called[treated] = day, day
            happened.calls += len(treated)
            happened.lists.append(decisions)
        hazard = np.where(day - called < p.CALL_LASTS, company.hazard_called[day], company.hazard[day])
        alive = alive & (company.leaving[day] >= hazard)
        happened.alive[day] = alive
        bought = alive & company.bought[day]
        belief = update_belief(belief, hazard, [company.chance[day]], bought, none, none)
    return happened


def _scores(company: Company, belief: Floats, day: int, week: int, save_rate: float, call_cost: float) -> pl.DataFrame:
    """What a good model would say: the truth if hazard and chance stayed as they are, disturbed."""
    hazard, chance = company.hazard[day], company.chance[day - 7 : day].mean(axis=0)
    rate = np.maximum(hazard + chance, 1e-9)
    retained = belief * chance / rate * (1 - np.exp(-rate * HORIZON))
    noise, value_noise = company.noise[:, week]
    churn = expit(logit(np.clip(1 - retained, 1e-6, 1 - 1e-6)) + SCORE_NOISE * noise)
    value = HORIZON * company.worth * np.exp(VALUE_NOISE * value_noise - VALUE_NOISE**2 / 2)
    return pl.DataFrame(
        {"churn_probability": churn, "predicted_clv": (1 - churn) * value, "value_at_risk": churn * value}
    ).with_columns(
        expected_gain=expected_gain(save_rate, Outreach(action_cost=call_cost)),
        luck=company.luck[0, week],
        arm_luck=company.luck[1, week],
    )


def _decided(scores: pl.DataFrame, order: pl.Expr, capacity: int, control_share: float, on: date) -> pl.DataFrame:
    eligible = pl.col("eligible") & (pl.col("churn_probability") >= pl.col("churn_probability").mean())
    place = pl.when(eligible).then(order).rank("ordinal", descending=True)
    arm = pl.when(pl.col("arm_luck") < control_share).then(pl.lit("control")).otherwise(pl.lit("treat"))
    return scores.with_columns(would_list=(place <= capacity).fill_null(False)).with_columns(
        cutoff=pl.lit(on),
        arm=pl.when("would_list").then(arm),
        season=pl.lit(f"{on.year}-Q{(on.month + 2) // 3}"),
        account_manager=pl.lit("one"),
    )
