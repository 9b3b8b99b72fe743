"""Reading a store by bucket, and learning from a sample of a large company."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from configs.errors import DataError
from configs.settings import Settings
from features.time import Cutoff
from features.timeline import Bucket
from pipelines.build import families_of, open_store, sampled, tables_by_bucket
from pipelines.ingest import ingest
from pipelines.storage import bucket_of

SettingsFor = Callable[..., Settings]
IDS = pl.DataFrame({"customer_id": [f"C{i}" for i in range(4000)]})


def test_a_sample_is_a_share_of_the_customers_with_all_their_rows() -> None:
    orders = pl.concat([IDS, IDS, IDS])
    found = sampled(Bucket({"customers": IDS, "transactions": orders}), 0.25)
    assert found["customers"].height == pytest.approx(1000, abs=100)
    assert found["transactions"].height == 3 * found["customers"].height
    assert set(found["transactions"]["customer_id"]) == set(found["customers"]["customer_id"])


def test_a_customer_is_in_whatever_the_others_and_every_bucket_gives_its_share() -> None:
    whole = sampled(Bucket({"customers": IDS}), 0.25)["customers"]
    alone = pl.concat(sampled(Bucket({"customers": IDS[i : i + 1]}), 0.25)["customers"] for i in range(200))
    assert alone["customer_id"].to_list() == [i for i in whole["customer_id"].to_list() if int(i[1:]) < 200]
    larger = sampled(Bucket({"customers": IDS}), 0.5)["customers"]
    assert set(whole["customer_id"]) < set(larger["customer_id"])
    by_bucket = whole.group_by(bucket_of(pl.col("customer_id"), 8).alias("bucket")).len()
    assert by_bucket.height == 8 and by_bucket["len"].min() > 80


def test_nothing_is_dropped_where_all_fit() -> None:
    assert sampled(Bucket({"customers": IDS}), 1.7)["customers"] is IDS


def test_the_tables_of_a_store_switch_on_their_families(
    settings_for: SettingsFor, cutoff: Cutoff, tmp_path: Path
) -> None:
    sales = pl.DataFrame(
        [("T1", "C1", "2024-05-30", "10"), ("T2", "C2", "2024-05-30", "20")],
        schema=["transaction_id", "customer_id", "occurred_at", "amount"],
        orient="row",
    )
    settings = settings_for({"transactions": sales})
    with pytest.raises(DataError, match="holdfast ingest --as-of 2024-06-01"):
        open_store(settings, cutoff)
    store = ingest(settings, cutoff, lambda line: None)
    assert open_store(settings, cutoff) == store.resolve()
    names = {family.name for family in families_of(store, settings)}
    assert {"rhythm", "rfm", "trend", "btyd", "calendar", "market"} <= names
    assert not names & {"complaints", "promises", "satisfaction", "ties", "loyalty", "contract", "profile"}
    buckets = list(tables_by_bucket(store))
    assert [sorted(tables) for tables in buckets] == [["customers", "transactions"]] * 2
    assert sorted(row for tables in buckets for row in tables["customers"]["customer_id"]) == ["C1", "C2"]


@pytest.mark.parametrize(("day", "warned"), [("2024-05-18", False), ("2024-05-17", True)])
def test_an_export_that_stopped_is_pointed_out(
    settings_for: SettingsFor, cutoff: Cutoff, day: str, warned: bool
) -> None:
    sale = pl.DataFrame({"transaction_id": ["T1"], "customer_id": ["C1"], "occurred_at": [day], "amount": ["10"]})
    lines: list[str] = []
    ingest(settings_for({"transactions": sale}), cutoff, lines.append)
    assert any("the newest is 15 days older than 2024-06-01" in line for line in lines) == warned
