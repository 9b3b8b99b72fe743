"""Out-of-time figures of a model pair and of its opponents, on the same customers."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from models import metrics
from models.baselines import recency_score, train_logistic
from models.metrics import Floats, bootstrap_interval
from models.pair import ModelPair, features_only
from models.promote import Judgement, judge, refuse_insane


@dataclass(frozen=True)
class Evaluation:
    """Figures by name, AUC intervals (95 %, bootstrap over customers), and the judgement against the opponents."""

    customers: int
    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    judgement: Judgement

    def as_metrics(self) -> dict[str, float]:
        """Every number under a flat name, for tracking."""
        ends = {f"{name}_low": low for name, (low, _) in self.intervals.items()}
        ends |= {f"{name}_high": high for name, (_, high) in self.intervals.items()}
        compared = {f"ahead_{key}": value for key, value in asdict(self.judgement).items() if isinstance(value, float)}
        return {"customers": float(self.customers), **self.figures, **ends, **compared}

    def lines(self) -> list[str]:
        """The figures in words, for the log."""
        figures, judgement = self.figures, self.judgement
        names = {"auc": "model", "auc_logistic": "logistic RFM", "auc_recency": "recency"}
        aucs = [
            f"{label} {figures[name]:.3f} ({self.intervals[name][0]:.3f}..{self.intervals[name][1]:.3f})"
            for name, label in names.items()
        ]
        return [
            f"out of time, {self.customers:,} customers: AUC " + ", ".join(aucs),
            f"churn: {figures['mean_probability']:.3f} predicted, {figures['churn_rate']:.3f} happened; calibration "
            f"error {figures['calibration_error']:.3f}; lift of the top 10 % {figures['lift_at_10']:.2f}",
            f"value: {figures['value_ratio']:.2f} of the actual total predicted; the top 20 % hold "
            f"{figures['value_captured_20']:.3f} of the ideal (ranked by last year's spend: "
            f"{figures['value_captured_20_spend']:.3f})",
            f"grade {judgement.grade}: {judgement.difference:+.3f} AUC against {judgement.opponent} "
            f"({judgement.low:+.3f}..{judgement.high:+.3f})",
        ]


def evaluate(pair: ModelPair, train: pl.DataFrame, test: pl.DataFrame, seed: int) -> Evaluation:
    """Score the labelled matrix `test`, one cutoff later than all of `train`, with `pair` and with the opponents.

    Raises ModelError for scores that cannot be right.
    """
    churned = test["churned"].to_numpy().astype(np.float64)
    value = test["value"].to_numpy()
    scores = pair.score(test)
    probability = scores["churn_probability"].to_numpy()
    refuse_insane(churned, probability, scores["value_if_retained"].to_numpy())
    opponents: dict[str, Floats] = {
        "recency": recency_score(test),
        "logistic": train_logistic(features_only(train), train["churned"]).probability(test),
    }
    ranked = {"auc": probability} | {f"auc_{name}": score for name, score in opponents.items()}
    predicted = scores["predicted_clv"].to_numpy()
    figures = {name: metrics.auc(churned, score) for name, score in ranked.items()} | {
        "mean_probability": float(probability.mean()),
        "churn_rate": float(churned.mean()),
        "calibration_error": metrics.calibration_error(churned, probability),
        "lift_at_10": metrics.lift_at(churned, probability),
        "value_ratio": float(predicted.sum() / value.sum()) if value.sum() else float("nan"),
        "value_captured_20": metrics.value_captured(value, predicted),
        "value_captured_20_spend": metrics.value_captured(value, test["rfm__spent_sum_365d"].to_numpy()),
    }
    intervals = {
        name: bootstrap_interval(lambda rows, s=score: metrics.auc_of_draw(churned[rows], s[rows]), len(churned), seed)
        for name, score in ranked.items()
    }
    return Evaluation(test.height, figures, intervals, judge(churned, probability, opponents, seed))
