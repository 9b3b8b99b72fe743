"""Whom acting helps most: two models, one of the treated and one of the controls, and how well they order customers.

Learned only from customers whose arm was drawn at random; the difference between the two predictions is the uplift.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import polars as pl
from scipy.special import expit

from configs.modelling import Training
from models.boosting import fit, predict
from models.effect import Flags
from models.metrics import Floats

EACH_ARM_AT_LEAST = 500  # customers; with fewer, two models of them are noise
FOLDS = 5
DRAWS, AT_ONCE = 400, 20
SHARES = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Uplift:
    """What the outcome is expected to be with and without acting; `binary`: it is 0 or 1."""

    treated: lgb.Booster
    control: lgb.Booster
    binary: bool

    @classmethod
    def train(cls, features: pl.DataFrame, outcome: pl.Series, treated: Flags, training: Training) -> "Uplift":
        """Learn from `features` (Float64 columns), the outcome and the arm (Boolean array) of randomised customers."""
        binary = outcome.cast(pl.Float64).is_in([0.0, 1.0]).all()
        objective = "binary" if binary else "regression"
        with_action, without = (
            fit(features.filter(arm), outcome.filter(arm), training, objective=objective) for arm in (treated, ~treated)
        )
        return cls(with_action, without, binary)

    def predict(self, features: pl.DataFrame) -> Floats:
        """Expected gain in the outcome by acting, one a row of `features`."""
        with_action, without = (predict(booster, features) for booster in (self.treated, self.control))
        return expit(with_action) - expit(without) if self.binary else with_action - without


def out_of_fold(
    features: pl.DataFrame, outcome: pl.Series, treated: Flags, customers: pl.Series, training: Training
) -> Floats:
    """The uplift of every row by models that have not seen its customer."""
    number = (customers.rank("dense") - 1).to_numpy().astype(np.int64)
    fold = np.random.default_rng(training.seed).integers(0, FOLDS, number.max() + 1)[number]
    found = np.empty(len(outcome))
    for number in range(FOLDS):
        here = fold == number
        model = Uplift.train(features.filter(~here), outcome.filter(~here), treated[~here], training)
        found[here] = model.predict(features.filter(here))
    return found


def qini(
    outcome: Floats, treated: Flags, orders: Mapping[str, Floats], seed: int, against: Sequence[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The Qini curve and coefficient of each order of the same customers, highest score first.

    At a share of the customers, the curve is what the treated among them gained over the controls among them, per
    treated customer of all: (R_t - R_c N_t / N_c) / N (Radcliffe 2007, "Using Control Groups to Target on Predicted
    Lift", sections 5 and 6). The coefficient is the area between the curve and the straight line of a random order.

    Returns the curves (share, "random" and a column an order) and the coefficients with 95 % intervals by a bootstrap
    over rows: order, qini, low, high, and for each order in `against` the difference to it, of the same draws.
    """
    curves = {name: _curve(outcome, treated, score, np.ones((1, len(outcome))))[0] for name, score in orders.items()}
    random = np.random.default_rng(seed)
    drawn: dict[str, list[Floats]] = {name: [] for name in orders}
    for _ in range(DRAWS // AT_ONCE):
        draws = random.multinomial(len(outcome), np.full(len(outcome), 1 / len(outcome)), AT_ONCE).astype(np.float64)
        for name, score in orders.items():
            drawn[name].append(_area(_curve(outcome, treated, score, draws)))
    areas = {name: np.concatenate([_area(curves[name][None]), *parts]) for name, parts in drawn.items()}
    rows = [(name, *_with_interval(area)) for name, area in areas.items()]
    for other in against:
        rows += [
            (f"{name} less {other}", *_with_interval(areas[name] - areas[other])) for name in orders if name != other
        ]
    total = next(iter(curves.values()))[-1]
    shown = pl.DataFrame({"share": SHARES, "random": SHARES * total, **curves})
    return shown, pl.DataFrame(rows, schema=["order", "qini", "low", "high"], orient="row")


def _curve(outcome: Floats, treated: Flags, score: Floats, weights: Floats) -> Floats:
    """The curve of each draw at `SHARES`, shape (draws, shares)."""
    order = np.argsort(-score, kind="stable")
    drawn, arm, gained = weights[:, order], treated[order], outcome[order]
    sums = [np.cumsum(drawn * part, axis=1) for part in (arm, ~arm, arm * gained, ~arm * gained)]
    taken = np.cumsum(drawn, axis=1)
    found = np.zeros((len(weights), len(SHARES)))
    for row, before in enumerate(taken):
        at = np.searchsorted(before, SHARES[1:] * before[-1] - 1e-9).clip(max=len(before) - 1)
        n_treated, n_control, r_treated, r_control = (part[row, at] for part in sums)
        found[row, 1:] = (r_treated - r_control * n_treated / np.maximum(n_control, 1)) / max(sums[0][row, -1], 1)
    return found


def _area(curves: Floats) -> Floats:
    """Mean distance of each curve from the straight line to its end, by trapezes."""
    return np.trapezoid(curves - curves[:, -1:] * SHARES, SHARES, axis=1)


def _with_interval(areas: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(areas[1:], [0.025, 0.975])
    return float(areas[0]), float(low), float(high)
