"""Customer lifetime value as a hurdle: stay or leave, and what a customer who stays brings.

With p the probability of churn: predicted_clv = (1 - p) x value_if_retained + p x value_if_lost, and
value_at_risk = p x value_if_retained. The interval is a quantile range of the same mixture, with the spread of values
about their prediction as it was found out of time (split conformal prediction, Vovk 2005, within groups of customers of
like value).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import polars as pl

from configs.errors import ModelError
from configs.settings import Training
from models.boosting import fit, predict
from models.calibrate import weeks_from
from models.metrics import Floats
from models.reference import bought_within, expected_values

TAIL_QUANTILE = 0.999
COVERAGE = 0.8
GROUPS, GRID = 10, np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Spread:
    """Values of those who stay over their prediction: quantiles (at 0, 0.01 .. 1) for each group of like predictions.

    `edges`: the predictions at which the next group begins, one fewer than groups.
    """

    edges: Sequence[float]
    quantiles: Sequence[Sequence[float]]

    def at(self, share: Floats, value_if_retained: Floats) -> Floats:
        """The value below which this share of customers with this prediction stay, in currency units."""
        group = np.searchsorted(np.asarray(self.edges), value_if_retained, side="right")
        place = share * (len(GRID) - 1)
        lower = np.floor(place).astype(int)
        table = np.asarray(self.quantiles)
        part, upper = place - lower, np.minimum(lower + 1, len(GRID) - 1)
        return value_if_retained * (table[group, lower] * (1 - part) + table[group, upper] * part)


@dataclass(frozen=True)
class ClvModel:
    """Value over the CLV horizon, in currency units: a regressor for those who stay, a mean for those who leave.

    `levels`: what to add to the regressor's logarithms on the first day and each week after it. `value_if_lost` is
    about 0 where both horizons are the same (returns and cost to serve remain), and more where value is counted for
    longer than the churn horizon; `usual_if_lost` is the median beside that mean.
    """

    retained: lgb.Booster
    first_day: date
    levels: Sequence[float]
    value_if_lost: float
    usual_if_lost: float
    spread: Spread

    def value_if_retained(self, features: pl.DataFrame, cutoffs: pl.Series) -> Floats:
        """Expected value of each row as of its cutoff (Date), given that the customer stays; never negative."""
        weeks = (cutoffs - self.first_day).dt.total_days().to_numpy() / 7
        return np.exp(predict(self.retained, features) + np.interp(weeks, np.arange(len(self.levels)), self.levels))

    def predicted_clv(self, churn_probability: Floats, value_if_retained: Floats) -> Floats:
        """Unconditional expected value."""
        return (1 - churn_probability) * value_if_retained + churn_probability * self.value_if_lost

    def interval(self, churn_probability: Floats, value_if_retained: Floats) -> tuple[Floats, Floats]:
        """The 80 % interval of the unconditional value: those who leave stand at `usual_if_lost`.

        It begins there once that holds a tenth of the chances, and leaves out a tenth at each end otherwise.
        """
        tail = np.where(churn_probability >= (1 - COVERAGE) / 2, 0.0, (1 - COVERAGE) / 2)
        low = self._quantile(tail, churn_probability, value_if_retained)
        high = self._quantile(tail + COVERAGE, churn_probability, value_if_retained)
        return low, np.maximum(low, high)  # not all who stay are worth more where those who leave come back

    def _quantile(self, share: Floats, churn_probability: Floats, value_if_retained: Floats) -> Floats:
        """The quantile of the mixture, taking who leaves as worth less than all who stay."""
        among_stayers = np.clip((share - churn_probability) / np.maximum(1 - churn_probability, 1e-9), 0, 1)
        staying = self.spread.at(among_stayers, value_if_retained)
        return np.where(share < churn_probability, self.usual_if_lost, staying)

    def recipe(self) -> dict[str, Any]:
        """Everything but the regressor, as plain JSON values."""
        return {
            "first_day": self.first_day.isoformat(),
            "levels": list(self.levels),
            "value_if_lost": self.value_if_lost,
            "usual_if_lost": self.usual_if_lost,
            "spread": asdict(self.spread),
        }

    @classmethod
    def restore(cls, retained: lgb.Booster, recipe: dict[str, Any]) -> Self:
        """The model of a registered regressor and what `recipe()` gave."""
        first = date.fromisoformat(recipe["first_day"])
        lost = recipe["value_if_lost"], recipe["usual_if_lost"]
        return cls(retained, first, recipe["levels"], *lost, Spread(**recipe["spread"]))


def train_clv(features: pl.DataFrame, rows: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> ClvModel:
    """Tweedie regression (Joergensen 1987; variance power 1.5) of the value of those who stayed, for use from the day
    of `cohort` (a matrix of one cutoff) on.

    `rows`: cutoff (Date), churned and value of each row of `features`. Tweedie's distribution allows exact zeros and a
    heavy tail. Values below 0 (returns beyond sales) count as 0 and those above the 99.9 % quantile as that quantile:
    single huge orders would otherwise set the level for everybody; what that takes off all values together is put back
    on all alike. The regressor learns on top of each cutoff's mean, and the level comes from `models.reference`.
    """
    stayed = rows["churned"] == 0
    staying, lost = rows.filter(stayed), rows.filter(~stayed)["value"].to_numpy()
    values = staying["value"].to_numpy()
    if not (values > 0).any():
        raise ModelError("no customer who stayed was worth anything: check the signs of amounts, costs and returns.")
    tamed = values.clip(0, np.quantile(values, TAIL_QUANTILE, method="lower"))
    staying, here = staying.with_columns(tamed=tamed), features.filter(stayed)
    mean = staying.select(pl.col("tamed").mean().over("cutoff")).to_series().to_numpy()
    base = np.log(np.maximum(mean, 1e-3 * tamed.mean()))
    retained = fit(here, staying["tamed"], training, None, base, objective="tweedie", tweedie_variance_power=1.5)

    day = cohort["cutoff"][0]
    recent = bought_within(training.lookback_days)
    lately = pl.concat([here, staying], how="horizontal").filter(recent)
    customers = cohort.filter(recent)
    worth = lately["tamed"].to_numpy()
    expected = expected_values(customers, lately, worth, training.lookback_days, weeks_from(day))
    if expected is None:  # nobody bought lately: the mean of all cutoffs
        expected, customers = np.array([tamed.sum()] * len(weeks_from(day))), here
    predicted = np.exp(predict(retained, customers.select(features.columns))).sum()
    levels = np.log(expected / predicted * max(values.sum() / tamed.sum(), 1.0))
    everyone = Spread([], [np.ones(len(GRID)).tolist()])
    if_lost = (float(lost.mean()), float(np.median(lost))) if len(lost) else (0.0, 0.0)
    return ClvModel(retained, day, levels.tolist(), *if_lost, everyone)


def find_spread(predicted: Floats, value: Floats) -> Spread:
    """How values of customers who stayed spread about their prediction, both 1-D, out of time.

    The level is taken out: whether a season was good or bad says nothing of how customers differ.
    """
    ratio = value / np.maximum(predicted, 1e-9) * (predicted.sum() / max(value.sum(), 1e-9))
    groups = np.array_split(np.argsort(predicted, kind="stable"), max(1, min(GROUPS, len(predicted) // 50)))
    edges = [float(predicted[group[0]]) for group in groups[1:]]
    return Spread(edges, [np.quantile(ratio[group], GRID).tolist() for group in groups])
