"""Which rows of a bucket a store keeps, which it refuses, and which another night must look at again."""

from dataclasses import dataclass

import polars as pl

from features.contract import Table
from features.time import Cutoff
from features.timeline import known_before
from pipelines.quarantine import split


@dataclass(frozen=True)
class Judged:
    """Rows of one bucket: `kept` as known before the cutoff; `bad` as text, with why; how many are not yet known."""

    kept: pl.DataFrame
    bad: pl.DataFrame
    not_yet_known: int


def judge(
    table: Table, rows: pl.DataFrame, cutoff: Cutoff, customers: pl.Series | None, amount_limit: float | None
) -> Judged:
    """Judge the typed `rows` of one bucket; `customers`, `amount_limit`: as for `pipelines.quarantine.split`."""
    known = pl.col("known_at").is_null() | (pl.col("known_at") < cutoff.instant)
    good, bad = split(table, rows.filter(known), customers, amount_limit)
    kept = known_before(good.lazy(), table, cutoff.instant).collect()
    return Judged(kept, bad, rows.height - good.height - bad.height)


def to_watch(table: Table, rows: pl.DataFrame, judged: Judged, cutoff: Cutoff) -> pl.DataFrame:
    """The `rows` of every key that another night may judge differently, although nothing new is said of it.

    Those are keys with a row that is bad (the customer may turn up) or not yet known, or with a cell not yet known.
    """
    key, later = list(table.key), sorted(set(table.late_columns.values()))
    open_cells = rows.filter(pl.any_horizontal(pl.lit(False), *(pl.col(time) >= cutoff.instant for time in later)))
    if judged.kept.height == rows.height:
        return open_cells
    unsettled = rows.join(judged.kept.select(key), on=key, how="anti", nulls_equal=True)
    repeated = rows.filter(pl.struct(key).is_duplicated())
    return pl.concat([open_cells, unsettled, repeated]).unique(maintain_order=True)
