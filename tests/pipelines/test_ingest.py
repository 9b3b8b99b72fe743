"""Ingest: what is stored, what is not yet known, and when the store of yesterday stays."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.storage import MANIFEST, bucket_file, bucket_of, hashes_below, read_json

SettingsFor = Callable[..., Settings]
Stored = Callable[[Path, str], pl.DataFrame]


def silent(line: str) -> None:
    """A log for those who do not look at it."""


def transactions(*rows: tuple[str | None, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["transaction_id", "customer_id", "occurred_at", "amount"], orient="row")


SALES = transactions(
    ("T1", "C1", "2024-05-01", "10"),
    ("T2", "C1", "2024-04-01", "20.50"),
    ("T3", "C2", "2024-05-03", "-5"),
)


def test_the_store_holds_canonical_rows(settings_for: SettingsFor, stored: Stored, cutoff: Cutoff) -> None:
    store = ingest(settings_for({"transactions": SALES}, buckets=1), cutoff, silent)

    rows = stored(store, "transactions")
    assert rows.select("transaction_id", "customer_id", "amount").rows() == [
        ("T2", "C1", 205_000),
        ("T1", "C1", 100_000),
        ("T3", "C2", -50_000),
    ]
    assert rows["known_at"].equals(rows["occurred_at"])
    assert {"cost", "channel", "product"} <= set(rows.columns)  # optional columns are there, empty
    assert store.resolve() == (store.parents[2] / "2024-06-01").resolve()


def test_rows_at_the_cutoff_are_not_yet_known(settings_for: SettingsFor, stored: Stored, cutoff: Cutoff) -> None:
    sales = transactions(
        ("before", "C1", "2024-05-31 23:59:59.999999", "1"),
        ("at", "C1", "2024-06-01 00:00", "1"),
        ("after", "C1", "2024-07-01", "nonsense"),  # not judged before it is known
        ("learned late", "C1", "2024-05-01", "1"),
        ("learned before it happened", "C1", "2024-06-02", "1"),
    ).with_columns(known_at=pl.Series([None, None, None, "2024-06-01", "2024-05-01"]))

    store = ingest(settings_for({"transactions": sales}), cutoff, silent)

    assert stored(store, "transactions")["transaction_id"].to_list() == ["before"]
    counts = read_json(store / MANIFEST)["tables"]["transactions"]
    assert (counts["rows"], counts["kept"], counts["quarantined"], counts["not_yet_known"]) == (5, 1, 0, 4)


def test_a_day_begins_in_the_business_zone(settings_for: SettingsFor, stored: Stored) -> None:
    sales = transactions(("known", "C1", "2024-05-31 21:59", "1"), ("not yet", "C1", "2024-05-31 22:00", "1"))

    store = ingest(settings_for({"transactions": sales}), Cutoff(date(2024, 6, 1), ZoneInfo("Europe/Berlin")), silent)

    assert stored(store, "transactions")["transaction_id"].to_list() == ["known"]  # midnight in Berlin is 22:00 UTC


def test_cells_filled_in_later_are_empty(settings_for: SettingsFor, stored: Stored, cutoff: Cutoff) -> None:
    complaints = pl.DataFrame(
        {
            "complaint_id": ["known", "at the cutoff", "rated later"],
            "customer_id": ["C1", "C1", "C1"],
            "opened_at": ["2024-05-01", "2024-05-02", "2024-05-03"],
            "cause": ["delay", "delay", "price"],
            "first_response_at": ["2024-05-02", "2024-05-31", None],
            "resolved_at": ["2024-05-31 23:59", "2024-06-01", "2024-05-04"],
            "satisfaction": ["4", None, "1"],
            "satisfaction_at": ["2024-05-31", None, "2024-06-05"],
        }
    )

    store = ingest(settings_for({"transactions": SALES, "complaints": complaints}), cutoff, silent)

    found = stored(store, "complaints").sort("opened_at")
    assert found["resolved_at"].dt.strftime("%m-%d").to_list() == ["05-31", None, "05-04"]
    assert found["first_response_at"].dt.strftime("%m-%d").to_list() == ["05-02", "05-31", None]
    assert found["satisfaction"].to_list() == [4.0, None, None]
    assert found["satisfaction_at"].dt.strftime("%m-%d").to_list() == ["05-31", None, None]


def test_customers_are_derived_where_no_source_gives_them(
    settings_for: SettingsFor, stored: Stored, cutoff: Cutoff
) -> None:
    store = ingest(settings_for({"transactions": SALES}), cutoff, silent)

    customers = stored(store, "customers").sort("customer_id")
    assert customers.select("customer_id", "signed_up_on", "account_manager").rows() == [
        ("C1", datetime(2024, 4, 1, tzinfo=UTC), None),
        ("C2", datetime(2024, 5, 3, tzinfo=UTC), None),
    ]


def test_complaint_updates_find_their_customer(settings_for: SettingsFor, stored: Stored, cutoff: Cutoff) -> None:
    complaints = pl.DataFrame(
        {"complaint_id": ["K1", "K2"], "customer_id": ["C2", "C1"], "opened_at": ["2024-05-01", "2024-05-02"]}
    ).with_columns(cause=pl.lit("other"), first_response_at=pl.lit(None), resolved_at=pl.lit(None))
    updates = pl.DataFrame({"complaint_id": ["K2", "K1"], "sent_at": ["2024-05-03", "2024-05-04"]})

    tables = {"transactions": SALES, "complaints": complaints, "complaint_updates": updates}
    store = ingest(settings_for(tables), cutoff, silent)

    found = stored(store, "complaint_updates").sort("complaint_id")
    assert found.select("complaint_id", "customer_id").rows() == [("K1", "C2"), ("K2", "C1")]


def test_a_customer_is_in_one_bucket(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    sales = transactions(*((f"T{n}", f"C{n % 40}", f"2024-05-{n % 28 + 1:02}", "1") for n in range(400)))

    store = ingest(settings_for({"transactions": sales}, buckets=3), cutoff, silent)

    assert read_json(store / MANIFEST)["buckets"] == 3
    ids = [
        set(pl.read_parquet(bucket_file(store, table, bucket))["customer_id"])
        for table in ("transactions", "customers")
        for bucket in range(3)
    ]
    assert ids[:3] == ids[3:]
    assert all(len(bucket) > 4 for bucket in ids[:3])
    assert sum(map(len, ids[:3])) == len(set.union(*ids[:3])) == 40


def test_the_bucket_of_an_id_never_changes() -> None:
    ids = pl.DataFrame({"customer_id": ["", "a", "abc", None]})

    # Published values of xxHash64, seed 0: ef46db3751d8e999, d24ec4f1a98c6e5b, 44bc2cf5ad770999; the last 12 bits.
    assert ids.select(bucket_of(pl.col("customer_id"), 4096)).to_series().to_list() == [0x999, 0xE5B, 0x999, 0]


def test_a_second_run_makes_no_second_revision(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    settings = settings_for({"transactions": SALES})

    first = ingest(settings, cutoff, silent)
    assert ingest(settings, cutoff, silent) == first
    assert [path.name for path in first.parent.iterdir()] == ["1"]

    changed = ingest(settings_for({"transactions": SALES.head(2)}), cutoff, silent)
    assert (first.name, changed.name) == ("1", "2")
    assert hashes_below(first) == read_json(first / MANIFEST)["files"]  # the old one is kept as it was


def test_the_order_of_rows_and_columns_does_not_matter(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    doubtful = transactions(
        ("T1", "C1", "2024-05-01", "11"),  # T1 again, with another amount
        ("T2", "C1", "2024-04-01", "20.50"),  # T2 again, learned later
        ("T9", "C2", "2024-05-01", "one"),  # two rows that differ only in what cannot be read
        ("T9", "C2", "2024-05-01", "two"),
    ).with_columns(known_at=pl.Series([None, "2024-05-09", None, None]))
    sales = pl.concat([SALES, doubtful], how="diagonal")

    hashes = set()
    for seed in range(5):
        shuffled = sales.sample(fraction=1, shuffle=True, seed=seed).select(sales.columns[:: 1 if seed % 2 else -1])
        store = ingest(settings_for({"transactions": shuffled}), cutoff, silent)
        hashes.add(read_json(store / MANIFEST)["data_hash"])

    assert len(hashes) == 1


def test_a_column_that_nobody_asked_for_is_named_once(settings_for: SettingsFor, cutoff: Cutoff) -> None:
    lines: list[str] = []
    more = SALES.with_columns(colour=pl.lit("red"), weight=pl.lit(1), known_at=pl.lit(None))

    plain, wide = (
        read_json(ingest(settings_for({"transactions": frame}), cutoff, lines.append) / MANIFEST)["data_hash"]
        for frame in (SALES, more)
    )

    assert plain == wide
    assert [line for line in lines if "no such columns" in line] == [
        "warning: [sources.transactions]: transactions has no such columns, ignored: colour, weight"
    ]
