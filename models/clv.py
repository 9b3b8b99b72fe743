"""Customer lifetime value as a hurdle: stay or leave, and what a customer who stays brings.

With p the probability of churn: predicted_clv = (1 - p) x value_if_retained + p x value_if_lost, and
value_at_risk = p x value_if_retained.
"""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import polars as pl

from configs.errors import ModelError
from configs.settings import Training
from models.boosting import fit, predict
from models.metrics import Floats

TAIL_QUANTILE = 0.999


@dataclass(frozen=True)
class ClvModel:
    """Value over the CLV horizon, in currency units: a regressor for those who stay, a mean for those who leave.

    `value_if_lost` is about 0 where both horizons are the same (returns and cost to serve remain), and more where
    value is counted for longer than the churn horizon.
    """

    retained: lgb.Booster
    value_if_lost: float

    def value_if_retained(self, features: pl.DataFrame) -> Floats:
        """Expected value of each row, given that the customer stays; never negative."""
        return predict(self.retained, features)

    def predicted_clv(self, churn_probability: Floats, value_if_retained: Floats) -> Floats:
        """Unconditional expected value."""
        return (1 - churn_probability) * value_if_retained + churn_probability * self.value_if_lost


def train_clv(features: pl.DataFrame, churned: pl.Series, value: pl.Series, training: Training) -> ClvModel:
    """Tweedie regression (Joergensen 1987; variance power 1.5) of the value of those who stayed.

    Its distribution allows exact zeros and a heavy tail. Values below 0 (returns beyond sales) count as 0 and those
    above the 99.9 % quantile as that quantile: single huge orders would otherwise set the level for everybody.
    """
    stayed = churned == 0
    values, lost = value.filter(stayed).to_numpy(), value.filter(~stayed).to_numpy()
    if not (values > 0).any():
        raise ModelError("no customer who stayed was worth anything: check the signs of amounts, costs and returns.")
    tamed = pl.Series(values.clip(0, np.quantile(values, TAIL_QUANTILE, method="lower")))
    retained = fit(features.filter(stayed), tamed, training, objective="tweedie", tweedie_variance_power=1.5)
    return ClvModel(retained, float(lost.mean()) if len(lost) else 0.0)
