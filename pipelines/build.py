"""Cohort, features and labels, bucket by bucket: training and the night call the same functions."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from configs.engine import Engine
from configs.errors import DataError
from configs.settings import Settings
from features.cohort import cohort
from features.context import NOTHING, Fitted, at_cutoffs, fit, market, visits
from features.families import btyd
from features.families.profile import profile
from features.family import Family
from features.labels import labels
from features.matrix import build_matrix
from features.registry import active_families
from features.tables import TABLES
from features.time import Cutoff
from features.timeline import Bucket, known_before
from pipelines.buckets import read_bucket
from pipelines.engine import Result, each_bucket
from pipelines.storage import MANIFEST, read_json, sample_part_of

Tables = Mapping[str, pl.DataFrame]
SAMPLE_PARTS = 1000


def open_store(settings: Settings, cutoff: Cutoff) -> Path:
    """The store ingested for the day of `cutoff`; raises DataError where there is none."""
    store = settings.folder_of("store", cutoff.day)
    if not (store / MANIFEST).exists():
        raise DataError(f"{store}: nothing was ingested for {cutoff.day}. Run `holdfast ingest --as-of {cutoff.day}`.")
    return store.resolve()


def families_of(store: Path, settings: Settings, fitted: Fitted = NOTHING) -> tuple[Family, ...]:
    """The families whose tables the store holds, and that of the profile where the configuration names columns.

    `fitted` holds the categories that a model knows; without, every one counts as other.
    """
    families = active_families(tables_in(store))
    columns = settings.features.profile
    if not columns:
        return families
    kinds = {name: column.kind for name, column in columns.items()}
    fixed = [name for name, column in columns.items() if column.fixed]
    return (*families, profile(kinds, fixed, fitted.categories))


def fit_context(store: Path, cutoff: Cutoff, settings: Settings) -> Fitted:
    """What all customers together tell of a store as it was known before `cutoff`, to be kept with a model."""
    categories = [name for name, column in settings.features.profile.items() if column.kind == "category"]
    return fit(tables_by_bucket(store, [btyd.FAMILY], ["customers", "transactions"]), cutoff, categories)


def visits_of(store: Path, cutoff: Cutoff) -> pl.DataFrame:
    """What purchase models see of every customer who bought: `features.context.visits` of all buckets."""
    return pl.concat(visits(t, cutoff) for t in tables_by_bucket(store, [btyd.FAMILY], ["customers", "transactions"]))


def context_at(store: Path, cutoffs: Sequence[Cutoff], families: Sequence[Family], fitted: Fitted) -> pl.DataFrame:
    """The context of these cutoffs: the market as it was known before each, with what is `fitted`."""
    tables = {table for family in families for events in family.everybody for table in (events.table, events.children)}
    return at_cutoffs(market(tables_by_bucket(store, families, [t for t in tables if t]), cutoffs, families), fitted)


def tables_in(store: Path) -> list[str]:
    """Names of the canonical tables that were configured."""
    return sorted(read_json(store / MANIFEST)["tables"])


def first_purchase_day(store: Path, settings: Settings) -> date:
    """Day of the first purchase that the store knows; raises DataError where there is none."""
    purchases = pl.scan_parquet(store / "transactions").filter(pl.col("amount") > 0)
    first = purchases.select(pl.col("occurred_at").min().dt.convert_time_zone(settings.business_timezone)).collect()
    if first.item() is None:
        raise DataError("transactions: no purchase (amount > 0) was known by then. Check the signs of the amounts.")
    return first.item().date()


def buckets_in(store: Path) -> int:
    """Number of buckets of the store."""
    return read_json(store / MANIFEST)["buckets"]


def tables_by_bucket(
    store: Path, families: Sequence[Family] | None = None, only: Collection[str] | None = None
) -> Iterator[Bucket]:
    """Every bucket in turn: the canonical tables present (`only` these), each with its rows of that bucket.

    For `families`, of transactions only the columns that they, cohort and labels read: most of the bytes of a store
    are ids and texts that nobody asks for. Its order, by key too, is that of ingest.
    """
    read = reader_of(store, families, only)
    return (read(bucket) for bucket in range(buckets_in(store)))


def over_buckets(
    engine: Engine, store: Path, families: Sequence[Family], step: Callable[[Bucket], Result]
) -> Iterator[Result]:
    """`step` of every bucket of a store, as `pipelines.engine.each_bucket` does it."""
    read = reader_of(store, families)
    return each_bucket(engine, buckets_in(store), lambda number: step(read(number)))


def reader_of(
    store: Path, families: Sequence[Family] | None = None, only: Collection[str] | None = None
) -> Callable[[int], Bucket]:
    """What reads a bucket of the store by its number; `families`, `only`: as for `tables_by_bucket`."""
    names = {"customers", *tables_in(store)}
    names = names if only is None else names & set(only)
    columns = {} if families is None else {"transactions": _columns_of_transactions(families)}

    def read(bucket: int) -> Bucket:
        return Bucket({name: read_bucket(store, TABLES[name], bucket, columns.get(name)) for name in sorted(names)})

    return read


def _columns_of_transactions(families: Sequence[Family]) -> list[str]:
    looked_at = [events for family in families for events in (*family.events, *family.everybody)]
    read = {column for events in looked_at if events.table == "transactions" for column in events.columns_read()}
    table = TABLES["transactions"]
    return [name for name in table.schema if name in {"customer_id", table.time, "known_at", "amount", "cost", *read}]


def sampled(tables: Bucket, share: float) -> Bucket:
    """The rows of a `share` of the customers, chosen by their ids alone, so that a customer is in or out for good."""
    if share >= 1:
        return tables
    chosen = sample_part_of(pl.col("customer_id"), SAMPLE_PARTS) < share * SAMPLE_PARTS
    return Bucket({name: rows.filter(chosen) for name, rows in tables.items()})


def features_of(
    tables: Tables, cutoffs: Sequence[Cutoff], families: Sequence[Family], context: pl.DataFrame, settings: Settings
) -> pl.DataFrame:
    """Matrix of one bucket: customer_id, cutoff and one Float64 column a feature, for the cohort of each cutoff."""
    return build_matrix(tables, cohort(tables, cutoffs, settings.churn), cutoffs, families, context)


def labelled_features_of(
    tables: Tables,
    cutoffs: Sequence[Cutoff],
    families: Sequence[Family],
    context: pl.DataFrame,
    settings: Settings,
    until: Cutoff,
) -> pl.DataFrame:
    """Matrix of one bucket with the columns of `features.labels`, for cutoffs whose horizons are over.

    Labels tell what was known strictly before `until`, even where the store knows more.
    """
    matrix = features_of(tables, cutoffs, families, context, settings)
    known = {
        name: known_before(rows.lazy(), TABLES[name], until.instant).collect()
        for name, rows in tables.items()
        if name in ("transactions", "contracts", "costs")
    }
    found = labels(known, matrix.select("customer_id", "cutoff"), cutoffs, settings.churn, settings.clv_horizon_days)
    return matrix.with_columns(found.drop("customer_id", "cutoff").get_columns())
