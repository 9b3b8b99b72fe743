"""The opponents that every model is compared with: recency alone, and a logistic regression on RFM."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.metrics import Floats

RECENCY = "rfm__recency_days"
# All heavy-tailed and at least 0 but for net sales, whose sign is kept.
RFM = [
    RECENCY,
    "rfm__tenure_days",
    "rfm__orders_count_90d",
    "rfm__orders_count_365d",
    "rfm__orders_count_lifetime",
    "rfm__spent_sum_90d",
    "rfm__spent_sum_365d",
    "rfm__basket_mean_lifetime",
]


def recency_score(features: pl.DataFrame) -> Floats:
    """Days since the latest purchase: the longer, the likelier to leave; never bought counts as longest."""
    return features[RECENCY].fill_null(strategy="max").to_numpy()


@dataclass(frozen=True)
class RfmLogistic:
    """Logistic regression on standardised logarithms of recency, frequency, monetary value and tenure."""

    pipeline: Any

    def probability(self, features: pl.DataFrame) -> Floats:
        """Probability of churn of each row."""
        return self.pipeline.predict_proba(_logarithms(features))[:, 1]


def train_logistic(features: pl.DataFrame, churned: pl.Series) -> RfmLogistic:
    """Fit the logistic opponent on the same rows as the model."""
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return RfmLogistic(pipeline.fit(_logarithms(features), churned.to_numpy()))


def _logarithms(features: pl.DataFrame) -> Floats:
    values = pl.col(RFM).fill_null(0.0)
    return features.select((values.abs() + 1).log() * values.sign()).to_numpy().astype(np.float64)
