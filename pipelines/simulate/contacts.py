"""Letters, surveys and price changes from the company; contacts, responses and answers from customers."""

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate import parameters as p
from pipelines.simulate.calendar import business_hour
from pipelines.simulate.event_log import Record
from pipelines.simulate.state import Floats, Rows, State

SURVEY_LEVELS = {"nps": 10, "csat": 4, "ces": 6}  # steps between the lowest and the highest score
SURVEY_LOWEST = {"nps": 0, "csat": 1, "ces": 1}


def write(state: State, day: int, generator: np.random.Generator, record: Record) -> None:
    """Send newsletters and surveys; grant a discount here and there, and withdraw one, with notice."""
    reachable = np.flatnonzero((day - state.last_purchase < 365) & ~state.no_contact)

    rows = reachable[generator.random(len(reachable)) < p.LETTER_CHANCE]
    state.letter_sent[rows] = business_hour(day, rows, generator)
    record("letter", rows, time=state.letter_sent[rows])

    rows = reachable[generator.random(len(reachable)) < p.SURVEY_CHANCE]
    state.survey_sent[rows] = business_hour(day, rows, generator)
    record("survey", rows, time=state.survey_sent[rows], kind=survey_kind(state.survey_sent[rows]))

    drawn, discounted = generator.random(len(reachable)), state.discount[reachable] > 0
    state.discount[reachable[~discounted & (drawn < p.DISCOUNT_CHANCE)]] = p.DISCOUNT_SHARE
    rows = reachable[discounted & (drawn < p.PRICE_RISE_CHANCE)]
    state.discount[rows] = 0.0
    state.add_grievance(rows, "price_rise")
    record("price_change", rows, time=business_hour(day, rows, generator))


def talk(
    state: State, contacts: Rows, responses: Rows, day: int, generator: np.random.Generator, record: Record
) -> None:
    """Customers get in touch or respond to their last letter; both are two-way contact."""
    time = business_hour(day, contacts, generator)
    channel = generator.choice(np.array(["email", "phone", "chat"]), len(contacts))
    state.tie[contacts] += 1
    record("contact", contacts, time=time, channel=channel)
    record("service", contacts, time=time, amount=np.round(generator.uniform(4, 9, len(contacts)), 2))
    state.tie[responses] += 1
    record("response", responses, began=state.letter_sent[responses], time=business_hour(day, responses, generator))
    state.letter_sent[responses] = np.nan


def answer(state: State, rows: Rows, day: int, generator: np.random.Generator, record: Record) -> None:
    """The customers at `rows` answer their last survey: the worse, the more aggrieved they are."""
    began = state.survey_sent[rows]
    kind = survey_kind(began)
    levels = np.array([SURVEY_LEVELS[name] for name in kind], dtype=np.int64)
    lowest = np.array([SURVEY_LOWEST[name] for name in kind], dtype=np.int64)
    liking = 0.72 - 0.2 * state.grievance[rows] + 0.18 * generator.standard_normal(len(rows))
    steps = np.round(np.clip(liking, 0, 1) * levels)
    state.judge(rows, steps / levels)
    record("answer", rows, began=began, time=business_hour(day, rows, generator), score=lowest + steps.astype(np.int64))
    state.survey_sent[rows] = np.nan


def survey_kind(sent: Floats) -> NDArray[np.str_]:
    """The kind of a survey follows from the day it is sent on."""
    return np.array(list(SURVEY_LEVELS))[sent.astype(np.int64) % len(SURVEY_LEVELS)]
