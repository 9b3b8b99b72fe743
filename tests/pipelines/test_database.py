"""Reading from PostgreSQL: a real server, one that is away or silent, and types of its own."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from adbc_driver_postgresql import dbapi

from configs.errors import ConfigError, DataError, DependencyError
from configs.sources import Source
from pipelines.database import CONNECT_SECONDS, WAITS, plain_types
from pipelines.sources import scan

WHERE = "[sources.costs]"


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that would have been waited between attempts."""
    seconds: list[float] = []
    monkeypatch.setattr("pipelines.database.time.sleep", seconds.append)
    return seconds


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


Ask = Callable[..., pl.DataFrame]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Reads the source `costs` from a database."""

    def scan_and_collect(address: str, query: str = "select 1 as cost_id", **more: Any) -> pl.DataFrame:
        monkeypatch.setenv("SHOP_DATABASE_URI", address)
        source = Source(uri="${SHOP_DATABASE_URI}", query=query, **more)
        return scan("costs", source, tmp_path, tmp_path / "fetched").collect()

    return scan_and_collect


@pytest.fixture
def shop(postgresql: str) -> str:
    """Address of a database of 3 costs."""
    with dbapi.connect(postgresql, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table costs as select * from (values (1, '00123', 12.50, timestamptz '2026-01-01 10:00+01', true),"
            " (2, '00124', 0.10, null, false), (3, null, -7, timestamptz '2026-01-03 00:00+00', null))"
            " as costs (cost_id, customer_id, amount, occurred_at, paid)"
        )
    return postgresql


def test_rows_come_as_they_are(ask: Ask, shop: str) -> None:
    frame = ask(shop, "select * from costs order by cost_id;", sql="select cost_id, amount, occurred_at from source")

    assert frame.rows() == [
        (1, "12.50", datetime(2026, 1, 1, 9, tzinfo=UTC)),
        (2, "0.10", None),
        (3, "-7", datetime(2026, 1, 3, tzinfo=UTC)),
    ]
    assert sum(Decimal(amount) for amount in frame["amount"]) == Decimal("5.60")


def test_no_rows_keep_their_types(ask: Ask, shop: str) -> None:
    frame = ask(shop, "select * from costs where false")

    assert frame.is_empty() and frame.schema["amount"] == pl.String and frame.schema["cost_id"] == pl.Int32


def test_rows_are_written_batch_by_batch(ask: Ask, shop: str, tmp_path: Path) -> None:
    frame = ask(shop, "select g as cost_id, repeat('x', 1000) as note from generate_series(1, 50000) g")

    assert frame["cost_id"].to_list() == list(range(1, 50_001))
    pages = pq.ParquetFile(tmp_path / "fetched" / "costs.parquet").metadata
    assert pages.num_row_groups == 4  # 50 MB in batches of 16


def test_whoever_asks_again_is_given_the_same_rows(ask: Ask, shop: str) -> None:
    before = ask(shop, "select count(*) as n from costs")
    with dbapi.connect(shop, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("delete from costs")

    assert before["n"].to_list() == [3] == ask(shop, "select count(*) as n from costs")["n"].to_list()


def test_the_database_is_only_read(ask: Ask, shop: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[sources.costs\] query: it would change the database"):
        ask(shop, "delete from costs returning *")
    with pytest.raises(ConfigError, match="SQLSTATE 42601"):
        ask(shop, "commit; delete from costs returning *")

    assert ask(shop, "select count(*) as n from costs")["n"].to_list() == [3]


@pytest.mark.parametrize(
    "query",
    [
        "select pg_sleep(60)::text",
        "select g, pg_sleep(0.001)::text from generate_series(1, 1000000) g",
        "select * from costs",
    ],
)
def test_a_query_that_hangs_is_ended(query: str, ask: Ask, shop: str, waited: list[float]) -> None:
    with dbapi.connect(shop) as connection, connection.cursor() as cursor:
        cursor.execute("lock table costs")  # which the third waits for
        with pytest.raises(
            DependencyError, match=r"costs\]: the query was not done after 1 s. .*timeout_seconds"
        ) as said:
            ask(shop, query, timeout_seconds=1)

    assert said.value.exit_code == 4 and not waited


def test_a_server_that_dies_amid_the_rows_is_asked_again(
    ask: Ask, shop: str, waited: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = plain_types
    ended: list[int] = []

    def end_the_connection_once(where: str, rows: pl.DataFrame) -> pl.DataFrame:
        if rows.height and not ended:
            ended.append(rows.height)
            with dbapi.connect(shop, autocommit=True) as connection, connection.cursor() as cursor:
                cursor.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'COPY (select g%'"
                )
                assert cursor.fetchall() == [(True,)]
        return plain(where, rows)

    monkeypatch.setattr("pipelines.database.plain_types", end_the_connection_once)
    frame = ask(shop, "select g, repeat('x', 1000) as note from generate_series(1, 100000) g")

    assert ended and waited == [2.0]
    assert frame["g"].to_list() == list(range(1, 100_001))


def test_what_goes_wrong_amid_the_rows_is_told_without_them(ask: Ask, shop: str, waited: list[float]) -> None:
    with pytest.raises(DependencyError, match="the database did not answer the query") as said:
        ask(shop, "select repeat('canary', 100), 1 / (g - 90000) from generate_series(1, 100000) g")

    assert not waited and "canary" not in str(said.value) and said.value.__suppress_context__


def test_a_server_that_is_away(ask: Ask, waited: list[float]) -> None:
    with pytest.raises(DependencyError) as raised:
        ask("postgresql://shop:hunter2@127.0.0.1:1/shop")

    assert raised.value.exit_code == 4
    assert "[sources.costs]: the database did not answer" in str(raised.value)
    assert "hunter2" not in str(raised.value) and "${SHOP_DATABASE_URI}" in str(raised.value)
    assert raised.value.__suppress_context__
    assert waited == [2.0, 5.0]


class Refusal(Exception):
    """What a driver raises, with its SQLSTATE."""

    def __init__(self, text: str, sqlstate: str | None) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("text", "state", "attempts"),
    [
        ("[libpq] Failed to connect: Connection refused", None, 3),
        ("the database system is starting up", "57P03", 3),
        ("sorry, too many clients already", "53300", 3),
        ("server closed the connection unexpectedly", "08006", 3),
        ("canceling statement due to statement timeout", "57014", 1),  # it would only take as long again
        ("division by zero", "22012", 1),
        ("syntax error", "42601", 1),
    ],
)
def test_only_what_may_pass_is_tried_again(
    text: str, state: str | None, attempts: int, ask: Ask, monkeypatch: pytest.MonkeyPatch, waited: list[float]
) -> None:
    asked: list[str] = []

    def refuse(address: str) -> None:
        asked.append(address)
        raise Refusal(text, state)

    monkeypatch.setattr("pipelines.database.dbapi.connect", refuse)
    with pytest.raises((ConfigError, DependencyError)):
        ask("postgresql://db/shop")

    assert len(asked) == attempts and waited == [2.0, 5.0][: attempts - 1]


def test_it_gives_up_within_a_minute() -> None:
    addresses = 2  # a name such as localhost has two, each of which may be silent

    assert sum(WAITS) + (len(WAITS) + 1) * addresses * int(CONNECT_SECONDS) == 55


def test_a_server_that_never_answers(silent_port: int, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)
    monkeypatch.setattr("pipelines.database.CONNECT_SECONDS", "2")

    with pytest.raises(DependencyError):
        ask(f"postgresql://shop:hunter2@127.0.0.1:{silent_port}/shop")


def test_other_databases_are_refused(ask: Ask) -> None:
    with pytest.raises(ConfigError, match="not the address of a PostgreSQL database") as raised:
        ask("mysql://shop:hunter2@127.0.0.1/shop")

    assert "hunter2" not in str(raised.value)


class Numeric(pl.BaseExtension):
    """How a numeric column arrives: a type of PostgreSQL's own around its text."""

    def __init__(self) -> None:
        super().__init__("holdfast.numeric", pl.String)


