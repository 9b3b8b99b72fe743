"""The hazard of leaving: every driver pushes the way it should, by the amount it should."""

from datetime import date

import numpy as np
import pytest

from pipelines.simulate import parameters as p
from pipelines.simulate.complaints import complain, work_on_complaints
from pipelines.simulate.event_log import record_nothing
from pipelines.simulate.leaving import leaving_hazard
from pipelines.simulate.population import People, draw_people
from pipelines.simulate.promises import keep_promises
from pipelines.simulate.state import State, initial_state

APRIL = date(2025, 4, 15)  # mid-season: a quarter of a year after mid-January


@pytest.fixture
def pair() -> tuple[People, State]:
    """Two customers who differ in nothing."""
    one = draw_people(1, 100, np.random.default_rng(5))
    people = one.take(np.zeros(2, dtype=np.int64))
    people.joined[:] = -1
    return people, initial_state(people, np.random.default_rng(5))


def ratio(people: People, state: State, day: int = 30) -> float:
    """How many times the hazard of the first customer the second one has."""
    first, second = leaving_hazard(people, state, day, APRIL)
    return float(second / first)


def test_an_open_complaint_weighs_more_the_older_it_is(pair):
    people, state = pair
    state.complaint_opened[1] = 25.0
    assert ratio(people, state, day=30) == pytest.approx(np.exp(1.3 * 0.5))  # 5 of 10 days
    assert 3 < ratio(people, state, day=50) < 4  # exp(1.3), fully grown
    state.complaint_answered[1], state.complaint_resolved[1] = 26.0, 45.0
    assert ratio(people, state, day=50) == pytest.approx(1.0)


def test_overdue_promises_and_missing_contact_raise_the_hazard(pair):
    people, state = pair
    state.promise_overdue[1] = True
    assert ratio(people, state) == pytest.approx(np.exp(p.OVERDUE_PROMISE))
    assert ratio(people, state) > 2
    state.promise_overdue[1] = False
    state.tie[0] = 1.0  # the first was in touch just now
    assert ratio(people, state) == pytest.approx(np.exp(p.NO_TIE - p.FULL_TIE))
    assert ratio(people, state) > 2


def test_grievances_add_up_and_fade_by_half_in_a_half_life(pair):
    people, state = pair
    people.segment[:] = list(p.SEGMENT_SENSITIVITY).index("trade")  # sensitivity 1
    state.add_grievance(np.array([1]), "broken_promise")
    state.add_grievance(np.array([1]), "high_score")
    both = p.GRIEVANCE["broken_promise"] + p.GRIEVANCE["high_score"]
    assert 0 < p.GRIEVANCE["broken_promise"] + 2 * p.GRIEVANCE["high_score"] < both < p.GRIEVANCE_LIMITS[1]
    assert ratio(people, state) == pytest.approx(np.exp(both))
    for _ in range(int(p.GRIEVANCE_HALF_LIFE)):
        state.fade()
    assert ratio(people, state) == pytest.approx(np.exp(both / 2))


def test_a_call_takes_away_what_annoys_for_a_while_and_does_nothing_else(pair):
    people, state = pair
    people.segment[:] = list(p.SEGMENT_SENSITIVITY).index("trade")  # sensitivity 1
    state.called[1] = 30.0
    assert ratio(people, state, day=30) == pytest.approx(1.0)  # nothing to take away
    state.grievance[:] = -1.0
    assert ratio(people, state, day=30) == pytest.approx(1.0)  # nor a good mood
    state.grievance[:], state.promise_overdue[:] = 2.0, True
    assert ratio(people, state, day=30) == pytest.approx(np.exp(-p.CALL_RELIEF * (2.0 + p.OVERDUE_PROMISE)))
    assert ratio(people, state, day=30 + p.CALL_LASTS - 1) < 0.5
    assert ratio(people, state, day=30 + p.CALL_LASTS) == pytest.approx(1.0)


def test_a_repeated_complaint_annoys_more_than_the_first(pair):
    people, state = pair
    state.complaint_opened[1], state.complaint_answered[1], state.complaint_resolved[1] = 1.0, 1.1, 2.0
    complain(state, np.array([0, 1]), 30, np.random.default_rng(1), record_nothing)
    first = p.GRIEVANCE["complaint"]
    assert state.grievance == pytest.approx([first, first + p.GRIEVANCE["repeated_complaint"]])
    assert state.grievance[1] > 2 * first


def test_a_late_answer_and_a_late_solution_annoy(pair):
    _, state = pair
    state.complaint_opened[:] = [-0.2, -400.0]  # the second is older than every delay: both come today, far too late
    work_on_complaints(state, 0, np.random.default_rng(1), record_nothing)
    assert state.complaint_answered[1] >= -400.0 + 1
    assert state.grievance[1] >= p.GRIEVANCE["late_response"] + min(0.0, p.GRIEVANCE["update"])
    assert state.grievance[0] == 0


def test_a_promise_not_kept_on_its_day_is_overdue_and_annoys_once(pair, monkeypatch):
    people, state = pair
    monkeypatch.setattr("pipelines.simulate.promises.KEPT_ON_TIME", np.zeros(4))
    monkeypatch.setattr(p, "LATE_PROMISE_KEPT_CHANCE", 0.0)
    state.promise_made[1], state.promise_due[1] = 1.5, 4.75
    generator = np.random.default_rng(1)
    keep_promises(people, state, 3, generator, record_nothing)
    assert not state.promise_overdue.any()
    for day in range(4, 8):
        keep_promises(people, state, day, generator, record_nothing)
    assert state.promise_overdue.tolist() == [False, True]
    assert state.grievance == pytest.approx([0.0, p.GRIEVANCE["broken_promise"]])
    keep_promises(people, state, 35, generator, record_nothing)  # more than 30 days after the due time: given up
    assert not state.promise_overdue.any() and np.isnan(state.promise_made).all()
