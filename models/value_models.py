"""The ways to learn value, held against each other: the same customers with the same chances of leaving."""

from collections.abc import Mapping
from typing import get_args

import numpy as np
import polars as pl

from configs.modelling import Training, ValueModel
from models.clv import train_clv
from models.compare import captured_of, closeness_of, gini_of
from models.metrics import Floats
from models.pair import LABELS, ModelPair, features_only

FIGURES = {
    "value held by the top 20 %": captured_of,
    "Gini of value over the ideal": gini_of,
    "closeness of the total": closeness_of,
}


def by_value_model(
    pair: ModelPair, labelled: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> dict[ValueModel, Floats]:
    """predicted_clv of the rows of `cohort` by each value model, that of `training` first.

    `pair` was trained on `labelled` with `training` for the day of `cohort`.
    """
    scores = pair.score(cohort)
    probability = scores["churn_probability"].to_numpy()
    found = {training.value_model: scores["predicted_clv"].to_numpy()}
    for name in get_args(ValueModel):
        if name not in found:
            other = training.model_copy(update={"value_model": name})
            model = train_clv(features_only(labelled), labelled.select("cutoff", *LABELS), cohort, other)
            found[name] = model.predicted_clv(model.amount(features_only(cohort), cohort["cutoff"]), probability)
    return found


def value_figures(value: Floats, predicted: Mapping[ValueModel, Floats]) -> dict[str, float]:
    """Total and order of one day by each value model, under flat names."""
    ones = np.ones(len(value))
    found = {}
    for name, one in predicted.items():
        found[f"value_ratio_{name}"] = float(one.sum() / value.sum())
        found[f"value_gini_{name}"] = gini_of(value, one, ones)
        found[f"value_captured_20_{name}"] = captured_of(value, one, ones)
    return found


def value_lines(days: pl.DataFrame) -> list[str]:
    """The figures of each value model over all days in words; none where `days` lack them."""
    lines = []
    for name in get_args(ValueModel):
        if f"value_ratio_{name}" in days.columns:
            ratio, gini, captured = (
                days[f"value_{kind}_{name}"].to_numpy() for kind in ("ratio", "gini", "captured_20")
            )
            away = np.abs(np.log(np.maximum(ratio, 1e-9))).mean()
            lines.append(
                f"value model {name}: predicted over actual total {ratio.min():.2f}..{ratio.max():.2f}, "
                f"{np.exp(away) - 1:.0%} away on average; the top 20 % hold {captured.mean():.4f} of the ideal; "
                f"Gini {gini.mean():.4f} of the ideal"
            )
    return lines
