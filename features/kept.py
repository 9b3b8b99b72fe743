"""Of the customers of a while ago: who stayed, and what they brought before and after."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from configs.modelling import Churn
from features.cohort import cohort
from features.labels import labels
from features.tables import TABLES
from features.time import Cutoff, Month
from features.timeline import known_before

READ = ("transactions", "contracts", "costs")


def starts_at(month: Month, churn: Churn) -> Cutoff:
    """The latest cutoff of which it is known, at the end of `month`, who left after it."""
    return Cutoff(month.cutoff.day - timedelta(days=churn.observation_days), month.cutoff.zone)


def kept(tables: Mapping[str, pl.DataFrame], month: Month, churn: Churn) -> pl.DataFrame:
    """The cohort of `starts_at`, a row a customer: customer_id, stayed (Boolean), before, after (Float64).

    What `features.labels` calls churned and value, by what was known before the end of `month`: `after` over the
    horizon, `before` over as many days ahead of it, in currency units.
    """
    start = starts_at(month, churn)
    earlier = Cutoff(start.day - timedelta(days=churn.horizon_days), start.zone)
    known = {
        name: known_before(rows.lazy(), TABLES[name], month.cutoff.instant).collect()
        for name, rows in tables.items()
        if name in READ
    }
    rows = cohort(tables, [start], churn)
    found = labels(known, rows, [start], churn, churn.horizon_days)
    before = labels(known, rows.with_columns(cutoff=pl.lit(earlier.day)), [earlier], churn, churn.horizon_days)
    return found.select(
        "customer_id", stayed=pl.col("churned") == 0, before=before["value"], after=pl.col("value")
    )  # fmt: skip
