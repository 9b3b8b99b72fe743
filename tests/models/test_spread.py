import numpy as np
import pytest

from models.metrics import coverage
from models.spread import Spread, always, find_spread, interval, share_inside

# Middles of a hundred equal parts of 0..10.
EVEN = (np.arange(100) + 0.5) / 10
NOTHING = np.zeros(100)


def ends(probability: list[float], if_retained: np.ndarray, if_lost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = len(probability)
    return interval(np.array(probability), np.tile(if_retained, (rows, 1)), np.tile(if_lost, (rows, 1)))


def test_a_customer_has_the_figures_of_the_group_of_like_predictions() -> None:
    spread = Spread([10.0, 20.0], [[0.0] * 100, [1.0] * 100, [2.0] * 100], [0.5, 1.5, 2.5])
    predicted = np.array([9.9, 10.0, 19.9, 20.0, 1e6])
    assert spread.of(predicted)[:, 0].tolist() == [0, 1, 1, 2, 2]
    assert spread.of(predicted).shape == (5, 100)
    assert spread.mean(predicted).tolist() == [0.5, 1.5, 1.5, 2.5, 2.5]
    assert always(3.0).mean(predicted).tolist() == [3.0] * 5 and (always(3.0).of(predicted) == 3.0).all()


def test_the_spread_is_found_in_groups_of_like_predictions() -> None:
    random = np.random.default_rng(2)
    predicted = random.permutation(np.linspace(1, 2, 5000))
    figure = np.where(predicted < 1.5, random.uniform(0, 2, 5000), random.uniform(0.9, 1.1, 5000))
    found = find_spread(predicted, figure)
    assert found.edges == pytest.approx(np.arange(1.1, 1.95, 0.1), abs=0.001)
    wide, narrow = found.of(np.array([1.2, 1.8]))[:, [9, 90]]  # the tenth and the ninety-first of a hundred
    assert wide == pytest.approx([0.19, 1.81], abs=0.12)
    assert narrow == pytest.approx([0.919, 1.081], abs=0.03)
    assert found.mean(np.array([1.2, 1.8])) == pytest.approx([1.0, 1.0], abs=0.06)


@pytest.mark.parametrize(("rows", "groups"), [(30, 1), (160, 3), (5000, 10)])
def test_a_group_of_the_spread_holds_fifty_at_least(rows: int, groups: int) -> None:
    assert len(find_spread(np.arange(1.0, rows + 1), np.ones(rows)).likely) == groups


def test_intervals_by_hand_where_who_leaves_brings_nothing() -> None:
    low, high = ends([0.0, 0.05, 0.5, 0.9, 1.0], EVEN, NOTHING)
    # At 0.05 a tenth of all is the (0.1 - 0.05) / 0.95 of those who stay; from 0.1 on it begins with those who leave.
    assert low == pytest.approx([1.0, 10 * 0.05 / 0.95, 0.0, 0.0, 0.0], abs=0.06)
    assert high == pytest.approx([9.0, 10 * 0.85 / 0.95, 10 * 0.3 / 0.5, 0.0, 0.0], abs=0.06)
    assert low[2:].tolist() == [0.0, 0.0, 0.0]


def test_who_leaves_has_a_spread_too() -> None:
    cost = EVEN - 10  # to serve, from -10 to 0
    low, high = ends([1.0, 0.5], EVEN, cost)
    # Half of the customers are evenly between -10 and 0, half between 0 and 10: a tenth at either end is left out.
    assert low == pytest.approx([-9.0, -8.0], abs=0.06)
    assert high == pytest.approx([-1.0, 8.0], abs=0.06)


def test_ends_are_in_order_where_those_who_leave_come_back_for_more() -> None:
    """Value counted for a year, churn for a quarter."""
    low, high = ends(np.linspace(0, 1, 101).tolist(), EVEN, 3 * EVEN)
    assert (low <= high).all()
    assert (low[-1], high[-1]) == (pytest.approx(3.0, abs=0.16), pytest.approx(27.0, abs=0.16))


@pytest.mark.parametrize(
    ("leaving", "share"),
    [
        ([0.0, 0.3, 0.7], 0.8),
        ([0.9, 0.0, 0.3], 0.75),  # 0.9 are at 0 alone: (0.9 + 2 x 0.75) / 3 = 0.8
        ([0.9, 0.79, 0.3, 0.1], 0.75),  # 0.79 are at 0 alone, too, once less is asked for: (0.9 + 0.79 + 2 x 0.75) / 4
        ([0.95, 0.95, 0.95, 0.1], 0.7),  # 0.35 would be left for the last one
    ],
)
def test_intervals_hold_less_where_those_at_nothing_hold_more(leaving: list[float], share: float) -> None:
    staying, lost = np.tile(EVEN, (len(leaving), 1)), np.zeros((len(leaving), 100))
    assert share_inside(np.array(leaving), staying, lost) == pytest.approx(share)


def test_an_interval_holds_the_share_that_is_asked_for() -> None:
    low, high = interval(np.array([0.0]), EVEN[None], NOTHING[None], 0.6)
    assert (low, high) == (pytest.approx([2.0], abs=0.06), pytest.approx([8.0], abs=0.06))


@pytest.mark.parametrize(("least", "most"), [(0.0, 0.1), (0.1, 0.8), (0.0, 1.0), (0.9, 1.0)])
@pytest.mark.parametrize("cost", [0.0, 3.0])
def test_four_in_five_fall_into_their_interval(least: float, most: float, cost: float) -> None:
    def draw(seed: int) -> tuple[np.ndarray, ...]:
        random = np.random.default_rng(seed)
        predicted = random.lognormal(3.0, 1.0, 8000)
        value = predicted * random.gamma(1 + predicted / 50, 1 / (1 + predicted / 50))
        left = -cost * random.gamma(2.0, 1.0, 8000)
        return random.uniform(least, most, 8000), predicted, value, left, random.random(8000)

    _, predicted, value, left, _ = draw(seed=1)
    staying, leaving = find_spread(predicted, value / predicted), find_spread(predicted, left)
    probability, predicted, value, left, chance = draw(seed=2)
    if_retained, if_lost = predicted[:, None] * staying.of(predicted), leaving.of(predicted)
    low, high = interval(probability, if_retained, if_lost, share_inside(probability, if_retained, if_lost))
    inside = coverage(np.where(chance < probability, left, value), low, high)
    # Where who leaves brings exactly 0 and is more than 90 %, they are inside, and nobody else.
    assert inside == pytest.approx(probability.mean() if least == 0.9 and cost == 0 else 0.8, abs=0.015)
