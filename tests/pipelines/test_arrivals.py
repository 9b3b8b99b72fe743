"""Nights that read only what is new end in the same store as one reading of everything, however it was split."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from adbc_driver_postgresql import dbapi
from polars.testing import assert_frame_equal

from configs.errors import DataError
from configs.settings import Settings
from features.tables import TABLES as CANONICAL
from features.time import Cutoff
from pipelines.buckets import bucket_files, read_bucket
from pipelines.erase import erase
from pipelines.ingest import ingest
from pipelines.storage import MANIFEST, read_json

Row = dict[str, Any]
FIRST = date(2026, 1, 1)
TABLES = ("customers", "transactions", "promises")
SCHEMAS = {
    "customers": {"customer_id": pl.String, "signed_up_on": pl.String, "segment": pl.String},
    "transactions": dict.fromkeys(("transaction_id", "customer_id", "occurred_at", "amount", "known_at"), pl.String),
    "promises": dict.fromkeys(("promise_id", "customer_id", "promised_at", "due_at", "kept_at"), pl.String),
}
KEYS = {"customers": "customer_id", "transactions": "transaction_id", "promises": "promise_id"}


def silent(_: str) -> None: ...


def cutoff(night: int) -> Cutoff:
    return Cutoff(FIRST + timedelta(days=night), ZoneInfo("UTC"))


def versions(seed: int, nights: int) -> list[tuple[int, str, Row]]:
    """What a company writes down: (night before whose cutoff it arrives, table, row); later versions replace earlier.

    Some rows are bad, some refer to customers who turn up later, some are known late, some cells lie ahead, and some
    rows come to belong to another customer.
    """
    draw = random.Random(seed)
    customers = [f"C{number}" for number in range(12)]

    def day(least: int, most: int) -> str:
        return str(FIRST + timedelta(days=draw.randint(least, most)))

    def some(table: str, number: int) -> Row:
        if table == "customers":
            return {"customer_id": customers[number], "signed_up_on": day(-9, 0), "segment": draw.choice("abc")}
        who = draw.choice(customers)
        if table == "transactions":
            amount, known = draw.choice(["1.50", "-2", "7", "one"]), draw.choice([None, None, day(0, nights + 2)])
            return {"transaction_id": f"T{number}", "customer_id": who, "occurred_at": day(-9, nights)} | {
                "amount": amount,
                "known_at": known,
            }
        promised = day(-9, 0)
        kept = draw.choice([None, day(0, nights + 2)])
        return {"promise_id": f"P{number}", "customer_id": who, "promised_at": promised, "due_at": promised} | {
            "kept_at": kept
        }

    found = [(1, "transactions", some("transactions", 999) | {"amount": "1", "known_at": None})]
    found[0][2].update(occurred_at="2025-12-01", customer_id="C0")
    found.append((1, "customers", some("customers", 0)))
    for table, count in (("customers", 12), ("transactions", 40), ("promises", 20)):
        for number in range(1, count):
            arrives = draw.randint(1, nights)
            found.append((arrives, table, some(table, number)))
            while draw.random() < 0.3 and arrives < nights:
                arrives = draw.randint(arrives + 1, nights)
                found.append((arrives, table, some(table, number)))
            if draw.random() < 0.2:  # twice in one drop: one of them is bad
                found.append((arrives, table, {**found[-1][2], "signed_up_on": None, "amount": "3", "due_at": None}))
    return [(night, of, {name: row.get(name) for name in SCHEMAS[of]}) for night, of, row in found]


def frame(table: str, rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMAS[table])


def settings_at(root: Path, sources: dict[str, Row], **more: Any) -> Settings:
    ingest = {"buckets": 3, "quarantined_share_limit": 1}
    return Settings.model_validate({"name": "small", "root": str(root), "sources": sources, "ingest": ingest} | more)


def whole(root: Path, written: list[tuple[int, str, Row]], nights: int) -> Path:
    """The store of one reading of everything as it stands in the end."""
    for table in TABLES:
        last = {row[KEYS[table]]: night for night, of, row in sorted(written, key=lambda v: v[0]) if of == table}
        latest = [row for night, of, row in written if of == table and night == last[row[KEYS[table]]]]
        (root / "raw").mkdir(parents=True, exist_ok=True)
        frame(table, latest).write_parquet(root / "raw" / f"{table}.parquet")
    sources = {table: {"path": str(root / "raw" / f"{table}.parquet")} for table in TABLES}
    return ingest(settings_at(root, sources), cutoff(nights), silent)


def drop(root: Path, written: list[tuple[int, str, Row]], night: int) -> None:
    """Put what arrives before a night into a file for each table."""
    for table in TABLES:
        rows = [row for arrives, of, row in written if arrives == night and of == table]
        if rows:
            (root / "drops" / table).mkdir(parents=True, exist_ok=True)
            frame(table, rows).write_csv(root / "drops" / table / f"{night}.csv")


def dropped(root: Path) -> Settings:
    sources = {table: {"path": str(root / "drops" / table), "incremental": True} for table in TABLES}
    return settings_at(root, sources)


def same(store: Path, other: Path) -> None:
    """The same rows in the same order, bucket by bucket, the same counts and refused rows."""
    assert read_json(store / MANIFEST)["tables"] == read_json(other / MANIFEST)["tables"]
    for table in TABLES:
        for bucket in range(3):
            rows = [read_bucket(folder, CANONICAL[table], bucket) for folder in (store, other)]
            assert_frame_equal(*rows, check_exact=True)
            some = [name for name in CANONICAL[table].schema if name not in (*CANONICAL[table].key, "known_at")]
            assert read_bucket(store, CANONICAL[table], bucket, some).equals(rows[1].select(some))
            assert rows[0].equals(rows[0].sort(CANONICAL[table].order))
        files = [folder / "quarantine" / f"{table}.parquet" for folder in (store, other)]
        assert files[0].exists() == files[1].exists()
        if files[0].exists():
            assert_frame_equal(*map(pl.read_parquet, files))


@pytest.mark.parametrize("seed", range(8))
def test_nights_end_where_one_reading_does(seed: int, tmp_path: Path) -> None:
    nights = 4
    written = versions(seed, nights)
    settings = dropped(tmp_path / "nightly")
    for night in range(1, nights + 1):
        drop(settings.root, written, night)
        if night != 3:  # missed: the next one reads two drops
            store = ingest(settings, cutoff(night), silent)

    same(store, whole(tmp_path / "whole", written, nights))
    for link in (settings.root / "store").glob("????-??-??"):
        link.unlink()
    same(store, ingest(settings, cutoff(nights), silent))  # built of all that arrived


def sale(number: int, customer: str = "C1", day: str = "2025-12-01", amount: str = "1") -> Row:
    return {"transaction_id": f"T{number}", "customer_id": customer, "occurred_at": day, "amount": amount}


def put(root: Path, name: str, *rows: Row) -> Path:
    file = root / "drops" / "transactions" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    frame("transactions", list(rows)).write_csv(file)
    return file


def sales_only(root: Path, **more: Any) -> Settings:
    return settings_at(
        root, {"transactions": {"path": str(root / "drops" / "transactions"), "incremental": True} | more}
    )


def ids(store: Path) -> list[str]:
    files = sorted((store / "transactions").glob("*.parquet"))
    return sorted(pl.concat([pl.read_parquet(file) for file in files])["transaction_id"])


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    file = put(tmp_path, "1.csv", sale(1), sale(2, "C2"))
    lines: list[str] = []
    ingest(sales_only(tmp_path), cutoff(1), lines.append)
    put(tmp_path, "2.csv", sale(3))
    file.unlink()  # moved to an archive
    for reading in (tmp_path / "arrivals" / "transactions" / "1").rglob("*.parquet"):
        reading.write_bytes(b"")  # whoever read it would fail

    store = ingest(sales_only(tmp_path), cutoff(2), lines.append)

    assert ids(store) == ["T1", "T2", "T3"]
    assert [line for line in lines if "files" in line] == [
        "transactions: 1 of 1 files are new or changed",
        "transactions: 1 of 1 files are new or changed",
    ]


def test_what_stays_is_linked_and_what_is_new_lies_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "1.csv", *(sale(number, f"C{number}") for number in range(30)))
    before = ingest(sales_only(tmp_path), cutoff(1), silent)
    put(tmp_path, "2.csv", sale(99, "C1"))

    after = ingest(sales_only(tmp_path), cutoff(2), silent)

    files = sorted(path.name for path in (before / "transactions").iterdir())
    assert all((before / "transactions" / name).samefile(after / "transactions" / name) for name in files)
    [added] = {path.name for path in (after / "transactions").iterdir()} - set(files)
    assert added.endswith("+0001.parquet") and pl.read_parquet(after / "transactions" / added).height == 1
    assert ids(after)[-1] == "T99"


def test_many_files_become_one_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.previous.MOST_FILES", 3)
    counts = []
    for night in range(1, 7):
        put(tmp_path, f"{night}.csv", sale(night, day=f"2025-12-{20 - night}"))
        store = ingest(sales_only(tmp_path), cutoff(night), silent)
        counts.append(max(len(bucket_files(store, "transactions", bucket)) for bucket in range(3)))

    assert counts == [1, 2, 3, 4, 1, 2]
    rows = [read_bucket(store, CANONICAL["transactions"], bucket, ["transaction_id"]) for bucket in range(3)]
    assert pl.concat(rows)["transaction_id"].to_list() == ["T6", "T5", "T4", "T3", "T2", "T1"]  # by time


def test_a_file_that_grew_is_read_again_and_replaces_what_it_said(tmp_path: Path) -> None:
    put(tmp_path, "1.csv", sale(1, amount="1"))
    ingest(sales_only(tmp_path), cutoff(1), silent)
    put(tmp_path, "1.csv", sale(1, amount="2.50"), sale(2))

    store = ingest(sales_only(tmp_path), cutoff(2), silent)

    rows = pl.concat([pl.read_parquet(file) for file in (store / "transactions").iterdir()]).sort("transaction_id")
    assert rows.select("transaction_id", "amount").rows() == [("T1", 25_000), ("T2", 10_000)]


def test_an_older_day_is_built_of_all_that_arrived(tmp_path: Path) -> None:
    put(tmp_path, "1.csv", sale(1), sale(2, day="2026-01-02"))
    ingest(sales_only(tmp_path), cutoff(5), silent)

    assert ids(ingest(sales_only(tmp_path), cutoff(1), silent)) == ["T1"]
    assert ids(ingest(sales_only(tmp_path), cutoff(6), silent)) == ["T1", "T2"]


def test_what_arrived_in_a_night_that_failed_is_not_lost(tmp_path: Path) -> None:
    put(tmp_path, "1.csv", sale(1))
    settings = sales_only(tmp_path)
    strict = settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"quarantined_share_limit": 0.1})})
    ingest(strict, cutoff(1), silent)
    put(tmp_path, "2.csv", sale(2), sale(3, amount="one"))
    with pytest.raises(DataError, match="1 of 3 rows are bad"):
        ingest(strict, cutoff(2), silent)
    put(tmp_path, "3.csv", *(sale(number) for number in range(3, 20)))

    assert len(ids(ingest(strict, cutoff(2), silent))) == 19


def test_another_mapping_or_the_word_afresh_reads_everything_again(tmp_path: Path) -> None:
    file = put(tmp_path, "1.csv", sale(1), sale(2))
    ingest(sales_only(tmp_path), cutoff(1), silent)
    put(tmp_path, "2.csv", sale(3))
    lines: list[str] = []

    store = ingest(
        sales_only(tmp_path, sql="select * from source where transaction_id <> 'T2'"), cutoff(2), lines.append
    )
    assert ids(store) == ["T1", "T3"] and "transactions: 2 of 2 files are new or changed" in lines

    file.unlink()
    assert ids(ingest(sales_only(tmp_path), cutoff(2), silent)) == ["T3"]  # the first mapping again: what is there
    put(tmp_path, "2.csv", sale(4))
    assert ids(ingest(sales_only(tmp_path), cutoff(2), silent, afresh=True)) == ["T4"]
    assert [path.name for path in (tmp_path / "arrivals" / "transactions").iterdir() if path.is_dir()] == ["5"]


def test_customers_who_vanish_take_their_rows_with_them(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    sources = {"path": str(tmp_path / "drops" / "transactions"), "incremental": True}
    settings = settings_at(tmp_path, {"transactions": sources, "customers": {"path": str(file)}})
    file.write_text("customer_id\nC1\nC2\n")
    put(tmp_path, "1.csv", sale(1), sale(2, "C2"), sale(3, "C3"))

    assert ids(ingest(settings, cutoff(1), silent)) == ["T1", "T2"]
    file.write_text("customer_id\nC1\nC3\n")
    assert ids(ingest(settings, cutoff(2), silent)) == ["T1", "T3"]


def test_nothing_new_is_the_same_store(tmp_path: Path) -> None:
    put(tmp_path, "1.csv", sale(1), sale(2, "C2"), sale(3, amount="one"))
    first = ingest(sales_only(tmp_path), cutoff(1), silent)

    assert ingest(sales_only(tmp_path), cutoff(1), silent) == first


def test_who_is_erased_is_gone_from_what_arrived(tmp_path: Path) -> None:
    put(tmp_path, "1.csv", sale(1), sale(2, "C2"), sale(3, "C2", amount="one"))
    ingest(sales_only(tmp_path), cutoff(1), silent)

    removed = erase(sales_only(tmp_path), "C2", FIRST, silent)
    put(tmp_path, "2.csv", sale(4), sale(5, "C2"))
    store = ingest(sales_only(tmp_path), cutoff(2), silent)

    assert removed["arrivals"] == 2 and ids(store) == ["T1", "T4"]
    files = [file for part in ("arrivals", "store") for file in (tmp_path / part).rglob("*.parquet")]
    assert not [file for file in files if "C2" in str(pl.read_parquet(file).to_dicts())]


def test_a_folder_without_files(tmp_path: Path) -> None:
    (tmp_path / "drops" / "transactions").mkdir(parents=True)

    with pytest.raises(DataError, match="no such file"):
        ingest(sales_only(tmp_path), cutoff(1), silent)


def test_new_objects_only(bucket: str, put: Callable[[str, str], None], tmp_path: Path) -> None:
    source = {"transactions": {"path": f"s3://{bucket}/drops/*.csv", "incremental": True}}
    put("drops/1.csv", frame("transactions", [sale(1)]).write_csv())
    lines: list[str] = []
    ingest(settings_at(tmp_path, source), cutoff(1), lines.append)
    put("drops/2.csv", frame("transactions", [sale(2)]).write_csv())

    store = ingest(settings_at(tmp_path, source), cutoff(2), lines.append)

    assert ids(store) == ["T1", "T2"] and "transactions: 1 of 2 files are new or changed" in lines


class Shop:
    """A database of one table of sales, and settings that read what is new of it."""

    def __init__(self, address: str, root: Path, column: str = "updated_at") -> None:
        self.address = address
        query = f"select transaction_id, customer_id, occurred_at, amount, {column} from sales;"
        source = {"uri": "${SHOP_DATABASE}", "query": query, "watermark": "updated_at", "overlap_minutes": 30}
        self.settings = settings_at(root, {"transactions": source})
        self.do(
            "create table sales (transaction_id text primary key, customer_id text, occurred_at date, amount numeric, "
            "updated_at timestamptz)"
        )

    def do(self, statement: str) -> None:
        with dbapi.connect(self.address, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def sell(self, number: int, updated_at: str, customer: str = "C1", amount: str = "1") -> None:
        self.do(
            f"insert into sales values ('T{number}', '{customer}', '2025-12-01', {amount}, {updated_at}) "
            "on conflict (transaction_id) do update set customer_id = excluded.customer_id, amount = excluded.amount, "
            "updated_at = excluded.updated_at"
        )


@pytest.fixture
def shop(postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("SHOP_DATABASE", postgresql)
    return Shop(postgresql, tmp_path)


def test_rows_from_the_watermark_on(shop: Shop, tmp_path: Path) -> None:
    shop.sell(1, "'2026-01-01 10:00+00'")
    shop.sell(2, "'2026-01-01 12:00+00'", "C2")
    lines: list[str] = []
    ingest(shop.settings, cutoff(1), lines.append)
    shop.sell(3, "'2026-01-01 11:45+00'")  # committed late: within the overlap of half an hour
    shop.sell(4, "'2026-01-01 11:00+00'")  # and beyond it
    shop.sell(2, "'2026-01-01 13:00+02'", "C7", "2.50")  # another customer's now, in another bucket
    shop.sell(5, "'2026-01-01 14:00+00'")

    store = ingest(shop.settings, cutoff(2), lines.append)

    assert [line for line in lines if "rows read" in line] == [
        "transactions: 2 rows read",
        "transactions: 2 rows read from 2026-01-01 11:30:00+00:00 on",
    ]
    assert ids(store) == ["T1", "T2", "T3", "T5"]


def test_a_row_that_changed_hands_is_one_row(shop: Shop) -> None:
    for number in range(1, 9):
        shop.sell(number, "'2026-01-01 10:00+00'", f"C{number}")
    ingest(shop.settings, cutoff(1), silent)
    for number in range(1, 9):
        shop.sell(number, "'2026-01-01 12:00+00'", f"C{number + 1}")

    store = ingest(shop.settings, cutoff(2), silent)

    assert ids(store) == [f"T{number}" for number in range(1, 9)]
    assert ids(ingest(shop.settings, cutoff(2), silent, afresh=True)) == ids(store)


@pytest.mark.parametrize(("kind", "first", "later"), [("date", "1", "2"), ("timestamp", "1 23:30", "1 23:59:59.5")])
def test_other_kinds_of_watermark(kind: str, first: str, later: str, shop: Shop) -> None:
    shop.do(f"alter table sales alter column updated_at type {kind}")
    shop.sell(1, f"'2026-01-0{first}'")
    ingest(shop.settings, cutoff(1), silent)
    shop.sell(2, f"'2026-01-0{later}'")
    shop.sell(3, "'2025-01-01'")

    assert ids(ingest(shop.settings, cutoff(2), silent)) == ["T1", "T2"]


def test_what_a_watermark_must_be(shop: Shop, postgresql: str, tmp_path: Path) -> None:
    shop.sell(1, "'2026-01-01 10:00+00'")
    ingest(shop.settings, cutoff(1), silent)
    shop.sell(2, "null")

    with pytest.raises(DataError, match=r"updated_at, the `watermark`, is empty in 1 of 2 rows. .*coalesce"):
        ingest(shop.settings, cutoff(2), silent)
    shop.do("delete from sales where updated_at is null")
    for column, words in (("1 as updated_at", "is no time"), ("2 as other", "no column updated_at")):
        query = f"select transaction_id, customer_id, occurred_at, amount, {column} from sales"
        source = shop.settings.source("transactions").model_copy(update={"query": query})
        with pytest.raises(DataError, match=words):
            ingest(shop.settings.model_copy(update={"sources": {"transactions": source}}), cutoff(2), silent)
    assert ids(ingest(shop.settings, cutoff(2), silent)) == ["T1"]
