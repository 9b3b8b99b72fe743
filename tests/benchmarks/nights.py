"""How long a night takes that reads only what is new, beside one that reads everything (`make bench-nights`)."""

import argparse
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from configs.settings import Settings
from features.contract import MONEY_SCALE
from features.tables import TABLES
from features.time import INSTANT, Cutoff
from pipelines.buckets import read_bucket
from pipelines.ingest import ingest
from tests.benchmarks.declared import LAST_DAY
from tests.benchmarks.order_log import write_store

NEW_SHARE = 0.001
MANAGERS = 200


def settings_of(root: Path, drops: Path, incremental: bool) -> Settings:
    tables = ("customers", "transactions")
    sources = {table: {"path": str(drops / table), "incremental": incremental} for table in tables}
    return Settings.model_validate({"name": "bench", "root": str(root), "sources": sources, "ingest": {"buckets": 16}})


def drop_everything(drops: Path, transactions: int, customers: int) -> None:
    """The raw export of a made order log in files, each in the order of time: amounts in currency units, and customers
    with an account manager."""
    store = write_store(drops.parent / "made", transactions, customers)
    for table in ("customers", "transactions"):
        (drops / table).mkdir(parents=True)
        for number, file in enumerate(sorted((store / table).glob("*.parquet"))):
            amounts = ["amount", "cost"] if table == "transactions" else []
            raw = pl.read_parquet(file).with_columns(pl.col(amounts) / MONEY_SCALE).drop("known_at")
            if table == "customers":
                raw = raw.with_columns(account_manager=pl.format("M{}", pl.int_range(pl.len()) % MANAGERS))
            raw = raw.sort("signed_up_on" if table == "customers" else "occurred_at")
            raw.write_parquet(drops / table / f"0000-{number:04d}.parquet")
    shutil.rmtree(store)


def drop_new(drops: Path, night: int, rows: int, customers: int) -> None:
    """A night's new transactions, of customers drawn at random, and as large a share of new customers."""
    random = np.random.default_rng(night)
    instant = pl.lit(LAST_DAY + timedelta(days=night - 1)).cast(INSTANT)
    cents = pl.Series("cents", random.integers(100, 9000, rows))
    transactions = pl.DataFrame({"number": random.integers(0, customers, rows), "amount": cents / 100}).select(
        transaction_id=pl.format("N{}-{}", pl.lit(night), pl.int_range(pl.len())),
        customer_id=pl.concat_str(pl.lit("C"), pl.col("number").cast(pl.String).str.zfill(8)),
        occurred_at=instant,
        amount="amount",
    )
    new = pl.select(customer_id=pl.format("N{}-{}", pl.lit(night), pl.int_range(int(customers * NEW_SHARE))))
    for table, frame in (("transactions", transactions), ("customers", new.with_columns(signed_up_on=instant))):
        like = pl.read_parquet(drops / table / "0000-0000.parquet", n_rows=0)
        frame = pl.concat([like, frame], how="diagonal").select(like.columns)
        frame.write_parquet(drops / table / f"{night:04d}.parquet")


def timed(settings: Settings, day: date) -> tuple[float, float, Path]:
    """Seconds of an ingest, of the clock and of the processors, and the store."""
    began, began_work = time.perf_counter(), time.process_time()
    store = ingest(settings, Cutoff(day, ZoneInfo("UTC")), lambda _: None)
    return time.perf_counter() - began, time.process_time() - began_work, store


def same_rows(store: Path, other: Path) -> bool:
    return all(
        read_bucket(store, TABLES[table], bucket).equals(read_bucket(other, TABLES[table], bucket))
        for table in ("customers", "transactions")
        for bucket in range(16)
    )


def main() -> int:
    """Print the table; 1 where a night took more than a tenth of reading everything, or found other rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--transactions", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--nights", type=int, default=3)
    arguments = parser.parse_args()
    new = int(arguments.transactions * NEW_SHARE)
    with tempfile.TemporaryDirectory(prefix="holdfast-nights-") as folder:
        drops = Path(folder) / "drops"
        drop_everything(drops, arguments.transactions, arguments.customers)
        nightly = settings_of(Path(folder) / "nightly", drops, incremental=True)
        print(f"{arguments.transactions:,} transactions of {arguments.customers:,} customers, {new:,} new a night")
        *first, _ = timed(nightly, LAST_DAY)
        print(f"the first night, which reads everything and keeps it: {first[0]:.1f} s, {first[1]:.1f} s of processors")
        nights = []
        for night in range(1, arguments.nights + 1):
            drop_new(drops, night, new, arguments.customers)
            nights.append(timed(nightly, LAST_DAY + timedelta(days=night)))
            print(f"a night that reads what is new: {nights[-1][0]:.1f} s, {nights[-1][1]:.1f} s of processors")
        last = LAST_DAY + timedelta(days=arguments.nights)
        *whole, expected = timed(settings_of(Path(folder) / "whole", drops, incremental=False), last)
        same = same_rows(nights[-1][2], expected)
    print(f"a night that reads everything: {whole[0]:.1f} s, {whole[1]:.1f} s of processors")
    shares = [min(night[number] for night in nights) / whole[number] for number in (0, 1)]
    print(f"what is new takes {shares[0]:.3f} of the time of everything, {shares[1]:.3f} of the processors' time")
    print("the same rows in the end" if same else "OTHER ROWS IN THE END")
    return int(min(shares) > 0.1 or not same)


if __name__ == "__main__":
    sys.exit(main())
