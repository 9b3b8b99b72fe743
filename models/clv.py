"""Customer lifetime value as a hurdle: stay or leave, and what a customer brings who does either.

With p the probability of churn: predicted_clv = (1 - p) x value_if_retained + p x value_if_lost, and
value_at_risk = p x value_if_retained. `models.spread` gives the interval.

Three ways to learn value (`training.value_model`), compared by `holdfast backtest --compare-value`:
- hurdle: Tweedie regression (Joergensen 1987; variance power 1.5) of those who stayed. It allows exact zeros and a
  heavy tail.
- tweedie: the same of everybody, so that p x value_if_lost is in it already.
- lognormal: least squares on logarithms of those who stayed; with p, a zero-inflated lognormal (Wang, Liu and Miao
  2019). exp(sigma^2 / 2), of one sigma for all, is part of the level.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import polars as pl

from configs.errors import ModelError
from configs.modelling import Training, ValueModel
from models.boosting import fit, predict
from models.calibrate import weeks_from
from models.metrics import Floats
from models.reference import bought_within, expected_values
from models.spread import COVERAGE, ROWS_AT_ONCE, ROWS_ENOUGH, Spread, always, find_spread, interval, share_inside

TWEEDIE = {"objective": "tweedie", "tweedie_variance_power": 1.5}
LEAST_SHARE = 0.01  # of the mean: what counts as nothing in logarithms
LEAST_STAYING = 0.1  # chance of staying below which what everybody brings tells little of those who stay


@dataclass(frozen=True)
class ClvModel:
    """Value over the CLV horizon, in currency units.

    `amount`, by trees, is what a customer who stays is expected to bring, or, where `value_model` is "tweedie", what a
    customer is. `levels`: what to add to their logarithms on the first day and each week after it. `lost`: values of
    those who left, by amount: about 0 where both horizons are the same (returns and cost to serve remain), and more
    where value is counted for longer than the churn horizon. `spread`: values of those who stayed over
    `value_if_retained`, by amount. `inside`: the share that an interval is made to hold, see `models.spread`.
    """

    value_model: ValueModel
    trees: lgb.Booster
    first_day: date
    levels: Sequence[float]
    lost: Spread
    spread: Spread
    inside: float = COVERAGE

    def amount(self, features: pl.DataFrame, cutoffs: pl.Series) -> Floats:
        """What the trees expect of each row as of its cutoff (Date); never negative."""
        weeks = (cutoffs - self.first_day).dt.total_days().to_numpy() / 7
        return np.exp(predict(self.trees, features) + np.interp(weeks, np.arange(len(self.levels)), self.levels))

    def value_if_retained(self, amount: Floats, churn_probability: Floats) -> Floats:
        """Expected value given that the customer stays; never negative."""
        if self.value_model != "tweedie":
            return amount
        of_stayers = np.maximum(amount - churn_probability * self.lost.mean(amount), 0.0)
        return of_stayers / np.maximum(1 - churn_probability, LEAST_STAYING)

    def predicted_clv(self, amount: Floats, churn_probability: Floats) -> Floats:
        """Unconditional expected value."""
        retained = self.value_if_retained(amount, churn_probability)
        return (1 - churn_probability) * retained + churn_probability * self.lost.mean(amount)

    def interval(self, amount: Floats, churn_probability: Floats) -> tuple[Floats, Floats]:
        """The interval of the unconditional value that holds it for 80 % of all customers."""
        low, high = np.empty_like(amount), np.empty_like(amount)
        for start in range(0, len(amount), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            staying, leaving = self.likely(amount[rows], churn_probability[rows])
            low[rows], high[rows] = interval(churn_probability[rows], staying, leaving, self.inside)
        return low, high

    def likely(self, amount: Floats, churn_probability: Floats) -> tuple[Floats, Floats]:
        """A hundred equally likely values of each row, shape (rows, 100): if the customer stays, and if not."""
        retained = self.value_if_retained(amount, churn_probability)
        return retained[:, None] * self.spread.of(amount), self.lost.of(amount)

    def recipe(self) -> dict[str, Any]:
        """Everything but the trees, as plain JSON values."""
        return {
            "value_model": self.value_model,
            "first_day": self.first_day.isoformat(),
            "levels": list(self.levels),
            "lost": asdict(self.lost),
            "spread": asdict(self.spread),
            "inside": self.inside,
        }

    @classmethod
    def restore(cls, trees: lgb.Booster, recipe: dict[str, Any]) -> Self:
        """The model of registered trees and what `recipe()` gave."""
        first = date.fromisoformat(recipe["first_day"])
        spreads = Spread(**recipe["lost"]), Spread(**recipe["spread"])
        # A model that was registered before `inside` was decided holds 80 % of each customer's figures.
        return cls(recipe["value_model"], trees, first, recipe["levels"], *spreads, recipe.get("inside", COVERAGE))


def train_clv(features: pl.DataFrame, rows: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> ClvModel:
    """Learn value, for use from the day of `cohort` (a matrix of one cutoff) on.

    `rows`: cutoff (Date), churned and value of each row of `features`. Values below 0 (returns beyond sales) count as 0
    and those beyond `tail_limit` as that limit: single huge orders would otherwise set the level for everybody. The
    total gets both back, of each value no more than twice the limit. Trees learn on top of each cutoff's mean, and the
    level comes from `models.reference`. How stayers spread is left to `with_spread`, which needs other rows.
    """
    stayed = rows["churned"] == 0
    everybody = training.value_model == "tweedie"
    known, here = (rows, features) if everybody else (rows.filter(stayed), features.filter(stayed))
    values = known["value"].to_numpy()
    if not (values > 0).any():
        raise ModelError("no customer who stayed was worth anything: check the signs of amounts, costs and returns.")
    limit = tail_limit(values)
    known = known.with_columns(tamed=values.clip(0, limit))
    tamed = known["tamed"].to_numpy()
    trees = _fit(here, known, training)

    day = cohort["cutoff"][0]
    recent = bought_within(training.lookback_days)
    lately = pl.concat([here, known], how="horizontal").filter(recent)
    customers = cohort.filter(recent)
    worth = lately["tamed"].to_numpy()
    expected = expected_values(customers, lately, worth, training.lookback_days, weeks_from(day))
    if expected is None:  # nobody bought lately: the mean of all cutoffs
        expected, customers = np.array([tamed.sum()] * len(weeks_from(day))), here
    predicted = np.exp(predict(trees, customers.select(features.columns))).sum()
    put_back = max(values.clip(-2 * limit, 2 * limit).sum() / tamed.sum(), LEAST_SHARE)
    levels = np.log(expected / predicted * put_back).tolist()
    model = ClvModel(training.value_model, trees, day, levels, always(0.0), always(1.0))
    left, theirs = rows.filter(~stayed), features.filter(~stayed)
    if not left.height:
        return model
    amount = model.amount(theirs, pl.Series([day] * left.height))
    return replace(model, lost=find_spread(amount, left["value"].to_numpy().clip(-limit, limit)))


def _fit(features: pl.DataFrame, known: pl.DataFrame, training: Training) -> lgb.Booster:
    """Trees for the `tamed` value of the rows of `known`, on top of the level of each cutoff."""
    least = LEAST_SHARE * float(known["tamed"].to_numpy().mean())
    if training.value_model != "lognormal":
        level = known.select(pl.col("tamed").mean().over("cutoff").clip(lower_bound=least).log()).to_series()
        return fit(features, known["tamed"], training, None, level.to_numpy(), **TWEEDIE)
    logarithm = known.select("cutoff", log=pl.col("tamed").clip(lower_bound=least).log())
    level = logarithm.select(pl.col("log").mean().over("cutoff")).to_series()
    return fit(features, logarithm["log"], training, None, level.to_numpy(), objective="regression")


def tail_limit(values: Floats) -> float:
    """The most that a value counts for, in learning: the 99.9 % quantile of those above 0.

    But no more than where a Pareto tail through the 80 % and the 98 % quantile has it: so one absurd order does not set
    the limit, even where its customer is one in a hundred.
    """
    usual, high, highest = np.quantile(values[values > 0], [0.8, 0.98, 0.999], method="lower")
    return float(min(highest, high * (high / usual) ** np.log10(0.02 / 0.001)))


def with_spread(model: ClvModel, amount: Floats, churn_probability: Floats, value: Floats) -> ClvModel:
    """`model` with the spread of the `value` of customers who stayed, best of a later day than its trees learned from.

    The level is taken out: whether a season was good or bad says nothing of how customers differ.
    """
    retained = model.value_if_retained(amount, churn_probability)
    ratio = value / np.maximum(retained, 1e-9) * (retained.sum() / max(value.sum(), 1e-9))
    return replace(model, spread=find_spread(amount, ratio))


def with_coverage(model: ClvModel, amount: Floats, churn_probability: Floats) -> ClvModel:
    """`model` with intervals made to hold the values of 80 % of customers like these: those it will score."""
    some = np.linspace(0, len(amount) - 1, min(len(amount), ROWS_ENOUGH)).astype(int)
    probability = churn_probability[some]
    return replace(model, inside=share_inside(probability, *model.likely(amount[some], probability)))
