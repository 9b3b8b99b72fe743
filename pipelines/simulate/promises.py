"""Promises: deliveries and call-backs, made to a customer, kept on time, late or never."""

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.calendar import business_hour
from pipelines.simulate.event_log import Record
from pipelines.simulate.population import People
from pipelines.simulate.state import Rows, State

KEPT_ON_TIME = np.array(list(p.REGION_PROMISE_KEPT.values()))


def make_promise(
    state: State, rows: Rows, day: int, due_in: tuple[int, int], generator: np.random.Generator, record: Record
) -> None:
    """Promise something by 18:00 UTC, `due_in` (from, to) days ahead, to those to whom nothing is promised yet."""
    rows = rows[np.isnan(state.promise_made[rows])]
    state.promise_made[rows] = day + 18.5 / 24
    state.promise_due[rows] = day + generator.integers(due_in[0], due_in[1] + 1, len(rows)) + 18 / 24
    record("promise", rows, time=state.promise_made[rows], due=state.promise_due[rows])


def keep_promises(people: People, state: State, day: int, generator: np.random.Generator, record: Record) -> None:
    """Keep the promises due on `day`, or fail to; keep some of the overdue ones, or give them up."""
    due_today = np.flatnonzero(np.floor(state.promise_due) == day)
    kept = generator.random(len(due_today)) < KEPT_ON_TIME[people.region[due_today]]
    on_time, broken = due_today[kept], due_today[~kept]
    late = np.flatnonzero(state.promise_overdue)
    late = late[generator.random(len(late)) < p.LATE_PROMISE_KEPT_CHANCE]
    rows = np.concatenate([on_time, late])
    record("keeping", rows, began=state.promise_made[rows], time=business_hour(day, rows, generator))
    state.promise_overdue[broken] = True
    state.add_grievance(broken, "broken_promise")
    given_up = np.flatnonzero(day - state.promise_due > p.PROMISE_GIVEN_UP_AFTER)
    for closed in (rows, given_up):
        state.promise_overdue[closed] = False
        state.promise_made[closed] = np.nan
        state.promise_due[closed] = np.nan
