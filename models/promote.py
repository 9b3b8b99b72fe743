"""Whether a model may serve, and the grade it carries wherever its scores are shown."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from configs.errors import ModelError
from models.metrics import Floats, auc, bootstrap_interval

Grade = Literal["A", "B", "C"]


@dataclass(frozen=True)
class Judgement:
    """Grade against the best opponent, with the difference in AUC and its 95 % interval over customers."""

    grade: Grade
    opponent: str
    difference: float
    low: float
    high: float


def judge(churned: Floats, model: Floats, opponents: dict[str, Floats], seed: int) -> Judgement:
    """Compare scores of the same customers by a paired bootstrap with the opponent that has the highest AUC.

    A: ahead beyond noise (the interval lies above 0); C: behind beyond noise; B: level.
    """
    best = max(opponents, key=lambda name: auc(churned, opponents[name]))
    rival = opponents[best]

    def difference(rows: np.ndarray) -> float:
        drawn = churned[rows]
        return auc(drawn, model[rows]) - auc(drawn, rival[rows])

    low, high = bootstrap_interval(difference, len(churned), seed)
    grade: Grade = "A" if low > 0 else "C" if high < 0 else "B"
    return Judgement(grade, best, auc(churned, model) - auc(churned, rival), low, high)


def refuse_too_few(churned: Floats, at_least: int, where: str) -> None:
    """Raise ModelError unless `churned` holds `at_least` leavers and as many stayers."""
    leavers, stayers = int(churned.sum()), int(len(churned) - churned.sum())
    if min(leavers, stayers) < at_least:
        raise ModelError(
            f"too little to learn from in the {where} cutoffs: {leavers:,} rows of leavers and {stayers:,} of stayers, "
            f"at least {at_least} of each are needed. Give more history, or a longer churn.horizon_days."
        )


def refuse_impossible(scores: pl.DataFrame) -> None:
    """Raise ModelError for a night's scores (`ModelPair.score`) that no customer can have: figures that are missing or
    not finite, and chances of leaving below 0 or above 1."""
    figures = [name for name, dtype in scores.schema.items() if dtype.is_float()]
    chances = [name for name in figures if name.startswith("churn_probability")]
    known = pl.all_horizontal(pl.col(figures).is_finite().fill_null(False))
    possible = pl.all_horizontal(pl.col(chances).is_between(0, 1).fill_null(False))
    wrong = scores.filter(~(known & possible))
    if wrong.height:
        ids = ", ".join(wrong["customer_id"].head(3))
        raise ModelError(
            f"the champion gives {wrong.height:,} of {scores.height:,} customers figures that cannot be (customer_id "
            f"{ids}). Check the amounts in the transactions, or go back to an earlier model by `holdfast rollback`."
        )


def refuse_insane(churned: Floats, probability: Floats, value_if_retained: Floats) -> None:
    """Raise ModelError for out-of-time scores that no ranking better than chance, or no finite number, could give."""
    if not (np.isfinite(probability).all() and np.isfinite(value_if_retained).all()):
        raise ModelError("the model gives scores that are not finite. Check the amounts in the transactions.")
    if np.ptp(probability) == 0:
        raise ModelError("the model gives everybody the same probability. Check that the features vary.")
    found = auc(churned, probability)
    if found <= 0.5:
        raise ModelError(
            f"the model ranks no better than chance out of time (AUC {found:.3f}). Check the churn definition and "
            "that customer ids in all tables are the same."
        )
