"""The features through the engine: declared as a family, built bucket by bucket as the night and training do."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from configs.engine import Engine
from configs.modelling import Churn
from features.cohort import cohort
from features.family import Derived, Events, Family, Feature
from features.matrix import build_matrix
from features.time import LIFETIME, Cutoff, days_between, windows
from features.timeline import Bucket
from pipelines.build import over_buckets
from tests.benchmarks.declared import ACTIVE_DAYS, DAYS

BOUGHT_AT = pl.when(pl.col("amount") > 0).then(pl.col("occurred_at"))
BASKET = pl.when(pl.col("amount") > 0).then(pl.col("amount"))
EVERY = (*windows(*DAYS), LIFETIME)

FAMILY = Family(
    name="bench",
    description="Recency, frequency and monetary value.",
    events=(
        Events(
            "transactions",
            measures=(
                Feature("orders", BOUGHT_AT, "count", "purchases", "orders", "buying", EVERY),
                Feature("spent", pl.col("amount"), "sum", "sales less returns", "amount", "buying", EVERY),
                Feature("basket", BASKET, "mean", "mean purchase", "amount", "buying"),
                Feature("basket", BASKET, "max", "largest purchase", "amount", "buying"),
                Feature("basket", BASKET, "min", "smallest purchase", "amount", "buying"),
                Feature("basket", BASKET, "last", "latest purchase", "amount", "buying"),
                Feature("bought_at", BOUGHT_AT, "max", "latest purchase", "time", "buying", internal=True),
                Feature("bought_at", BOUGHT_AT, "min", "first purchase", "time", "buying", internal=True),
            ),
        ),
    ),
    derived=(
        Derived(
            "recency_days",
            days_between(pl.col("bench__bought_at_max_lifetime"), pl.col("cutoff_at")),
            "days since the latest purchase",
            "days",
            "buying",
        ),
        Derived(
            "tenure_days",
            days_between(pl.col("bench__bought_at_min_lifetime"), pl.col("cutoff_at")),
            "days since the first purchase",
            "days",
            "buying",
        ),
    ),
)


def build(store: Path, out: Path, cutoffs: Sequence[date]) -> None:
    """Write the matrix of the cohorts of all cutoffs, one file a bucket."""
    days, churn = [Cutoff(day, ZoneInfo("UTC")) for day in cutoffs], Churn(active_within_days=ACTIVE_DAYS)

    def matrix(tables: Bucket) -> pl.DataFrame:
        return build_matrix(tables, cohort(tables, days, churn), days, [FAMILY])

    for bucket, found in enumerate(over_buckets(Engine(), store, [FAMILY], matrix)):
        found.write_parquet(out / f"{bucket:04d}.parquet", compression="lz4")