def test_numeric_columns_become_text() -> None:
    rows = pl.DataFrame({"amount": pl.Series(["12.50", None]).ext.to(Numeric()), "day": [date(2024, 1, 1)] * 2})

    plain = plain_types(WHERE, rows)

    assert plain.schema == {"amount": pl.String, "day": pl.Date}
    assert plain["amount"].to_list() == ["12.50", None]


@pytest.mark.parametrize("dtype", [pl.Datetime("us"), pl.Datetime("us", "UTC"), pl.Date])
def test_infinite_times_are_refused(dtype: pl.DataType) -> None:
    past = -9_222_425_352_054_775_809 if isinstance(dtype, pl.Datetime) else -2_147_472_692  # what 'infinity' comes as
    rows = pl.DataFrame(
        {"ended_on": pl.Series([0, past, None]).cast(pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype)}
    )

    with pytest.raises(DataError, match="ended_on holds 'infinity'"):
        plain_types(WHERE, rows)


def test_ordinary_times_are_not() -> None:
    rows = pl.DataFrame({"at": [datetime(1, 1, 1), datetime(9999, 12, 31), None], "on": [date(1, 1, 1), None, None]})

    assert plain_types(WHERE, rows).equals(rows)


def test_binary_columns_are_refused() -> None:
    with pytest.raises(DataError, match="customer_id is binary .*customer_id::text"):
        plain_types(WHERE, pl.DataFrame({"customer_id": [b"\x00\x01"]}))
