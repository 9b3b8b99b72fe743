"""Complaints: opened by customers, answered and resolved by the company, then rated or reopened."""

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.calendar import business_hour
from pipelines.simulate.delays import Delay
from pipelines.simulate.event_log import Record
from pipelines.simulate.promises import make_promise
from pipelines.simulate.state import Rows, State

FIRST_RESPONSE = Delay.lognormal(*p.FIRST_RESPONSE_DAYS)
RESPONSE_TO_RESOLUTION = Delay.lognormal(*p.RESPONSE_TO_RESOLUTION_DAYS)
CAUSES = np.array(["support", "delay", "quality", "service", "price", "other"])


def complain(state: State, rows: Rows, day: int, generator: np.random.Generator, record: Record) -> None:
    """The customers at `rows`, who have no open complaint, open one; half of them are promised a call."""
    time = business_hour(day, rows, generator)
    repeated = day - state.complaint_opened[rows] < 180
    overdue, recent = state.promise_overdue[rows], day - state.last_purchase[rows] < 14
    cause = generator.choice(CAUSES, len(rows), p=[0.35, 0.05, 0.1, 0.25, 0.15, 0.1])
    cause = np.where(recent & (generator.random(len(rows)) < 0.4), "quality", cause)
    cause = np.where(overdue, "delay", cause)
    state.complaint_opened[rows] = time
    state.complaint_answered[rows] = np.nan
    state.complaint_resolved[rows] = np.nan
    state.complaint_reopened[rows] = False
    state.add_grievance(rows, "complaint")
    state.add_grievance(rows, "repeated_complaint", repeated)
    record(
        "complaint",
        rows,
        time=time,
        cause=cause,
        severity=generator.choice(np.array(["low", "medium", "high"]), len(rows), p=[0.5, 0.35, 0.15]),
        channel=generator.choice(np.array(["email", "phone", "chat"]), len(rows)),
    )
    record("complaint_cost", rows, time=time, amount=np.round(generator.uniform(10, 40, len(rows)), 2))
    make_promise(state, rows[generator.random(len(rows)) < p.CALL_BACK_PROMISE_CHANCE], day, (1, 3), generator, record)


def work_on_complaints(state: State, day: int, generator: np.random.Generator, record: Record) -> None:
    """Give the first responses, the solutions and the updates of `day`, whenever in the day they fall."""
    waiting = np.flatnonzero(state.complaint_open & np.isnan(state.complaint_answered))
    opened, slowness = state.complaint_opened[waiting], state.slowness[waiting]
    answered = opened + slowness * FIRST_RESPONSE.draw(np.maximum(day - opened, 0.0) / slowness, generator)
    today = answered < day + 1
    rows, opened, answered = waiting[today], opened[today], answered[today]
    state.complaint_answered[rows] = answered
    state.add_grievance(rows, "late_response", answered - opened > p.LATE_RESPONSE_DAYS)
    record("first_response", rows, began=opened, time=answered)

    in_work = np.flatnonzero(state.complaint_open & ~np.isnan(state.complaint_answered))
    answered, slowness = state.complaint_answered[in_work], state.slowness[in_work]
    resolved = answered + slowness * RESPONSE_TO_RESOLUTION.draw(np.maximum(day - answered, 0.0) / slowness, generator)
    today = resolved < day + 1
    rows, resolved = in_work[today], resolved[today]
    opened = state.complaint_opened[rows]
    state.complaint_resolved[rows] = resolved
    state.add_grievance(rows, "late_resolution", resolved - opened > p.LATE_RESOLUTION_DAYS)
    record("resolution", rows, began=opened, time=resolved)

    still_open = np.flatnonzero(state.complaint_open & (state.complaint_opened < day))
    rows = still_open[generator.random(len(still_open)) < p.UPDATE_CHANCE]
    state.add_grievance(rows, "update")
    record("update", rows, began=state.complaint_opened[rows], time=business_hour(day, rows, generator))


def rate(state: State, rows: Rows, day: int, generator: np.random.Generator, record: Record) -> None:
    """The customers at `rows` say from 1 to 5 how satisfied they are: the less, the longer it took."""
    opened = state.complaint_opened[rows]
    late = state.complaint_answered[rows] - opened > p.LATE_RESPONSE_DAYS
    liking = 5.2 - 0.6 * np.log1p((state.complaint_resolved[rows] - opened) / 2) - 0.8 * late
    score = np.clip(np.round(liking + 0.7 * generator.standard_normal(len(rows))), 1, 5).astype(np.int64)
    state.judge(rows, (score - 1) / 4)
    record("rating", rows, began=opened, time=business_hour(day, rows, generator), score=score)


def reopen(state: State, rows: Rows, day: int, generator: np.random.Generator, record: Record) -> None:
    """The customers at `rows` say that the solution did not last: it annoys them, the complaint stays resolved."""
    state.complaint_reopened[rows] = True
    state.add_grievance(rows, "reopened")
    record("reopening", rows, began=state.complaint_opened[rows], time=business_hour(day, rows, generator))
