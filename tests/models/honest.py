"""A made matrix without any leak, from which tests of alarms start."""

from datetime import date, timedelta

import numpy as np
import polars as pl

SEEDS = range(8)


def honest(seed: int, customers: int = 400, cutoffs: int = 10, recent: float = 4.0) -> pl.DataFrame:
    """Rows of customers who come again at every cutoff, with features known before it, and `churned`.

    The busier, the shorter silent and the less likely to leave: `recent` is how clearly. Whoever bought this week
    practically always stays, and some features are known for the busy only.
    """
    random = np.random.default_rng(seed)
    pace = np.repeat(random.gamma(0.8, 0.15, customers), cutoffs)
    rows = len(pace)
    recency = np.minimum(np.floor(random.exponential(1 / (pace + 0.003))), 364.0)
    churned = (random.random(rows) < 1 / (1 + np.exp(recent - recency / 20))).astype(np.int8)
    week = np.where(recency < 7, 1.0 + random.poisson(pace * 7), 0.0)
    gap = np.where(random.poisson(pace * 365) > 1, 1 / (pace + 0.003) + random.normal(size=rows), np.nan)
    region = np.repeat(random.integers(0, 30, customers), cutoffs).astype(float)
    rare = np.where(np.repeat(random.random(customers) < 0.01, cutoffs), random.random(rows), np.nan)
    day = pl.Series([date(2026, 1, 1) + timedelta(days=20 * i) for i in range(cutoffs)] * customers)
    columns = {"recency": recency, "week": week, "gap": gap, "region": region, "rare": rare, "constant": 1.0 + 0 * pace}
    columns |= {f"noise_{i}": random.normal(size=rows) for i in range(5)}
    matrix = pl.DataFrame(columns).with_columns(pl.all().fill_nan(None), nothing=pl.lit(None, pl.Float64))
    return matrix.with_columns(season=day.dt.ordinal_day().cast(pl.Float64), cutoff=day, churned=pl.Series(churned))


def features_of(matrix: pl.DataFrame) -> pl.DataFrame:
    return matrix.drop("cutoff", "churned")


MATRIX = honest(seed=1)
FEATURES, CHURNED = features_of(MATRIX), MATRIX["churned"]


def floats(values: np.ndarray) -> pl.Series:
    """Float64 with nulls for NaN."""
    return pl.Series(values.astype(float)).fill_nan(None)
