"""The same features in featuretools: purchases and all transactions as children of customers, a pass for each window.

`dfs` would write down these features itself, with many more, and call the same `calculate_feature_matrix`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import featuretools as ft
import pandas as pd
from featuretools.primitives import Count, Last, Max, Mean, Min, Sum, TimeSinceFirst, TimeSinceLast

from tests.benchmarks.declared import (
    ACTIVE_DAYS,
    BASKET,
    DAYS,
    FEATURES,
    MONEY_SCALE,
    ORDERS,
    RECENCY,
    SPENT,
    TENURE,
    midnight,
)

SECONDS_PER_DAY = 86_400


def query(store: Path, out: Path, cutoffs: Sequence[date]) -> None:
    """Write the features of each cutoff, a file each."""
    log = pd.read_parquet(
        store / "transactions", columns=["transaction_id", "customer_id", "occurred_at", "amount"]
    ).assign(occurred_at=lambda rows: rows["occurred_at"].dt.tz_localize(None))
    purchases = log[log["amount"] > 0]
    entities = _entities(log, purchases)
    counts = _feature(entities, "purchases", "transaction_id", Count)
    sums = _feature(entities, "transactions", "amount", Sum)
    whole_life = [_feature(entities, "purchases", "amount", op) for op in (Mean, Max, Min, Last)]
    whole_life += [_feature(entities, "purchases", "occurred_at", op) for op in (TimeSinceLast, TimeSinceFirst)]
    for cutoff in cutoffs:
        instant = pd.Timestamp(midnight(cutoff)).tz_localize(None)
        lately = purchases["occurred_at"].between(instant - timedelta(days=ACTIVE_DAYS), instant, inclusive="left")
        cohort = pd.DataFrame({"customer_id": purchases.loc[lately, "customer_id"].unique(), "time": instant})
        found = {}
        for orders, spent, days in zip(ORDERS, SPENT, (*DAYS, None), strict=True):
            matrix = ft.calculate_feature_matrix(
                [counts, sums] if days else [counts, sums, *whole_life],
                entities,
                cutoff_time=cohort,
                training_window=f"{days} days" if days else None,
                include_cutoff_time=False,
            ).loc[cohort["customer_id"]]
            found[orders], found[spent] = matrix.iloc[:, 0], matrix.iloc[:, 1] / MONEY_SCALE
        for position, name in enumerate(BASKET, start=2):
            found[name] = matrix.iloc[:, position] / MONEY_SCALE
        found[RECENCY], found[TENURE] = matrix.iloc[:, 6] / SECONDS_PER_DAY, matrix.iloc[:, 7] / SECONDS_PER_DAY
        table = pd.DataFrame(found)[FEATURES].astype("float64").rename_axis("customer_id").reset_index()
        table["customer_id"] = table["customer_id"].astype(str)
        table.assign(cutoff=cutoff).to_parquet(out / f"{cutoff}.parquet", index=False)


def _entities(log: pd.DataFrame, purchases: pd.DataFrame) -> ft.EntitySet:
    entities = ft.EntitySet("shop")
    customers = pd.DataFrame({"customer_id": log["customer_id"].unique()})
    entities.add_dataframe(customers, "customers", index="customer_id", logical_types={"customer_id": "Categorical"})
    for name, rows in (("transactions", log), ("purchases", purchases)):
        types = {"customer_id": "Categorical", "transaction_id": "Unknown", "amount": "Integer"}
        entities.add_dataframe(rows, name, index="transaction_id", time_index="occurred_at", logical_types=types)
        entities.add_relationship("customers", "customer_id", name, "customer_id")
    return entities


def _feature(entities: ft.EntitySet, table: str, column: str, op: type) -> ft.Feature:
    return ft.Feature(entities[table].ww[column], parent_dataframe_name="customers", primitive=op)
