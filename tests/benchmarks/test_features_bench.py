"""The benchmark itself, on a few transactions: all contestants find the same, and what it prints follows from that."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from features.tables import TABLES
from pipelines.storage import bucket_of
from tests.benchmarks import engine, pandas_query, polars_queries
from tests.benchmarks.comparison import difference, rows_in
from tests.benchmarks.declared import FEATURES, LAST_DAY, MONTHLY
from tests.benchmarks.measure import Measured, measure
from tests.benchmarks.order_log import write_store
from tests.benchmarks.report import ratios, tables

TRANSACTIONS, CUSTOMERS = 2_000, 100


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("store"), TRANSACTIONS, CUSTOMERS)


@pytest.fixture(scope="module")
def matrix(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's result for twelve cutoffs."""
    out = tmp_path_factory.mktemp("engine")
    engine.build(store, out, MONTHLY)
    return out


def test_the_order_log_is_a_store(store: Path) -> None:
    declared = TABLES["transactions"]
    buckets = [pl.read_parquet(path) for path in sorted((store / "transactions").glob("*.parquet"))]
    assert len(buckets) == 2
    for number, rows in enumerate(buckets):
        assert rows.schema == declared.schema
        assert rows.equals(rows.sort(declared.order))
        assert rows.select((bucket_of(pl.col("customer_id"), 2) == number).all()).item()
    log = pl.concat(buckets)
    assert (log.height, log["customer_id"].n_unique(), log["transaction_id"].n_unique()) == (2_000, 100, 2_000)
    assert log.select("customer_id", "occurred_at").is_duplicated().any()
    assert 0.01 < log.select((pl.col("amount") < 0).mean()).item() < 0.05
    assert log.group_by("customer_id").len().select(pl.col("len").max()).item() > 5 * TRANSACTIONS / CUSTOMERS


def test_the_order_log_is_the_same_every_time(store: Path, tmp_path: Path) -> None:
    again = write_store(tmp_path, TRANSACTIONS, CUSTOMERS)
    for path in store.rglob("*.parquet"):
        assert pl.read_parquet(path).equals(pl.read_parquet(again / path.relative_to(store)))


def test_the_family_is_what_the_queries_compute() -> None:
    assert engine.FAMILY.feature_columns() == FEATURES
    assert len(FEATURES) == 22


@pytest.mark.parametrize("query", [polars_queries.all_files, polars_queries.file_by_file, pandas_query.query])
def test_a_query_finds_what_the_engine_finds(query: Callable, store: Path, matrix: Path, tmp_path: Path) -> None:
    query(store, tmp_path, MONTHLY)
    assert rows_in(matrix) > 500
    assert difference(matrix, tmp_path) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pl.all(), None),
        (pl.col("bench__basket_last_lifetime") * 1.000001, "bench__basket_last_lifetime of C"),
        (
            pl.when(pl.int_range(pl.len()) > 0).then("bench__recency_days").alias("bench__recency_days"),
            "is None instead",
        ),
        (pl.col("customer_id") + "0", "other customers"),
    ],
)
def test_a_difference_is_found(change: pl.Expr, said: str | None, matrix: Path, tmp_path: Path) -> None:
    found = pl.read_parquet(matrix).sort("cutoff", "customer_id")
    found.with_columns(change).write_parquet(tmp_path / "other.parquet")
    assert (said or "None") in str(difference(matrix, tmp_path))
    found.head(-1).write_parquet(tmp_path / "other.parquet")
    assert str(difference(matrix, tmp_path)) == f"{found.height - 1:,} rows instead of {found.height:,}"


def test_a_contestant_is_measured_in_its_own_process(store: Path, tmp_path: Path) -> None:
    one = measure("count", store, tmp_path / "out", TRANSACTIONS, [LAST_DAY])
    assert (one.rows, one.failure) == (CUSTOMERS, "")
    assert 0 < one.seconds < 600 and 10 < one.peak_mib < 10_000
    assert "empty input" in measure("count", tmp_path / "nowhere", tmp_path / "out", 1, [LAST_DAY]).failure


def test_ratios_and_their_targets() -> None:
    found = [
        Measured(1_000_000, "engine", 1, 3.0, 4.0, 1024),
        Measured(1_000_000, "polars", 1, 2.5),
        Measured(1_000_000, "polars by file", 1, 2.0),
        Measured(1_000_000, "duckdb", 1, failure="not installed"),
        Measured(1_000_000, "engine", 12, 12.0, 14.0, 2048),
        Measured(10_000_000, "engine", 1, 36.0),
    ]
    said = {ratio.what: (ratio.value, ratio.target, ratio.verdict) for ratio in ratios(found)}
    assert said == {
        "1,000,000: Holdfast / straight polars, 1 cutoff": (1.5, 1.5, "met"),
        "1,000,000: Holdfast, 12 cutoffs / 1": (4.0, 3, "MISSED"),
        "1,000,000: peak of Holdfast, GiB": (2.0, None, ""),
        "10,000,000 / 1,000,000: Holdfast, cutoffs: 1": (12.0, 12.0, "met"),
    }
    assert "not installed" in tables(found)
