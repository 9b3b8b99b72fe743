"""A model against its opponents over many cutoffs: the same customers come again, so draws are of customers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.metrics import Floats, auc

DRAWS = 200
BEST = "best of each cutoff"
Figure = Callable[[Floats, Floats, Floats], float]  # of truth, score and weights of the rows of one cutoff


@dataclass(frozen=True)
class Scored:
    """One cutoff: `truth` and the scores of the same customers by the model and by each opponent."""

    customers: pl.Series
    truth: Floats
    model: Floats
    opponents: Mapping[str, Floats]


def compare(cutoffs: Sequence[Scored], figure: Figure, seed: int) -> pl.DataFrame:
    """By how much the model's figure is ahead, as a mean over the cutoffs: opponent, ahead, low, high (95 %).

    A row for each opponent that scored every cutoff, and the row "best of each cutoff": whichever opponent was best
    there, chosen with hindsight. Each draw weighs all rows of a customer alike.
    """
    everywhere = [name for name in cutoffs[0].opponents if all(name in one.opponents for one in cutoffs)]
    weights = draws([one.customers for one in cutoffs], seed)
    ones = [np.ones(len(one.truth)) for one in cutoffs]
    differences: dict[str, list[Floats]] = {name: [] for name in (BEST, *everywhere)}
    for position, one in enumerate(cutoffs):
        drawn = [ones[position], *(draw[position] for draw in weights)]
        found = {name: _figures(figure, one.truth, score, drawn) for name, score in one.opponents.items()}
        model = _figures(figure, one.truth, one.model, drawn)
        best = max(found, key=lambda name: found[name][0])
        for name, kept in differences.items():
            kept.append(model - found[best if name not in found else name])
    rows = []
    for name, kept in differences.items():
        mean = np.mean(kept, axis=0)
        low, high = np.nanquantile(mean[1:], [0.025, 0.975])
        rows.append((name, float(mean[0]), float(low), float(high)))
    return pl.DataFrame(rows, schema=["opponent", "ahead", "low", "high"], orient="row")


def auc_of(churned: Floats, score: Floats, weight: Floats) -> float:
    """Weighted AUC of scores of who leaves."""
    return auc(churned, score, weight)


def captured_of(value: Floats, predicted: Floats, weight: Floats, share: float = 0.2) -> float:
    """Value of the `share` of customers predicted most valuable, over that of the truly most valuable share."""

    def held(order: Floats) -> float:
        positions = np.argsort(-order, kind="stable")
        before = np.cumsum(weight[positions]) - weight[positions]
        taken = np.clip(share * weight.sum() - before, 0, weight[positions])
        return float((value[positions] * taken).sum())

    return held(predicted) / held(value)


def gini_of(value: Floats, predicted: Floats, weight: Floats) -> float:
    """Gini coefficient of value in the order predicted, over that in the true order: 1 ideal, 0 by chance."""

    def gini(order: Floats) -> float:
        positions = np.argsort(-order, kind="stable")
        drawn = weight[positions] / weight.sum()
        held = np.cumsum(value[positions] * weight[positions]) / (value * weight).sum()
        before = np.append(0.0, held[:-1])
        return float(((before + held) * drawn).sum() - 1)

    return gini(predicted) / gini(value)


def closeness_of(value: Floats, predicted: Floats, weight: Floats) -> float:
    """How near the total predicted is to the actual one: 0 exact, -0.1 about 10 % too high or too low."""
    totals = np.maximum([(predicted * weight).sum(), (value * weight).sum()], 1e-9)
    return -float(np.abs(np.log(totals[0] / totals[1])))


def draws(customers: Sequence[pl.Series], seed: int) -> list[list[Floats]]:
    """For each draw and cutoff, how often each of its customers was drawn, with replacement, of all customers.

    `customers`: of each cutoff, the customer of each row; all rows of a customer weigh alike.
    """
    everybody = pl.concat(customers).unique().sort()
    places = [everybody.search_sorted(here).to_numpy() for here in customers]
    random = np.random.default_rng(seed)
    count = len(everybody)
    drawn = (np.bincount(random.integers(0, count, count), minlength=count) for _ in range(DRAWS))
    return [[draw[place].astype(np.float64) for place in places] for draw in drawn]


def _figures(figure: Figure, truth: Floats, score: Floats, weights: Sequence[Floats]) -> Floats:
    return np.array([figure(truth, score, weight) for weight in weights])
