"""Why a score is what it is: SHAP contributions, summed over the features that tell the same story."""

from collections.abc import Mapping
from functools import reduce
from operator import add

import numpy as np
import polars as pl

from models.boosting import refuse_other_features
from models.churn import VISITS, ChurnModel
from models.metrics import Floats

BATCH_ROWS = 20_000


def contributions(model: ChurnModel, features: pl.DataFrame) -> pl.DataFrame:
    """What each feature adds to each row's raw score (log-odds), and `expected`, the score of the average row.

    A row's contributions and `expected` add up to its raw score: SHAP values of the trees and the terms of the linear
    model, each by its weight; visits that are to come count as the feature that tells them. Computed in batches, to
    bound memory.
    """
    refuse_other_features(model.trees.feature_name(), features)
    found = [_of_batch(model, batch) for batch in features.iter_slices(BATCH_ROWS) if batch.height]
    found = found or [np.empty((0, features.width + 1))]
    return pl.DataFrame(np.vstack(found), schema=[*features.columns, "expected"], orient="row")


def _of_batch(model: ChurnModel, features: pl.DataFrame) -> Floats:
    """Shape (rows, features + 1), the last column the score of the average row."""
    import shap  # costs two seconds to import, and only explaining needs it

    by_trees, by_slopes, by_visits = model.weights
    explainer = shap.TreeExplainer(model.trees, feature_perturbation="tree_path_dependent")
    values = explainer(features.to_pandas()).values * by_trees
    values[:, [features.columns.index(name) for name in model.linear.columns]] += (
        model.linear.contributions(features) * by_slopes
    )
    if VISITS in features.columns:
        values[:, features.columns.index(VISITS)] += model.visits(features) * by_visits
    return np.column_stack([values, np.full(len(values), float(explainer.expected_value) * by_trees)])


def by_group(contributed: pl.DataFrame, groups: Mapping[str, str]) -> pl.DataFrame:
    """Contributions summed over each reason group: one column a group. `groups`: feature -> group, others left out.

    Ten correlated windows of one measure share one effect between them; summed, it is seen in full.
    """
    known = {feature: group for feature, group in groups.items() if feature in contributed.columns}
    names = sorted(set(known.values()))
    members = {name: [feature for feature, group in known.items() if group == name] for name in names}
    # Added one after the other: sum_horizontal adds in whatever order its threads come by, and the last digit differs.
    return contributed.select(reduce(add, map(pl.col, columns)).alias(name) for name, columns in members.items())
