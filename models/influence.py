"""What moves the scores of a cohort: contributions of single rows (`models.explain`) made into figures for all.

A contribution says what the model heard, in log-odds of leaving; it is no cause.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from configs.modelling import Training
from models.churn import ChurnModel, train_trees

TOP = 3  # reasons that a list shows


def of_features(contributed: pl.DataFrame, features: pl.DataFrame) -> pl.DataFrame:
    """A row for each feature that contributes anything: feature, strength, direction; the strongest first.

    `strength`: mean absolute contribution. `direction`: Spearman correlation of the feature's known values with their
    contributions: near 1, high values raise the risk; near -1, they lower it; null where either never varies.
    """
    rows = []
    for name in features.columns:
        strength = float(contributed[name].abs().to_numpy().mean())
        if strength > 0:
            known = pl.DataFrame({"value": features[name], "by": contributed[name]}).drop_nulls()
            varies = known.height > 1 and known["value"].n_unique() > 1 and known["by"].n_unique() > 1
            direction = known.select(pl.corr("value", "by", method="spearman")).item() if varies else None
            rows.append((name, strength, direction))
    schema = {"feature": pl.String(), "strength": pl.Float64(), "direction": pl.Float64()}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("strength", "feature", descending=[True, False])


def of_groups(grouped: pl.DataFrame) -> pl.DataFrame:
    """A row for each reason group: group, strength (mean absolute contribution), raises (share of the rows whose risk
    it raises); the strongest first. `grouped`: see `models.explain.by_group`."""
    strength = [float(grouped[name].abs().to_numpy().mean()) for name in grouped.columns]
    raises = [float((grouped[name] > 0).to_numpy().mean()) for name in grouped.columns]
    found = pl.DataFrame({"group": grouped.columns, "strength": strength, "raises": raises})
    return found.sort("strength", "group", descending=[True, False])


def of_families(strengths: pl.DataFrame, families: Mapping[str, str]) -> pl.DataFrame:
    """A row for each family: family, features (how many contribute), strength (sum over them), share of all families.

    `strengths`: see `of_features`; `families`: feature -> family. It stands in for what the model would lose without
    the family, which needs a training each, and misjudges families that say the same.
    """
    named = strengths.with_columns(family=pl.col("feature").replace_strict(families))
    # In their order, on which the last digit of a sum hangs.
    found = named.group_by("family", maintain_order=True).agg(features=pl.len(), strength=pl.col("strength").sum())
    return found.with_columns(share=pl.col("strength") / pl.col("strength").sum()).sort(
        "strength", "family", descending=[True, False]
    )


def other_seed(model: ChurnModel, labelled: pl.DataFrame, features: pl.DataFrame, training: Training) -> ChurnModel:
    """`model` with its trees learned once more by the next seed, from the same rows: `labelled` with `features`."""
    training = training.model_copy(update={"seed": training.seed + 1})
    rounds = model.trees.num_trees()
    return replace(model, trees=train_trees(features, labelled["churned"], labelled["cutoff"], training, rounds))


def overlap(first: pl.DataFrame, second: pl.DataFrame, top: int = TOP) -> float:
    """Of the `top` groups that raise the risk of a row most, the share found in both: mean over the rows.

    Two frames of the same rows and groups. Only groups above 0 count, as on a list; of rows where the longer of the two
    has none, nothing can differ, and they count as 1.
    """
    ours, theirs = _top(first, top), _top(second.select(first.columns), top)
    longer = np.maximum(ours.sum(axis=1), theirs.sum(axis=1))
    return float(np.where(longer > 0, (ours & theirs).sum(axis=1) / np.maximum(longer, 1), 1.0).mean())


def _top(grouped: pl.DataFrame, top: int) -> np.ndarray:
    """Whether each group of each row is among its `top` highest, and above 0."""
    values = grouped.to_numpy()
    ranks = np.argsort(np.argsort(-values, axis=1, kind="stable"), axis=1)
    return (ranks < top) & (values > 0)
