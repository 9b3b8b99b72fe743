"""What living customers may do on one day: the chance of every action, and the draw."""

from datetime import date

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.calendar import purchase_season
from pipelines.simulate.population import People
from pipelines.simulate.state import Flags, Floats, State


def customer_chances(people: People, state: State, day: int, on: date) -> dict[str, Floats]:
    """For every action its probability, shape (customers,), on `day` (the date `on`) for a customer who is alive.

    The actions of a day are independent given the state. On the day of signing up a customer buys. For those who have
    not signed up yet the numbers mean nothing.
    """
    since_purchase = day - state.last_purchase
    habit = p.LONGEST_SILENCE + p.FRESH_HABIT * np.exp(-p.HABIT_FADES * people.purchase_rate * since_purchase)
    purchase = 1 - np.exp(-people.purchase_rate * purchase_season(on) * habit)
    recent = since_purchase < 14
    complaint = p.COMPLAINT_CHANCE * np.where(recent, p.COMPLAINT_AFTER_PURCHASE, 1.0)
    complaint *= np.where(state.promise_overdue, p.COMPLAINT_PROMISE_OVERDUE, 1.0)
    since_resolved = day - state.complaint_resolved
    return {
        "buy": np.where(people.joined == day, 1.0, purchase),
        "return": p.RETURN_CHANCE * (recent & (state.last_amount > 0)),
        "complain": complaint * ~state.complaint_open,
        "rate": p.RATING_CHANCE * (since_resolved < 1),
        "reopen": p.REOPEN_CHANCE * ((since_resolved < 14) & ~state.complaint_reopened),
        "contact": np.full(len(recent), p.CONTACT_CHANCE),
        "respond": p.RESPONSE_CHANCE * (day - state.letter_sent < 3),
        "answer": p.ANSWER_CHANCE * (day - state.survey_sent < 7),
        "redeem": p.REDEEM_CHANCE * (state.points >= p.POINTS_TO_REDEEM),
        "refer": p.REFERRAL_CHANCE * (state.member & (state.grievance < 0.3)),
        "object_contact": p.NO_CONTACT_CHANCE * ~state.no_contact,
        "object_profiling": p.NO_PROFILING_CHANCE * ~state.no_profiling,
    }


def draw_actions(chances: dict[str, Floats], alive: Flags, generator: np.random.Generator) -> dict[str, Flags]:
    """Who does what: each action happens by its chance to those who are alive."""
    return {action: alive & (generator.random(len(alive)) < chance) for action, chance in chances.items()}
