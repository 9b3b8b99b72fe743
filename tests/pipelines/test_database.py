"""Reading from PostgreSQL: a server that is away or silent, and types of its own."""

import socket
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

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


def ask(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URI", address)
    scan("costs", Source(uri="${SHOP_DATABASE_URI}", query="select 1 as cost_id"), Path())


def test_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch, waited: list[float]) -> None:
    with pytest.raises(DependencyError) as raised:
        ask("postgresql://shop:hunter2@127.0.0.1:1/shop", monkeypatch)

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
    text: str, state: str | None, attempts: int, monkeypatch: pytest.MonkeyPatch, waited: list[float]
) -> None:
    asked: list[str] = []

    def refuse(query: str, address: str, engine: str) -> pl.DataFrame:
        asked.append(query)
        raise Refusal(text, state)

    monkeypatch.setattr("polars.read_database_uri", refuse)
    with pytest.raises((ConfigError, DependencyError)):
        ask("postgresql://db/shop", monkeypatch)

    assert len(asked) == attempts and waited == [2.0, 5.0][: attempts - 1]


def test_a_database_that_comes_back_is_read(monkeypatch: pytest.MonkeyPatch, waited: list[float]) -> None:
    answers = [Refusal("starting up", "57P03"), pl.DataFrame({"cost_id": ["1"]})]

    def answer(query: str, address: str, engine: str) -> pl.DataFrame:
        given = answers.pop(0)
        if isinstance(given, Refusal):
            raise given
        return given

    monkeypatch.setattr("polars.read_database_uri", answer)
    ask("postgresql://db/shop", monkeypatch)

    assert not answers and waited == [2.0]


def test_it_gives_up_within_a_minute() -> None:
    addresses = 2  # a name such as localhost has two, each of which may be silent

    assert sum(WAITS) + (len(WAITS) + 1) * addresses * int(CONNECT_SECONDS) == 55


def test_a_server_that_never_answers(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)
    monkeypatch.setattr("pipelines.database.CONNECT_SECONDS", "2")

    with pytest.raises(DependencyError):
        ask(f"postgresql://shop:hunter2@127.0.0.1:{silent_port}/shop", monkeypatch)


def test_other_databases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="not the address of a PostgreSQL database") as raised:
        ask("mysql://shop:hunter2@127.0.0.1/shop", monkeypatch)

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
