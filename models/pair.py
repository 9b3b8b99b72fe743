"""Churn, its timing and value trained together on one labelled matrix, and the figures they score a cohort with."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

import lightgbm as lgb
import polars as pl

from configs.modelling import Churn, Training
from features.matrix import KEYS
from models.calibrate import Calibrator, calibrate
from models.churn import ChurnModel, Shape, decide_shape, train_churn
from models.clv import ClvModel, train_clv, with_coverage, with_spread
from models.metrics import Floats
from models.splits import apart
from models.timing import Timing, train_timing
from models.whole_history import holds_whole_history

LABELS = ["churned", "value", "event_days"]


def features_only(matrix: pl.DataFrame) -> pl.DataFrame:
    """The feature columns of a matrix, without keys and labels."""
    return matrix.drop(KEYS, *LABELS, strict=False)


@dataclass(frozen=True)
class ModelPair:
    """A churn model with its calibrator and timing, and a value model over the same features."""

    churn: ChurnModel
    calibrator: Calibrator
    clv: ClvModel
    timing: Timing = Timing()

    @classmethod
    def train(
        cls, labelled: pl.DataFrame, cohort: pl.DataFrame, training: Training, embargo_days: int, churn: Churn
    ) -> Self:
        """Train on `labelled` (a matrix with LABELS), for the day of `cohort` and the weeks after it.

        `cohort` is the unlabelled matrix of one cutoff, whose expected share of leavers sets the level. Rounds, weights
        and the spread of values are decided on the latest labelled cutoff, by models of cutoffs whose horizons
        (`embargo_days`) were over before it, or of other customers where there are none; then everything is learned
        again from all of them. `churn` says what leaving meant, and for which further horizons it is told.
        """
        pair = cls._decided(labelled, cohort, training, embargo_days)
        probability, amount = pair._figures(cohort)
        rows = labelled.select("cutoff", *LABELS)
        timing = train_timing(features_only(labelled), rows, cohort, probability, churn, training)
        return replace(pair, clv=with_coverage(pair.clv, amount, probability), timing=timing)

    @classmethod
    def _decided(cls, labelled: pl.DataFrame, cohort: pl.DataFrame, training: Training, embargo_days: int) -> Self:
        before, trial = _trial(labelled, embargo_days)
        lifetime = holds_whole_history(labelled, training.lookback_days, embargo_days)
        if min(before["churned"].n_unique(), trial["churned"].n_unique()) < 2:  # too little to decide anything
            pair = cls._fit(labelled, cohort, training, Shape(training.rounds // 2), lifetime)
            return pair._with_spread(labelled.filter(pl.col("churned") == 0))
        earlier = cls._fit(before, trial, training, Shape(training.rounds), lifetime)
        shape = decide_shape(earlier.churn, features_only(trial), trial["churned"])
        spread = earlier._with_spread(trial.filter(pl.col("churned") == 0)).clv.spread
        pair = cls._fit(labelled, cohort, training, shape, lifetime)
        return replace(pair, clv=replace(pair.clv, spread=spread))

    @classmethod
    def _fit(
        cls, labelled: pl.DataFrame, cohort: pl.DataFrame, training: Training, shape: Shape, lifetime: bool
    ) -> Self:
        features, here = features_only(labelled), features_only(cohort)
        churn = train_churn(features, labelled["churned"], labelled["cutoff"], training, shape)
        calibrator = calibrate(churn.raw_score(here), cohort, labelled, training.lookback_days, lifetime)
        clv = train_clv(features, labelled.select("cutoff", *LABELS), cohort, training)
        return cls(churn, calibrator, clv)

    def _with_spread(self, stayed: pl.DataFrame) -> Self:
        probability, amount = self._figures(stayed)
        return replace(self, clv=with_spread(self.clv, amount, probability, stayed["value"].to_numpy()))

    def _churn_probability(self, features: pl.DataFrame, cutoffs: pl.Series) -> Floats:
        return self.calibrator.probability(self.churn.raw_score(features), cutoffs)

    @classmethod
    def restore(cls, churn: lgb.Booster, clv: lgb.Booster, recipe: dict[str, Any]) -> Self:
        """The pair made of registered Boosters and what `recipe()` gave."""
        return cls(
            ChurnModel.restore(churn, recipe["churn"]),
            Calibrator.restore(recipe["calibrator"]),
            ClvModel.restore(clv, recipe["clv"]),
            Timing.restore(recipe["timing"]),
        )

    def recipe(self) -> dict[str, Any]:
        """What, beside the Boosters, makes up the pair, as plain JSON values."""
        return {
            "churn": self.churn.recipe(),
            "calibrator": self.calibrator.recipe(),
            "clv": self.clv.recipe(),
            "timing": self.timing.recipe(),
        }

    def score(self, matrix: pl.DataFrame) -> pl.DataFrame:
        """Keys of `matrix` with the figures of each row as of its cutoff, all Float64.

        churn_probability, churn_probability_<d>d of each further horizon (see `models.timing`), predicted_clv with the
        ends of its 80 % interval (_low, _high), value_if_retained and value_at_risk.
        """
        features, cutoffs = features_only(matrix), matrix["cutoff"]
        probability, amount = self._figures(matrix)
        retained = self.clv.value_if_retained(amount, probability)
        low, high = self.clv.interval(amount, probability)
        return matrix.select(KEYS).with_columns(
            churn_probability=probability,
            **self.timing.probabilities(probability, features, cutoffs),
            predicted_clv=self.clv.predicted_clv(amount, probability),
            predicted_clv_low=low,
            predicted_clv_high=high,
            value_if_retained=retained,
            value_at_risk=probability * retained,
        )

    def without_level(self, matrix: pl.DataFrame) -> pl.DataFrame:
        """What ranks the rows of `matrix`, the level of any day left out, so that days can be compared (Float64).

        score_of_leaving: log-odds, above whatever the day adds; amount_expected: currency units, as on the first day.
        """
        features = features_only(matrix)
        first = pl.Series([self.clv.first_day] * matrix.height, dtype=pl.Date)
        return pl.DataFrame(
            {
                "score_of_leaving": self.churn.raw_score(features),
                "amount_expected": self.clv.amount(features, first),
            }
        )

    def _figures(self, matrix: pl.DataFrame) -> tuple[Floats, Floats]:
        """Churn probability of each row as of its cutoff, and the amount that the value model expects."""
        features, cutoffs = features_only(matrix), matrix["cutoff"]
        return self._churn_probability(features, cutoffs), self.clv.amount(features, cutoffs)


def _trial(labelled: pl.DataFrame, embargo_days: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows to learn from, and rows of the latest cutoff to decide by."""
    latest = labelled["cutoff"].max()
    before = labelled.filter(pl.col("cutoff") + timedelta(days=embargo_days) <= latest)
    trial = labelled.filter(pl.col("cutoff") == latest)
    return apart(labelled, trial) if before["churned"].n_unique() < 2 else (before, trial)
