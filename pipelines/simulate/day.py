"""One day: what the actions of customers and the work of the company change."""

import numpy as np

from pipelines.simulate.calendar import business_hour
from pipelines.simulate.complaints import complain, rate, reopen, work_on_complaints
from pipelines.simulate.contacts import answer, talk, write
from pipelines.simulate.event_log import Record
from pipelines.simulate.population import People
from pipelines.simulate.promises import keep_promises
from pipelines.simulate.purchases import buy, give_back, use_points
from pipelines.simulate.state import Flags, State


def apply_actions(
    people: People, state: State, day: int, done: dict[str, Flags], generator: np.random.Generator, record: Record
) -> None:
    """Change the state by what customers did on `day`, flags of shape (customers,) by action, and report it."""
    rows = {action: np.flatnonzero(flags) for action, flags in done.items()}
    give_back(state, rows["return"], day, generator, record)  # of an earlier purchase, hence before today's
    buy(people, state, rows["buy"], day, generator, record)
    rate(state, rows["rate"], day, generator, record)
    reopen(state, rows["reopen"], day, generator, record)
    complain(state, rows["complain"], day, generator, record)
    talk(state, rows["contact"], rows["respond"], day, generator, record)
    answer(state, rows["answer"], day, generator, record)
    use_points(state, rows["redeem"], rows["refer"], day, generator, record)
    for kind, objectors, flags in (
        ("no_contact", rows["object_contact"], state.no_contact),
        ("no_profiling", rows["object_profiling"], state.no_profiling),
    ):
        flags[objectors] = True
        record(kind, objectors, time=business_hour(day, objectors, generator))


def company_day(people: People, state: State, day: int, generator: np.random.Generator, record: Record) -> None:
    """Work on complaints and promises, write to customers, let a day pass over old grievances. Changes the state.

    The company does not know who has left, so none of this depends on it.
    """
    work_on_complaints(state, day, generator, record)
    keep_promises(people, state, day, generator, record)
    write(state, day, generator, record)
    state.fade()
