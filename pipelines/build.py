"""Cohort, features and labels, bucket by bucket: training and the night call the same functions."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from features.cohort import cohort
from features.family import Family
from features.labels import labels
from features.matrix import build_matrix
from features.registry import active_families
from features.time import Cutoff
from pipelines.storage import MANIFEST, bucket_file, read_json, sample_part_of

Tables = dict[str, pl.DataFrame]
SAMPLE_PARTS = 1000


def open_store(settings: Settings, cutoff: Cutoff) -> Path:
    """The store ingested for the day of `cutoff`; raises DataError where there is none."""
    store = settings.folder_of("store", cutoff.day)
    if not (store / MANIFEST).exists():
        raise DataError(f"{store}: nothing was ingested for {cutoff.day}. Run `holdfast ingest --as-of {cutoff.day}`.")
    return store.resolve()


def families_of(store: Path) -> tuple[Family, ...]:
    """The families whose tables the store holds."""
    return active_families(read_json(store / MANIFEST)["tables"])


def buckets_in(store: Path) -> int:
    """Number of buckets of the store."""
    return read_json(store / MANIFEST)["buckets"]


def tables_by_bucket(store: Path) -> Iterator[Tables]:
    """Every bucket in turn: the canonical tables present, each with its rows of that bucket."""
    manifest = read_json(store / MANIFEST)
    names = {"customers", *manifest["tables"]}
    for bucket in range(manifest["buckets"]):
        yield {name: pl.read_parquet(bucket_file(store, name, bucket)) for name in sorted(names)}


def sampled(tables: Tables, share: float) -> Tables:
    """The rows of a `share` of the customers, chosen by their ids alone, so that a customer is in or out for good."""
    if share >= 1:
        return tables
    chosen = sample_part_of(pl.col("customer_id"), SAMPLE_PARTS) < share * SAMPLE_PARTS
    return {name: rows.filter(chosen) for name, rows in tables.items()}


def features_of(
    tables: Tables, cutoffs: Sequence[Cutoff], families: Sequence[Family], settings: Settings
) -> pl.DataFrame:
    """Matrix of one bucket: customer_id, cutoff and one Float64 column a feature, for the cohort of each cutoff."""
    return build_matrix(tables, cohort(tables, cutoffs, settings.churn), cutoffs, families)


def labelled_features_of(
    tables: Tables, cutoffs: Sequence[Cutoff], families: Sequence[Family], settings: Settings
) -> pl.DataFrame:
    """Matrix of one bucket with `churned` (Int8) and `value` (Float64), for cutoffs whose horizons are over."""
    matrix = features_of(tables, cutoffs, families, settings)
    found = labels(tables, matrix.select("customer_id", "cutoff"), cutoffs, settings.churn, settings.clv_horizon_days)
    return matrix.with_columns(found["churned"], found["value"])
