"""PostgreSQL: sessions that cannot hang or change anything unasked, rows in batches, errors without the address."""

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi

from configs.errors import ConfigError, DataError, DependencyError, HoldfastError
from configs.load import expand_environment
from configs.sources import Source

ADDRESSES = ("postgresql://", "postgres://")
CONNECT_SECONDS = "8"  # for each address of a name, of which "localhost" has two
WAITS = (2.0, 5.0)  # seconds before the second and the third attempt; with three times 2 x 8: at most 55
PASSING = ("08", "53300", "57P")  # SQLSTATE: a connection that broke, too many of them, a server that starts or stops
PASSING_WORDS = ("Failed to connect", "server closed the connection")  # libpq's own, which have no SQLSTATE

Result = TypeVar("Result")


def read_database(where: str, source: Source, file: Path) -> pl.LazyFrame:
    """The rows of `source.query`, written to the Parquet file `file` batch by batch (16 MB) as they come; of a file
    that is there already, its rows.

    Numeric columns are text, so that amounts stay exact. The database is told to change nothing, and to end the query
    after `source.timeout_seconds`; one that cannot be reached, or that goes away, is asked three times.
    Raises ConfigError for an address that is not PostgreSQL's or a wrong query, DependencyError where the database
    does not answer in time, DataError for what cannot be taken over.
    """
    assert source.uri is not None and source.query is not None  # held by Source
    if file.exists():
        return pl.scan_parquet(file)
    address = expand_environment(source.uri)
    if not address.startswith(ADDRESSES):
        raise ConfigError(f'{where} uri: not the address of a PostgreSQL database. It begins with "postgresql://".')
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        patiently(partial(_copy, where, source, address, file))
    except HoldfastError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # drivers' texts may hold the password
        if isinstance(error, OSError) and error.errno:
            raise  # the disk did not take the rows
        raise _refusal(where, source, error) from None
    return pl.scan_parquet(file)


def patiently(act: Callable[[], Result]) -> Result:
    """What `act` returns; it is done again, after a wait and twice at most, where what stood against it may pass."""
    for wait in WAITS:
        try:
            return act()
        except Exception as error:
            if not _may_pass(error):
                raise
        time.sleep(wait)
    return act()


@contextmanager
def session(address: str, timeout_seconds: int, read_only: bool) -> Generator[dbapi.Cursor]:
    """A cursor within one transaction, which is rolled back unless it was committed; no statement may take longer.

    Told to the transaction, not the session, so that it holds behind a pool of connections as well.
    """
    os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)  # libpq would wait for minutes
    with dbapi.connect(address) as connection, connection.cursor() as cursor:
        if read_only:
            cursor.execute("set transaction read only")
        cursor.execute(f"set local statement_timeout = '{timeout_seconds}s'")
        yield cursor


def _may_pass(error: Exception) -> bool:
    state = getattr(error, "sqlstate", None)
    return state.startswith(PASSING) if state else any(words in str(error) for words in PASSING_WORDS)


def _copy(where: str, source: Source, address: str, file: Path) -> None:
    began = time.monotonic()
    try:
        with session(address, source.timeout_seconds, read_only=True) as cursor:
            cursor.execute((source.query or "").strip().rstrip(";"))
            batches = cursor.fetch_record_batch()
            none_yet = plain_types(where, pl.DataFrame(pa.Table.from_batches([], batches.schema)))
            with pq.ParquetWriter(file, none_yet.to_arrow().schema) as writer:
                for batch in batches:
                    writer.write_table(plain_types(where, pl.DataFrame(batch)).to_arrow())
    except (dbapi.Error, OSError):
        if time.monotonic() - began < source.timeout_seconds:
            raise
        # Amid the rows the driver drops the SQLSTATE of a statement that took too long.
        raise DependencyError(
            f"{where}: the query was not done after {source.timeout_seconds:,} s. Look at what holds it up (a lock, an "
            "index that is missing), or raise `timeout_seconds`."
        ) from None


def _refusal(where: str, source: Source, error: BaseException) -> HoldfastError:
    """What to say of a query that failed, without the driver's words."""
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith("42"):  # syntax, or a name that is not there
        return ConfigError(f"{where} query: the database refused it (SQLSTATE {state}). Mend the SQL.")
    if state == "25006":
        return ConfigError(f"{where} query: it would change the database, which is only read. Mend the SQL.")
    told = type(error).__name__ + (f", SQLSTATE {state}" if state else "")
    return DependencyError(
        f"{where}: the database did not answer the query ({told}). Check that it runs, that the address in "
        f"{source.uri!r} is right, and that `query` is valid SQL there."
    )


def plain_types(where: str, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with types of PostgreSQL's own (numeric, json) as what they are stored as: text.

    Raises DataError for 'infinity', which arrives as a time before all others, and for binary columns such as uuids.
    """
    own = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.BaseExtension)]
    rows = rows.with_columns(pl.col(name).ext.storage() for name in own)
    for name, dtype in rows.schema.items():
        if dtype == pl.Binary:
            raise DataError(f"{where} query: {name} is binary (perhaps a uuid). Select it as text: {name}::text.")
        if dtype == pl.Date or isinstance(dtype, pl.Datetime):
            first = datetime(1, 1, 1)
            earliest = pl.Series([first.date() if dtype == pl.Date else first]).cast(dtype).to_physical().item()
            if (rows[name].to_physical() < earliest).any():
                raise DataError(f"{where} query: {name} holds 'infinity'. Make it empty: nullif({name}, 'infinity').")
    return rows
