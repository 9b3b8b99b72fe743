"""The churn model: boosted trees, a linear model and a purchase model, weighed by what each proved out of time.

Their mistakes differ, and a sum of log-odds can still be explained feature by feature. On Online Retail II the three
together ranked better than each alone at every cutoff tried (AUC +0.003 over the trees). Trees and slopes are told the
share that left at each cutoff, so neither spends itself on explaining good and bad seasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import expit, logit

from configs.modelling import Training
from models.boosting import fit, predict
from models.linear import Linear, fit_linear
from models.metrics import Floats, auc

VISITS = "btyd__purchases_90d"  # expected by BG/NBD
FEWEST_VISITS = 0.05  # below, expectations differ by more than they mean
# Of trees, slopes and visits before anything is proved: what they came to on Online Retail II, rounded.
USUAL_WEIGHTS = (0.5, 0.4, 0.2)
HOLD_ROWS = 12  # how strongly weights keep to the usual ones: as if so many rows, for each unit squared, spoke for them
ROUNDS_STEP = 25
# Where the field is sure: a longer silence, by the days or by the customer's own habit, never speaks for loyalty.
NEVER_LOWER = {"rfm__recency_days", "rhythm__overdue_days", "rhythm__overdue_ratio", "rhythm__overdue_score"}


@dataclass(frozen=True)
class Shape:
    """What is decided out of time before a model learns from all cutoffs: boosting rounds, and weights of the parts."""

    rounds: int
    weights: Sequence[float] = USUAL_WEIGHTS


@dataclass(frozen=True)
class ChurnModel:
    """Raw score: weighted sum of the trees' and the slopes' log-odds and of the logarithm of the visits to come."""

    trees: lgb.Booster
    linear: Linear
    weights: Sequence[float]
    usual_visits: float  # mean logarithm of the visits expected where it learned

    def parts(self, features: pl.DataFrame) -> Floats:
        """Log-odds by trees, slopes and visits, shape (rows, 3)."""
        return np.column_stack([predict(self.trees, features), self.linear.score(features), self.visits(features)])

    def raw_score(self, features: pl.DataFrame) -> Floats:
        """Log-odds of each row up to a constant; only differences mean anything before `models.calibrate`."""
        return self.parts(features) @ np.asarray(self.weights)

    def visits(self, features: pl.DataFrame) -> Floats:
        """How much fewer visits are to come than usual, as a logarithm; 0 where the purchase model cannot tell."""
        return (self.usual_visits - _log_visits(features)).fill_null(0.0).to_numpy()

    def recipe(self) -> dict[str, Any]:
        """Everything but the trees, as plain JSON values."""
        return {
            "linear": self.linear.recipe(),
            "weights": list(self.weights),
            "usual_visits": self.usual_visits,
        }

    @classmethod
    def restore(cls, trees: lgb.Booster, recipe: dict[str, Any]) -> Self:
        """The model of registered trees and what `recipe()` gave."""
        return cls(trees, Linear.restore(recipe["linear"]), recipe["weights"], recipe["usual_visits"])


def train_churn(
    features: pl.DataFrame, churned: pl.Series, cutoffs: pl.Series, training: Training, shape: Shape
) -> ChurnModel:
    """Learn who leaves: `churned` (Int8 0/1) by Float64 `features` at `cutoffs` (Date), all of the same rows.

    No resampling: it would bend probabilities.
    """
    trees = train_trees(features, churned, cutoffs, training, shape.rounds)
    linear = fit_linear(features, churned, cutoffs, training.seed)
    known = _log_visits(features).drop_nulls().to_numpy()
    return ChurnModel(trees, linear, shape.weights, float(known.mean()) if len(known) else 0.0)


def train_trees(
    features: pl.DataFrame, churned: pl.Series, cutoffs: pl.Series, training: Training, rounds: int
) -> lgb.Booster:
    """The boosted trees alone, learned on top of the log-odds of each cutoff's share of leavers.

    All else equal, a higher value of a feature of `NEVER_LOWER` never lowers their score.
    """
    rows = pl.DataFrame({"cutoff": cutoffs, "churned": churned})
    share = rows.select(pl.col("churned").mean().over("cutoff")).to_series().to_numpy()
    base = logit(np.clip(share, 1e-3, 1 - 1e-3))
    silence = [int(name in NEVER_LOWER) for name in features.columns]
    return fit(features, churned, training, rounds, base, objective="binary", monotone_constraints=silence)


def decide_shape(model: ChurnModel, features: pl.DataFrame, churned: pl.Series) -> Shape:
    """Rounds and weights that serve best on a later cutoff than those that `model` learned from."""
    left = churned.to_numpy().astype(np.float64)
    steps = range(ROUNDS_STEP, model.trees.num_trees() + 1, ROUNDS_STEP)
    tried = {rounds: predict(model.trees, features, rounds) for rounds in (*steps, model.trees.num_trees())}
    rounds = max(tried, key=lambda rounds: auc(left, tried[rounds]))
    parts = np.column_stack([tried[rounds], model.linear.score(features), model.visits(features)])
    return Shape(rounds, _weights(parts, left))


def _weights(parts: Floats, churned: Floats) -> tuple[float, ...]:
    """Non-negative weights of logistic regression, held to the usual ones."""
    usual, hold = np.array(USUAL_WEIGHTS), HOLD_ROWS / len(churned)

    def loss(point: Floats) -> tuple[float, Floats]:
        weights, level = point[:-1], point[-1]
        raw_score = parts @ weights + level
        errors = (expit(raw_score) - churned) / len(churned)
        likelihood = np.mean(np.logaddexp(0, raw_score) - churned * raw_score)
        away = weights - usual
        return likelihood + hold * (away @ away), np.append(parts.T @ errors + 2 * hold * away, errors.sum())

    bounds = [(0.0, None)] * len(usual) + [(None, None)]
    found = minimize(loss, np.append(usual, 0.0), jac=True, bounds=bounds, method="L-BFGS-B").x
    return tuple(float(weight) for weight in found[:-1])


def _log_visits(features: pl.DataFrame) -> pl.Series:
    """Null for who never bought, and where no purchase model was fitted."""
    if VISITS not in features.columns:
        return pl.repeat(None, features.height, dtype=pl.Float64, eager=True)
    return features.select((pl.col(VISITS) + FEWEST_VISITS).log()).to_series()
