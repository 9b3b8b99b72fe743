"""What changes about each customer from day to day, but for being alive. All of it can be seen from outside."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate import parameters as p
from pipelines.simulate.population import People

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]  # positions of customers, each once


@dataclass(slots=True)
class State:
    """One array of shape (customers,) each. Times are days since the start of day 0, with fractions; NaN: never.

    A customer has at most one open complaint and one open promise at a time, so the state keeps its size.
    """

    last_purchase: Floats
    last_amount: Floats  # of that purchase, currency; 0 once it was returned
    complaint_opened: Floats  # of the latest complaint, and so on
    complaint_answered: Floats
    complaint_resolved: Floats
    complaint_reopened: Flags
    slowness: Floats  # how many times the usual delays a complaint takes
    promise_made: Floats  # of the open promise; NaN: none is open
    promise_due: Floats
    promise_overdue: Flags
    survey_sent: Floats  # of the latest survey that is not answered
    letter_sent: Floats  # of the latest letter that is not answered
    discount: Floats  # share of the list price
    member: Flags  # of the loyalty scheme
    points: Floats  # to spend
    points_earned: Floats  # ever
    no_contact: Flags
    no_profiling: Flags
    grievance: Floats  # fading sum of what annoyed and pleased
    tie: Floats  # fading number of two-way contacts
    called: Floats  # the day of the latest call by which the company tries to keep the customer

    def take(self, rows: Rows) -> "State":
        """A copy of the state at these positions, which may repeat."""
        return State(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def complaint_open(self) -> Flags:
        """Whether a complaint is opened and not resolved."""
        return ~np.isnan(self.complaint_opened) & np.isnan(self.complaint_resolved)

    def add_grievance(self, rows: Rows, cause: str, times: Floats | Flags | float = 1.0) -> None:
        """Something of this cause (a key of GRIEVANCE) happened, `times` each, to the customers at `rows`."""
        self.grievance[rows] = np.clip(self.grievance[rows] + times * p.GRIEVANCE[cause], *p.GRIEVANCE_LIMITS)

    def judge(self, rows: Rows, share_of_highest: Floats) -> None:
        """The customers at `rows` gave a score: a low one goes with thoughts of leaving, a high one of staying."""
        self.add_grievance(rows, "low_score", share_of_highest <= p.LOW_SCORE)
        self.add_grievance(rows, "high_score", share_of_highest > p.HIGH_SCORE)

    def fade(self) -> None:
        """One day passes over old grievances and contacts."""
        self.grievance *= 0.5 ** (1 / p.GRIEVANCE_HALF_LIFE)
        self.tie *= 0.5 ** (1 / p.TIE_HALF_LIFE)


def initial_state(people: People, generator: np.random.Generator) -> State:
    """The state at the start of day 0: those who signed up before have already bought, nobody has complained."""
    customers = len(people.joined)
    since_purchase = np.minimum(generator.exponential(1 / people.purchase_rate), 0.5 - people.joined)

    def never() -> Floats:
        return np.full(customers, np.nan)

    def no() -> Flags:
        return np.zeros(customers, dtype=bool)

    return State(
        last_purchase=np.where(people.joined < 0, -since_purchase, np.nan),
        last_amount=np.zeros(customers),
        complaint_opened=never(),
        complaint_answered=never(),
        complaint_resolved=never(),
        complaint_reopened=no(),
        slowness=np.ones(customers),
        promise_made=never(),
        promise_due=never(),
        promise_overdue=no(),
        survey_sent=never(),
        letter_sent=never(),
        discount=p.DISCOUNT_SHARE * (generator.random(customers) < p.SHARE_WITH_DISCOUNT),
        member=no(),
        points=np.zeros(customers),
        points_earned=np.zeros(customers),
        no_contact=no(),
        no_profiling=no(),
        grievance=np.zeros(customers),
        tie=np.zeros(customers),
        called=never(),
    )
