"""The feature matrix for people who explore: one row a customer and cutoff, in Parquet, without labels or scores."""

import os
import shutil
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

import polars as pl

from configs.errors import ConfigError
from configs.settings import Settings
from features.family import Family
from features.time import Cutoff
from features.timeline import Bucket
from pipelines.build import (
    context_at,
    families_of,
    features_of,
    fit_context,
    open_store,
    over_buckets,
)
from pipelines.progress import Log
from pipelines.storage import staged


def explore(settings: Settings, cutoff: Cutoff, cutoffs: int, every_days: int, only: Collection[str], log: Log) -> Path:
    """Write the matrix of the last `cutoffs` cutoffs, `every_days` apart and the last one `cutoff`, bucket by bucket.

    Returns the folder `features` under the root: `part-0000.parquet` and so on, each with customer_id, cutoff (Date)
    and one Float64 column a feature; what an earlier run left there is replaced. `only`: names of families, all where
    empty. What all customers together tell is fitted on what was known before the first of the cutoffs. Raises
    ConfigError for a family that the configured tables do not give.
    """
    store = open_store(settings, cutoff)
    days = [cutoff.day - timedelta(days=every_days * back) for back in range(cutoffs)]
    asked = [Cutoff(day, cutoff.zone) for day in sorted(days)]
    fitted = fit_context(store, asked[0], settings)
    families = chosen(families_of(store, settings, fitted), only)
    context = context_at(store, asked, families, fitted)
    target, rows = settings.root / "features", 0

    def features(tables: Bucket) -> pl.DataFrame:
        return features_of(tables, asked, families, context, settings)

    with staged(settings.root, "features") as folder:
        for number, matrix in enumerate(over_buckets(settings.engine, store, families, features)):
            matrix.write_parquet(folder / f"part-{number:04d}.parquet", compression="lz4")
            rows += matrix.height
        shutil.rmtree(target, ignore_errors=True)
        os.rename(folder, target)
    for reason in fitted.missing:
        log(f"warning: features left empty: {reason}")
    columns = sum(len(family.feature_columns()) for family in families)
    log(f"{rows:,} rows at {len(asked):,} cutoffs, {columns:,} features of {len(families)} families: {target}")
    return target


def chosen(families: Sequence[Family], only: Collection[str]) -> list[Family]:
    """The families of these names, in the order of the matrix; all where no name is given."""
    names = [family.name for family in families]
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise ConfigError(
            f"--families: no family {', '.join(unknown)} with the tables that are configured. "
            f"There are {', '.join(names)}."
        )
    return [family for family in families if not only or family.name in only]
