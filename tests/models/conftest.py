"""A small labelled matrix with a known signal: the longer the silence, the likelier the churn."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from configs.settings import Training
from models.baselines import RFM


def labelled_matrix(rows: int, seed: int, cutoff: date = date(2026, 1, 1)) -> pl.DataFrame:
    """Random RFM columns with `churned` drawn from a logistic function of recency, and `value` of those who stay."""
    random = np.random.default_rng(seed)
    columns = {name: random.gamma(2.0, 20.0, rows) for name in RFM}
    probability = 1 / (1 + np.exp(-(columns["rfm__recency_days"] - 40) / 15))
    churned = (random.random(rows) < probability).astype(np.int8)
    value = np.where(churned == 1, 0.0, columns["rfm__spent_sum_365d"] * random.gamma(2.0, 0.5, rows))
    keys = {"customer_id": [f"C{i:05d}" for i in range(rows)], "cutoff": [cutoff] * rows}
    return pl.DataFrame(keys | columns | {"churned": churned, "value": value})


@pytest.fixture(scope="session")
def training() -> Training:
    return Training(rounds=60, seed=7)


@pytest.fixture(scope="session")
def matrix() -> pl.DataFrame:
    return labelled_matrix(1200, seed=3)
