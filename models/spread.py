"""How values lie about what was predicted, and the 80 % interval that follows.

Split conformal prediction (Vovk, Gammerman and Shafer 2005) within groups of customers of like predictions: where
values of earlier customers lay tells where those of the next ones will. Who stays and who leaves have a table each, and
a customer's value comes from one or the other by the chance of leaving.

What is promised is coverage of all customers together. Of customers who leave almost surely and then bring nothing, 0
alone holds more than is asked for; so that together not too many are inside, the intervals of the others hold a little
less than 80 % (`share_inside`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.metrics import Floats

COVERAGE = 0.8
SHARES = np.arange(70, 81) / 100  # that the interval of one customer may be made to hold
PLACES = (np.arange(100) + 0.5) / 100  # the middles of a hundred equal shares
GROUPS, GROUP_ROWS = 10, 50
ROWS_ENOUGH = 4000  # to decide a share
ROWS_AT_ONCE = 20_000
ROUNDING = 1e-9


@dataclass(frozen=True)
class Spread:
    """A hundred equally likely figures, ascending, for each group of customers of like predictions, and their mean.

    `edges`: the predictions at which the next group begins, one fewer than groups.
    """

    edges: Sequence[float]
    likely: Sequence[Sequence[float]]
    means: Sequence[float]

    def of(self, predicted: Floats) -> Floats:
        """The figures likely for each of `predicted`, shape (rows, 100)."""
        return np.asarray(self.likely)[self._group(predicted)]

    def mean(self, predicted: Floats) -> Floats:
        """The figure expected for each of `predicted`."""
        return np.asarray(self.means)[self._group(predicted)]

    def _group(self, predicted: Floats) -> np.ndarray:
        return np.searchsorted(np.asarray(self.edges), predicted, side="right")


def find_spread(predicted: Floats, figure: Floats) -> Spread:
    """The spread of `figure` of customers by what was `predicted` of them, both 1-D, in up to ten groups."""
    groups = np.array_split(np.argsort(predicted, kind="stable"), max(1, min(GROUPS, len(predicted) // GROUP_ROWS)))
    edges = [float(predicted[group[0]]) for group in groups[1:]]
    likely = [np.quantile(figure[group], PLACES).tolist() for group in groups]
    return Spread(edges, likely, [float(figure[group].mean()) for group in groups])


def always(figure: float) -> Spread:
    """The spread of what is the same for everybody."""
    return Spread([], [[figure] * len(PLACES)], [figure])


def interval(
    churn_probability: Floats, if_retained: Floats, if_lost: Floats, share: float = COVERAGE
) -> tuple[Floats, Floats]:
    """Both ends of an interval of each row's value: `if_lost` by the chance of leaving, else `if_retained`.

    Both of shape (rows, 100), equally likely figures, of which the interval holds `share`. Half of the rest is left out
    below, or less where a value that many share lies there (0, of those who leave), and what remains of it above.
    """
    return _ends(*_mixed(churn_probability, if_retained, if_lost), share)


def share_inside(churn_probability: Floats, if_retained: Floats, if_lost: Floats) -> float:
    """The share that each interval must be made to hold for `COVERAGE` of all rows' values to be inside.

    Less where many intervals cannot but hold more, yet at least 0.7: who may well stay must not pay for all others.
    """
    values, weights = _mixed(churn_probability, if_retained, if_lost)

    def held(share: float) -> float:
        low, high = _ends(values, weights, share)
        alone = np.where(values == low[:, None], weights, 0.0).sum(axis=1)
        return float(np.where(low == high, alone, share).mean())

    return float(min(SHARES[::-1], key=lambda share: abs(held(share) - COVERAGE)))


def _mixed(churn_probability: Floats, if_retained: Floats, if_lost: Floats) -> tuple[Floats, Floats]:
    """All figures of each row in ascending order, and how likely each is."""
    values = np.hstack([if_lost, if_retained])
    weights = np.repeat(np.column_stack([churn_probability, 1 - churn_probability]), len(PLACES), axis=1) / len(PLACES)
    order = np.argsort(values, axis=1, kind="stable")
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(weights, order, axis=1)


def _ends(values: Floats, weights: Floats, share: float) -> tuple[Floats, Floats]:
    middle = np.cumsum(weights, axis=1) - weights / 2

    def reached(part: Floats) -> Floats:
        first = np.minimum((middle < part[:, None] - ROUNDING).sum(axis=1), values.shape[1] - 1)
        return np.take_along_axis(values, first[:, None], axis=1)[:, 0]

    low = reached(np.full(len(values), (1 - share) / 2))
    below = np.where(values < low[:, None], weights, 0.0).sum(axis=1)
    return low, reached(below + share)
