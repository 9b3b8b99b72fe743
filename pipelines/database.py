"""Reading from PostgreSQL: bounded waiting, types that the rest understands, errors that never show the address."""

import os
import time
from datetime import datetime

import polars as pl

from configs.errors import ConfigError, DataError, DependencyError
from configs.load import expand_environment
from configs.sources import Source

ADDRESSES = ("postgresql://", "postgres://")
CONNECT_SECONDS = "8"  # for each address of a name, of which "localhost" has two
WAITS = (2.0, 5.0)  # seconds before the second and the third attempt; with three times 2 x 8: at most 55
PASSING = ("08", "53300", "57P")  # SQLSTATE: a connection that broke, too many of them, a server that starts or stops


def read_database(where: str, source: Source) -> pl.LazyFrame:
    """The rows of `source.query`; numeric columns are text, so that amounts stay exact.

    A database that cannot be reached is asked three times; how long a query may take is for the database to say.
    Raises ConfigError for an address that is not PostgreSQL's or a wrong query, DependencyError where the database
    does not answer, DataError for what cannot be taken over.
    """
    assert source.uri is not None and source.query is not None  # held by Source
    address = expand_environment(source.uri)
    if not address.startswith(ADDRESSES):
        raise ConfigError(f'{where} uri: not the address of a PostgreSQL database. It begins with "postgresql://".')
    os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)  # libpq would wait for minutes
    try:
        rows = _ask(source.query, address)
    except (Exception, pl.exceptions.PanicException) as error:  # drivers' texts may hold the password
        state = getattr(error, "sqlstate", None) or ""
        if state.startswith("42"):  # syntax, or a name that is not there
            raise ConfigError(f"{where} query: the database refused it (SQLSTATE {state}). Mend the SQL.") from None
        raise DependencyError(
            f"{where}: the database did not answer the query ({type(error).__name__}). Check that it runs, that the "
            f"address in {source.uri!r} is right, and that `query` is valid SQL there."
        ) from None
    return plain_types(where, rows).lazy()


def _ask(query: str, address: str) -> pl.DataFrame:
    """The rows of `query`; asks again, after a wait, where that may help."""
    for wait in WAITS:
        try:
            return pl.read_database_uri(query, address, engine="adbc")
        except Exception as error:
            state = getattr(error, "sqlstate", None)
            if not (state.startswith(PASSING) if state else "Failed to connect" in str(error)):
                raise
        time.sleep(wait)
    return pl.read_database_uri(query, address, engine="adbc")


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
