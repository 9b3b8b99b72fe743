"""What may go wrong in the simulated company from a day on; by default nothing does."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.calendar import business_hour
from pipelines.simulate.event_log import Record
from pipelines.simulate.population import People
from pipelines.simulate.state import State


@dataclass(frozen=True, slots=True)
class Trouble:
    """The day on which prices rise for everybody, and the day from which complaints are dealt with late; None: never.

    The truth of an earlier cutoff knows of neither.
    """

    prices_rise_on: date | None = None
    complaints_late_from: date | None = None


def strike(
    trouble: Trouble, people: People, state: State, day: int, on: date, generator: np.random.Generator, record: Record
) -> People:
    """Change the state by what goes wrong on `day`, the date `on`; returns the people, with the prices they now pay.

    Who bought within a year, and may be written to, is told that prices rise; everybody is annoyed.
    """
    if on == trouble.prices_rise_on:
        people = replace(people, basket=people.basket * (1 + p.GENERAL_PRICE_RISE))
        told = np.flatnonzero((day - state.last_purchase < 365) & ~state.no_contact)
        record("price_change", told, time=business_hour(day, told, generator))
        state.add_grievance(np.arange(len(people.basket)), "general_price_rise")
    if on == trouble.complaints_late_from:
        state.slowness[:] = p.LATE_COMPLAINTS_TAKE
    return people
