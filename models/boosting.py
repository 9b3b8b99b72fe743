"""LightGBM, held to one way of training and one way of predicting.

Small trees (7 leaves) and few columns a tree: on order logs of a few thousand customers larger trees lost AUC. The
same data, seed and thread count give byte-identical models.
"""

from collections.abc import Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl

from configs.errors import ModelError
from configs.modelling import Training
from models.metrics import Floats


def fit(
    features: pl.DataFrame,
    target: pl.Series,
    training: Training,
    rounds: int | None = None,
    base: Floats | None = None,
    **objective: Any,
) -> lgb.Booster:
    """A Booster of `features` (Float64 columns, null: missing) for `target`, with LightGBM's `objective` settings.

    `rounds`: instead of the configured ones. `base`: the raw score that each row starts from; predictions lack it.
    """
    parameters = {
        "learning_rate": training.learning_rate,
        "num_leaves": training.leaves,
        "max_depth": training.depth or -1,
        "min_data_in_leaf": leaf_rows(training, features.height),
        "feature_fraction": training.feature_fraction,
        "bagging_fraction": training.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": training.lambda_l2,
        "max_bin": 63,
        "seed": training.seed,
        "num_threads": training.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lgb.Dataset(features, label=target.to_numpy(), init_score=base)
    return lgb.train(parameters | objective, data, num_boost_round=rounds or training.rounds)


def leaf_rows(training: Training, rows: int) -> int:
    """Fewest rows of a leaf where `rows` are learned from: enough to trust, and small companies still get leaves."""
    return training.leaf_rows or int(np.clip(rows // 200, 10, 200))


def predict(booster: lgb.Booster, features: pl.DataFrame, rounds: int | None = None) -> Floats:
    """Raw scores of `features`, whose columns must be exactly the Booster's; raises ModelError otherwise.

    `rounds`: by the first so many trees only. LightGBM matches columns by position without looking at names: reordered
    columns score wrongly in silence.
    """
    refuse_other_features(booster.feature_name(), features)
    return np.asarray(booster.predict(features, raw_score=True, num_iteration=rounds), dtype=np.float64)


def refuse_other_features(expected: Sequence[str], features: pl.DataFrame) -> None:
    """Raise ModelError, with the difference, unless `features` has the `expected` columns, in order, as Float64."""
    differences = []
    if missing := [name for name in expected if name not in features.columns]:
        differences.append(f"missing: {', '.join(missing)}")
    if added := [name for name in features.columns if name not in expected]:
        differences.append(f"not known to the model: {', '.join(added)}")
    if not differences and list(expected) != features.columns:
        at = next(i for i, pair in enumerate(zip(expected, features.columns, strict=True)) if pair[0] != pair[1])
        differences.append(f"order differs from column {at}: expected {expected[at]}, found {features.columns[at]}")
    if retyped := [f"{name} is {dtype}" for name, dtype in features.schema.items() if dtype != pl.Float64]:
        differences.append(f"not Float64: {', '.join(retyped)}")
    if differences:
        raise ModelError("the features are not the model's own. " + "; ".join(differences) + ". Train again.")
