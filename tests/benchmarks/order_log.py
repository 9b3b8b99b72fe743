"""A made order log, written as an ingested store: canonical columns and order, a file for each customer bucket.

It is made bucket by bucket, so that 200 M transactions need little more memory than 20 M.
"""

from pathlib import Path

import numpy as np
import polars as pl

from features.tables import TABLES
from features.time import INSTANT
from pipelines.storage import MANIFEST, bucket_file, bucket_of, write_json
from tests.benchmarks.declared import FIRST_DAY, LAST_DAY, MONEY_SCALE, midnight

RETURNED_SHARE = 0.03
SAME_INSTANT_SHARE = 0.02
TRANSACTIONS_PER_BUCKET = 1_250_000
MILLISECONDS_PER_DAY = 86_400_000
FIRST_MICROSECOND = int(midnight(FIRST_DAY).timestamp()) * 1_000_000


def write_store(folder: Path, transactions: int, customers: int, seed: int = 1) -> Path:
    """Write a store with this many transactions, at least one a customer, and return its folder.

    A few customers buy most: their frequencies are log-normal. Each buys over a span of their own, so that at any
    cutoff some are new and others have long left.
    """
    random = np.random.default_rng(seed)
    weights = random.lognormal(0, 1.2, customers)
    frequency = 1 + random.multinomial(transactions - customers, weights / weights.sum())
    buckets = max(2, round(transactions / TRANSACTIONS_PER_BUCKET))
    ids = pl.select(customer_id=_text("C", pl.int_range(customers), 8))
    bucket_of_customer = ids.select(bucket_of(pl.col("customer_id"), buckets)).to_series().to_numpy()
    written = 0
    for bucket in range(buckets):
        chosen = np.flatnonzero(bucket_of_customer == bucket)
        rows = _transactions(chosen, frequency[chosen], written, random)
        written += rows.height
        joined = rows.group_by("customer_id", maintain_order=True).agg(signed_up_on=pl.col("occurred_at").first())
        for name, table in (("transactions", rows), ("customers", joined)):
            path = bucket_file(folder, name, bucket)
            path.parent.mkdir(parents=True, exist_ok=True)
            canonical = pl.concat([TABLES[name].empty(), table], how="diagonal")
            canonical.select(list(TABLES[name].schema)).write_parquet(path)
    write_json(folder / MANIFEST, {"buckets": buckets, "tables": {"transactions": {}}})
    return folder


def _transactions(
    customers: np.ndarray, frequency: np.ndarray, written: int, random: np.random.Generator
) -> pl.DataFrame:
    """Transactions of these customers (ascending numbers), in the order of the table."""
    owner = np.repeat(np.arange(len(customers)), frequency)
    rows = len(owner)
    period = (LAST_DAY - FIRST_DAY).days * MILLISECONDS_PER_DAY
    joined = random.uniform(-0.3, 1, len(customers)).clip(0)
    left = joined + (1 - joined) * random.uniform(0.1, 1.5, len(customers)).clip(max=1)
    times = ((joined[owner] + (left - joined)[owner] * random.random(rows)) * period).astype(np.int64)
    times = np.sort(owner * period + times) - owner * period
    # Now and then two transactions at one instant: the one with the greater id is the later one.
    again = 1 + np.flatnonzero((owner[1:] == owner[:-1]) & (random.random(rows - 1) < SAME_INSTANT_SHARE))
    times[again] = times[again - 1]
    cents = 1 + (random.lognormal(3.5, 0.8, rows) * 100).astype(np.int64)
    numbers = pl.DataFrame(
        {
            "customer": customers[owner],
            "milliseconds": times,
            "amount": np.where(random.random(rows) < RETURNED_SHARE, -cents, cents) * (MONEY_SCALE // 100),
            "product": random.integers(0, 1000, rows, dtype=np.int16),
        }
    )
    product = pl.col("product")
    at = (pl.col("milliseconds") * 1000 + FIRST_MICROSECOND).cast(INSTANT)
    return numbers.select(
        _text("T", pl.int_range(pl.len()) + written, 10).alias("transaction_id"),
        _text("C", pl.col("customer"), 8).alias("customer_id"),
        at.alias("occurred_at"),
        "amount",
        (pl.col("amount") * 6 // 10).alias("cost"),
        (1.0 + product % 3).alias("quantity"),
        _text("P", product, 4).alias("product"),
        _text("G", product // 50, 2).alias("category"),
        pl.when(product % 4 == 0).then(pl.lit("web")).otherwise(pl.lit("shop")).alias("channel"),
        at.alias("known_at"),
    )


def _text(letter: str, number: pl.Expr, digits: int) -> pl.Expr:
    return pl.concat_str(pl.lit(letter), number.cast(pl.String).str.zfill(digits))
