"""Why customers leave: the hazard of one day."""

from datetime import date

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.calendar import leaving_season
from pipelines.simulate.population import People
from pipelines.simulate.state import Floats, State

SENSITIVITY = np.array(list(p.SEGMENT_SENSITIVITY.values()))


def leaving_hazard(people: People, state: State, day: int, on: date) -> Floats:
    """The probability, shape (customers,), that a living customer leaves at the start of `day`, the date `on`.

    It follows from the state at the end of the day before, hence from what is written in the tables, and from calls. A
    call helps those who are annoyed, the more the angrier they are; to the others it does nothing.
    """
    complaint_age = np.where(state.complaint_open, day - state.complaint_opened, 0.0)
    annoyed = (
        SENSITIVITY[people.segment] * state.grievance
        + p.OPEN_COMPLAINT * np.minimum(complaint_age / p.OPEN_COMPLAINT_FULL_DAYS, 1.0)
        + p.OVERDUE_PROMISE * state.promise_overdue
    )
    called = day - state.called < p.CALL_LASTS
    felt = (
        np.where(called, np.minimum(annoyed, (1 - p.CALL_RELIEF) * annoyed), annoyed)
        + p.NO_TIE
        + (p.FULL_TIE - p.NO_TIE) * np.minimum(state.tie, 1.0)
        + p.CONTRACT * people.has_contract
        + p.MEMBER * state.member
        + leaving_season(on)
    )
    return np.minimum(p.BASE_HAZARD * np.exp(felt), p.HIGHEST_HAZARD)
