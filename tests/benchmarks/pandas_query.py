"""The same features in pandas: all transactions in memory, one group-by a window."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from tests.benchmarks.declared import (
    BASKET,
    BOUGHT_LATELY,
    FEATURES,
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
    log = pd.read_parquet(store / "transactions", columns=["customer_id", "occurred_at", "amount"])
    log["customer"], ids = pd.factorize(log.pop("customer_id"))
    for cutoff in cutoffs:
        instant = pd.Timestamp(midnight(cutoff))
        events = log[log["occurred_at"] < instant]
        purchases = events[events["amount"] > 0]
        by_customer = purchases.groupby("customer")
        found = by_customer["amount"].agg(["mean", "max", "min", "last"]).set_axis(BASKET, axis="columns")
        times = by_customer["occurred_at"]
        found[RECENCY] = (instant - times.max()) / pd.Timedelta(days=1)
        found[TENURE] = (instant - times.min()) / pd.Timedelta(days=1)
        since = [*map(pd.Timestamp, starts(cutoff)), None]
        for orders, spent, start in zip(ORDERS, SPENT, since, strict=True):
            bought = purchases if start is None else purchases[purchases["occurred_at"] >= start]
            moved = events if start is None else events[events["occurred_at"] >= start]
            found[orders] = bought.groupby("customer").size()
            found[spent] = moved.groupby("customer")["amount"].sum()
        found[ORDERS + SPENT] = found[ORDERS + SPENT].fillna(0)
        found[SPENT + BASKET] /= MONEY_SCALE
        found = found[found[BOUGHT_LATELY] > 0]
        keys = pd.DataFrame({"customer_id": ids[found.index], "cutoff": cutoff}, index=found.index)
        pd.concat([keys, found[FEATURES].astype("float64")], axis="columns").to_parquet(out / f"{cutoff}.parquet")
