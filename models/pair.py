"""Churn and value trained together on one labelled matrix, and the figures they score a cohort with."""

from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import polars as pl

from configs.settings import Training
from features.matrix import KEYS
from models.baselines import train_logistic
from models.boosting import predict
from models.calibrate import Calibrator, at_level
from models.churn import train_churn
from models.clv import ClvModel, train_clv

LABELS = ["churned", "value"]


def features_only(matrix: pl.DataFrame) -> pl.DataFrame:
    """The feature columns of a matrix, without keys and labels."""
    return matrix.drop(KEYS, *LABELS, strict=False)


@dataclass(frozen=True)
class ModelPair:
    """A churn model with its calibrator, and a value model over the same features."""

    churn: lgb.Booster
    calibrator: Calibrator
    clv: ClvModel

    @classmethod
    def train(cls, labelled: pl.DataFrame, cohort: pl.DataFrame, training: Training) -> Self:
        """Train on `labelled` (a matrix with `churned` and `value`), at the level of `cohort`.

        `cohort` is the unlabelled matrix of the day the model is made for: its expected share of leavers is estimated
        by a logistic regression without a calendar (see `models.calibrate`).
        """
        features, here = features_only(labelled), features_only(cohort)
        churn = train_churn(features, labelled["churned"], training)
        level = float(train_logistic(features, labelled["churned"]).probability(here).mean())
        calibrator = at_level(predict(churn, here, raw_score=True), level)
        return cls(churn, calibrator, train_clv(features, labelled["churned"], labelled["value"], training))

    @classmethod
    def restore(cls, churn: lgb.Booster, clv: lgb.Booster, recipe: dict[str, Any]) -> Self:
        """The pair made of registered Boosters and the numbers of `recipe()`."""
        return cls(churn, Calibrator(recipe["calibrator_shift"]), ClvModel(clv, recipe["value_if_lost"]))

    def recipe(self) -> dict[str, float]:
        """The numbers that, beside the Boosters, make up the pair."""
        return {"calibrator_shift": self.calibrator.shift, "value_if_lost": self.clv.value_if_lost}

    def score(self, matrix: pl.DataFrame) -> pl.DataFrame:
        """Keys of `matrix` with churn_probability, predicted_clv, value_if_retained and value_at_risk (Float64)."""
        features = features_only(matrix)
        probability = self.calibrator.probability(predict(self.churn, features, raw_score=True))
        retained = self.clv.value_if_retained(features)
        return matrix.select(KEYS).with_columns(
            churn_probability=probability,
            predicted_clv=self.clv.predicted_clv(probability, retained),
            value_if_retained=retained,
            value_at_risk=probability * retained,
        )
