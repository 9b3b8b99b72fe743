"""The churn model: a LightGBM classifier of who leaves within the horizon."""

import lightgbm as lgb
import polars as pl

from configs.settings import Training
from models.boosting import fit


def train_churn(features: pl.DataFrame, churned: pl.Series, training: Training) -> lgb.Booster:
    """Classifier of `churned` (Int8 0/1); its raw scores are log-odds. No resampling: it would bend probabilities."""
    return fit(features, churned, training, objective="binary")
