"""Why a score is what it is: SHAP contributions, summed over the features that tell the same story."""

from collections.abc import Mapping
from functools import reduce
from operator import add

import lightgbm as lgb
import polars as pl

from models.boosting import refuse_other_features

BATCH_ROWS = 20_000


def contributions(booster: lgb.Booster, features: pl.DataFrame) -> pl.DataFrame:
    """SHAP contribution (log-odds) of each feature to each row's raw score, and `expected`, the score of nobody.

    A row's contributions and `expected` add up to its raw score. Computed in batches, to bound memory.
    """
    import shap  # costs two seconds to import, and only explaining needs it

    refuse_other_features(booster.feature_name(), features)
    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    frames = [
        pl.DataFrame(explainer(batch.to_pandas()).values, schema=features.columns, orient="row")
        for batch in features.iter_slices(BATCH_ROWS)
    ]
    return pl.concat(frames).with_columns(expected=pl.lit(float(explainer.expected_value)))


def by_group(contributed: pl.DataFrame, groups: Mapping[str, str]) -> pl.DataFrame:
    """Contributions summed over each reason group: one column a group. `groups`: feature -> group.

    Ten correlated windows of one measure share one effect between them; summed, it is seen in full.
    """
    names = sorted(set(groups.values()))
    members = {name: [feature for feature, group in groups.items() if group == name] for name in names}
    # Added one after the other: sum_horizontal adds in whatever order its threads come by, and the last digit differs.
    return contributed.select(reduce(add, map(pl.col, columns)).alias(name) for name, columns in members.items())
