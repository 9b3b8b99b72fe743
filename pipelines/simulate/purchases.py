"""Purchases and returns, and the loyalty points they bring."""

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.calendar import business_hour
from pipelines.simulate.event_log import Record
from pipelines.simulate.population import People
from pipelines.simulate.promises import make_promise
from pipelines.simulate.state import Rows, State


def buy(people: People, state: State, rows: Rows, day: int, generator: np.random.Generator, record: Record) -> None:
    """The customers at `rows` buy something, which may bring points and a promised delivery."""
    time = business_hour(day, rows, generator)
    list_price = np.round(people.basket[rows] * np.exp(0.35 * generator.standard_normal(len(rows))), 2)
    discount = np.round(list_price * state.discount[rows], 2)
    amount = np.round(list_price - discount, 2)
    state.last_purchase[rows], state.last_amount[rows] = time, amount
    record(
        "transaction",
        rows,
        time=time,
        amount=amount,
        cost=np.round(list_price * generator.uniform(0.5, 0.7, len(rows)), 2),
        quantity=1 + generator.poisson(0.7, len(rows)),
        product=generator.integers(0, p.PRODUCTS, len(rows)),
        channel=generator.choice(np.array(["shop", "web", "phone"]), len(rows), p=[0.3, 0.6, 0.1]),
        discount=discount,
    )
    record("delivery", rows, time=time, amount=np.round(generator.uniform(3, 7, len(rows)), 2))
    enrolled = rows[~state.member[rows] & (generator.random(len(rows)) < p.ENROL_CHANCE)]
    state.member[enrolled] = True
    record("enrol", enrolled, time=state.last_purchase[enrolled])
    earners = rows[state.member[rows]]
    points = np.round(state.last_amount[earners])
    before = state.points_earned[earners].copy()
    state.points[earners] += points
    state.points_earned[earners] += points
    record("earn", earners, time=state.last_purchase[earners], points=points.astype(np.int64))
    for tier, needed in p.TIERS.items():
        risen = earners[(before < needed) & (state.points_earned[earners] >= needed)]
        record(tier, risen, time=state.last_purchase[risen])
    make_promise(state, rows[generator.random(len(rows)) < p.DELIVERY_PROMISE_CHANCE], day, (2, 6), generator, record)


def give_back(state: State, rows: Rows, day: int, generator: np.random.Generator, record: Record) -> None:
    """The customers at `rows` send back all or part of their last purchase: a transaction with a negative amount."""
    amount = -np.round(state.last_amount[rows] * generator.uniform(0.3, 1.0, len(rows)), 2)
    state.last_amount[rows] = 0.0
    state.add_grievance(rows, "return")
    record(
        "transaction",
        rows,
        time=business_hour(day, rows, generator),
        amount=amount,
        cost=np.round(0.5 * amount, 2),  # returned goods are worth something
        quantity=-np.ones(len(rows), dtype=np.int64),
        product=generator.integers(0, p.PRODUCTS, len(rows)),
        channel=np.full(len(rows), "web"),
        discount=np.zeros(len(rows)),
    )


def use_points(
    state: State, redeemers: Rows, referrers: Rows, day: int, generator: np.random.Generator, record: Record
) -> None:
    """Members spend all their points, or bring a friend."""
    points = state.points[redeemers].astype(np.int64)
    record("redeem", redeemers, time=business_hour(day, redeemers, generator), points=-points)
    state.points[redeemers] = 0.0
    record("referral", referrers, time=business_hour(day, referrers, generator))
