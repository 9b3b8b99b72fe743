"""Out-of-time figures of a model pair and of its opponents, on the same customers."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from models import metrics
from models.baselines import Opponents
from models.metrics import bootstrap_interval
from models.promote import Judgement, judge, refuse_insane
from models.timing import further_columns

MODEL = "model"
WITHIN = ("predicted", "happened", "calibration_error")  # figures of each further horizon
WHAT_IS_SEEN = "the end of a contract or, without contracts, the next order of who stayed"


@dataclass(frozen=True)
class Evaluation:
    """Figures by name, their 95 % intervals (bootstrap over customers; not of when), and how the opponents did.

    `auc` and `value_captured`: of the model and of each opponent by name. `judgement`: against the best by AUC.
    """

    customers: int
    figures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    auc: Mapping[str, float]
    value_captured: Mapping[str, float]
    judgement: Judgement

    def as_metrics(self) -> dict[str, float]:
        """Every number under a flat name, for tracking."""
        found = {"customers": float(self.customers), **self.figures}
        for name, (low, high) in self.intervals.items():
            found |= {f"{name}_low": low, f"{name}_high": high}
        for kind, by_name in (("auc", self.auc), ("value_captured_20", self.value_captured)):
            found |= {f"{kind}_{flat_name(name)}": value for name, value in by_name.items() if name != MODEL}
        compared = {f"ahead_{key}": value for key, value in asdict(self.judgement).items() if isinstance(value, float)}
        return found | compared

    def lines(self) -> list[str]:
        """The figures in words, for the log."""
        figures, judgement = self.figures, self.judgement

        def ranked(by_name: Mapping[str, float]) -> str:
            return ", ".join(f"{name} {value:.3f}" for name, value in by_name.items())

        def when(days: int) -> str:
            predicted, happened, error = (figures[f"within_{days}d_{kind}"] for kind in WITHIN)
            return (
                f"within {days} days {predicted:.3f} predicted, {happened:.3f} happened, calibration error {error:.3f}"
            )

        low, high = self.intervals["auc"]
        timed = "; ".join(when(days) for days in further_days(figures))
        return [
            f"out of time, {self.customers:,} customers: AUC {ranked(self.auc)} (the model's: {low:.3f}..{high:.3f})",
            f"churn: {figures['mean_probability']:.3f} predicted, {figures['churn_rate']:.3f} happened; calibration "
            f"error {figures['calibration_error']:.3f}; lift of the top 10 % {figures['lift_at_10']:.2f}",
            *([f"when, {WHAT_IS_SEEN}: {timed}"] if timed else []),
            f"value: {figures['value_ratio']:.2f} of the actual total predicted; {figures['coverage_80']:.0%} within "
            f"their 80 % intervals; the top 20 % hold of the ideal: {ranked(self.value_captured)}",
            f"grade {judgement.grade}: {judgement.difference:+.3f} AUC against {judgement.opponent} "
            f"({judgement.low:+.3f}..{judgement.high:+.3f})",
        ]


def evaluate(scores: pl.DataFrame, test: pl.DataFrame, rivals: Opponents, seed: int) -> Evaluation:
    """Hold `scores` of a model pair against what happened to the same rows, those of the labelled matrix `test`.

    Raises ModelError for scores that cannot be right.
    """
    churned = test["churned"].to_numpy().astype(np.float64)
    value = test["value"].to_numpy()
    probability = scores["churn_probability"].to_numpy()
    predicted = scores["predicted_clv"].to_numpy()
    refuse_insane(churned, probability, scores["value_if_retained"].to_numpy())
    of_rows = metrics.figures_of(churned, value, scores)
    everybody = np.arange(test.height)
    captured = {MODEL: predicted, **rivals.value}
    return Evaluation(
        test.height,
        {name: figure(everybody) for name, figure in of_rows.items()} | _timed(scores, test),
        {name: bootstrap_interval(figure, test.height, seed) for name, figure in of_rows.items()},
        {name: metrics.auc(churned, score) for name, score in {MODEL: probability, **rivals.churn}.items()},
        {name: metrics.value_captured(value, score) for name, score in captured.items()},
        judge(churned, probability, dict(rivals.churn), seed),
    )


def further_days(figures: Collection[str]) -> list[int]:
    """The further horizons, in days, that the named figures tell of."""
    return [int(match[1]) for name in figures if (match := re.fullmatch(r"within_(\d+)d_predicted", name))]


def _timed(scores: pl.DataFrame, test: pl.DataFrame) -> dict[str, float]:
    """Of each further horizon the share predicted, the share that happened, and the calibration error.

    Only what can be seen is judged. The end of a contract: churn_probability_<d>d of everybody. Where nobody sees who
    leaves, the next order of those who stayed: what of churn_probability falls within the first d days.
    """
    further = further_columns(scores.columns)
    if not further:
        return {}
    left = test["churned"] == 1
    end_is_seen = test.filter(left)["event_days"].null_count() == 0
    rows = pl.repeat(True, test.height, eager=True) if end_is_seen else ~left
    whole = 1.0 if end_is_seen else scores["churn_probability"]
    figures = {}
    for days, column in further.items():
        predicted = (scores[column] / whole).filter(rows).to_numpy()
        happened = (test["event_days"] < days).fill_null(False).filter(rows).to_numpy().astype(np.float64)
        error = metrics.calibration_error(happened, predicted)
        found = (float(predicted.mean()), float(happened.mean()), error)
        figures |= {f"within_{days}d_{kind}": figure for kind, figure in zip(WITHIN, found, strict=True)}
    return figures


def flat_name(name: str) -> str:
    """A name that MLflow takes: letters, digits and underscores."""
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower().replace("'", ""))
