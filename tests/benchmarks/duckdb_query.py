"""The same features in SQL, one query a cutoff."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from tests.benchmarks.declared import (
    BASKET,
    BOUGHT_LATELY,
    MICROSECONDS_PER_DAY,
    MONEY_SCALE,
    ORDERS,
    RECENCY,
    SPENT,
    TENURE,
    midnight,
    starts,
)


def query(store: Path, out: Path, cutoffs: Sequence[date]) -> None:
    """Write the features of each cutoff, a file each."""
    for cutoff in cutoffs:
        duckdb.execute(f"COPY ({_sql(store, cutoff)}) TO '{out / f'{cutoff}.parquet'}' (FORMAT parquet)")


def _sql(store: Path, cutoff: date) -> str:
    """Files are in the order of time within a customer, so the greatest row number is the latest."""
    instant = f"TIMESTAMPTZ '{midnight(cutoff)}'"
    since = [f"occurred_at >= TIMESTAMPTZ '{start}'" for start in starts(cutoff)] + ["true"]
    mean, largest, smallest, last = BASKET
    orders = [
        f"count(*) FILTER (amount > 0 AND {inside})::DOUBLE AS {name}"
        for name, inside in zip(ORDERS, since, strict=True)
    ]
    spent = [
        f"coalesce(sum(amount) FILTER ({inside}), 0)::DOUBLE / {MONEY_SCALE} AS {name}"
        for name, inside in zip(SPENT, since, strict=True)
    ]
    basket = [
        f"{function} FILTER (amount > 0) / {MONEY_SCALE} AS {name}"
        for name, function in {
            mean: "avg(amount)",
            largest: "max(amount)",
            smallest: "min(amount)",
            last: "arg_max(amount, file_row_number)",
        }.items()
    ]
    times = [
        f"(epoch_us({instant}) - epoch_us({op}(occurred_at) FILTER (amount > 0))) / {MICROSECONDS_PER_DAY} AS {name}"
        for name, op in {RECENCY: "max", TENURE: "min"}.items()
    ]
    return f"""
        SELECT customer_id, DATE '{cutoff}' AS cutoff, {", ".join(orders + spent + basket + times)}
        FROM read_parquet('{store}/transactions/*.parquet', file_row_number = true)
        WHERE occurred_at < {instant} GROUP BY customer_id HAVING {BOUGHT_LATELY} > 0
    """
