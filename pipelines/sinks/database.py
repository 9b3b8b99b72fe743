"""Publications in a PostgreSQL schema: a table for each Parquet file, and `publications` with a row for each day.

A day is replaced within one transaction. The views `current_lists`, `current_scores`, ... show the latest day, so an
older one that is published again never becomes current.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import polars as pl
import polars.selectors as cs
from adbc_driver_postgresql import dbapi

from configs.errors import ConfigError, DependencyError, HoldfastError
from configs.load import expand_environment
from configs.settings import Settings
from pipelines.database import ADDRESSES, patiently, session
from pipelines.outreach.explanations import EXPLANATIONS_FILE
from pipelines.outreach.history import ASSIGNMENTS_FILE, DECISIONS_FILE, RISK_LIST_FILE, WHY_FILE, Published
from pipelines.score import SCORES_FILE
from pipelines.storage import MANIFEST

WHERE = "[publication] database"
DAYS = "publications"
TABLES = {
    "lists": RISK_LIST_FILE,
    "why": WHY_FILE,
    "scores": SCORES_FILE,
    "decisions": DECISIONS_FILE,
    "assignments": ASSIGNMENTS_FILE,
    "explanations": EXPLANATIONS_FILE,
}
TYPES: dict[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Boolean: "boolean",
    pl.Int64: "bigint",
    pl.Float64: "double precision",
    pl.Date: "date",
    pl.Datetime: "timestamptz",
}
Columns = dict[str, set[str]]


class DatabaseSink:
    """The schema `publication.database_schema`, which is made where there is none.

    Its methods raise DependencyError where the database does not answer or refuses.
    """

    def __init__(self, settings: Settings) -> None:
        self.address = expand_environment(settings.publication.database or "")
        if not self.address.startswith(ADDRESSES):
            raise ConfigError(f'{WHERE}: not the address of a PostgreSQL database. It begins with "postgresql://".')
        self.schema = settings.publication.database_schema
        self.seconds = settings.publication.timeout_seconds

    def held(self) -> dict[date, str]:
        """Days held, each with the SHA-256 of its manifest."""
        return self._in_one_transaction(self._days)

    def put(self, published: Published) -> None:
        """Hold this publication in place of what was held of its day."""
        self._in_one_transaction(partial(self._replace, published))

    def remove(self, day: date) -> None:
        """Hold nothing of this day any more."""
        self._in_one_transaction(lambda cursor: self._delete(day, self._columns(cursor), cursor))

    def _days(self, cursor: dbapi.Cursor) -> dict[date, str]:
        cursor.execute("select 1 from pg_namespace where nspname = $1", (self.schema,))
        if not cursor.fetchall():
            cursor.execute(f"create schema {self.schema}")
        if DAYS not in self._columns(cursor):
            cursor.execute(
                f"create table {self.schema}.{DAYS} "
                "(as_of date primary key, revision bigint not null, sha256 text not null, manifest text not null)"
            )
        cursor.execute(f"select as_of, sha256 from {self.schema}.{DAYS}")
        return dict(cursor.fetchall())

    def _replace(self, published: Published, cursor: dbapi.Cursor) -> None:
        columns = self._columns(cursor)
        self._delete(published.day, columns, cursor)
        for table, file in TABLES.items():
            if (published.folder / file).exists():
                rows = storable(pl.read_parquet(published.folder / file), published.day)
                self._prepare(table, rows, columns[table], cursor)
                arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest())  # the driver takes no string views
                cursor.adbc_ingest(table, arrow, mode="append", db_schema_name=self.schema)
        cursor.execute(
            f"insert into {self.schema}.{DAYS} values ($1, $2, $3, $4)",
            (
                published.day,
                int(published.folder.name),
                published.fingerprint,
                (published.folder / MANIFEST).read_text(encoding="utf-8"),
            ),
        )

    def _delete(self, day: date, columns: Columns, cursor: dbapi.Cursor) -> None:
        for table in (DAYS, *TABLES):
            if table in columns:
                cursor.execute(f"delete from {self.schema}.{table} where as_of = $1", (day,))

    def _prepare(self, table: str, rows: pl.DataFrame, present: set[str], cursor: dbapi.Cursor) -> None:
        """Let the table and its view have every column of `rows`; where they do, nothing is locked."""
        name = f"{self.schema}.{table}"
        if not present:
            cursor.execute(f"create table {name} (as_of date not null)")
            cursor.execute(f"create index on {name} (as_of)")
        missing = [column for column in rows.columns if column not in {*present, "as_of"}]
        for column in missing:
            cursor.execute(f'alter table {name} add column "{column}" {TYPES[type(rows.schema[column])]}')
        if missing:
            cursor.execute(
                f"create or replace view {self.schema}.current_{table} as select * from {name} "
                f"where as_of = (select max(as_of) from {self.schema}.{DAYS})"
            )

    def _columns(self, cursor: dbapi.Cursor) -> Columns:
        """Columns of the tables there are."""
        cursor.execute(
            "select table_name, column_name from information_schema.columns where table_schema = $1", (self.schema,)
        )
        found: Columns = defaultdict(set)
        for table, column in cursor.fetchall():
            found[table].add(column)
        return found

    def _in_one_transaction(self, act: Callable[[dbapi.Cursor], Any]) -> Any:
        def once() -> Any:
            with session(self.address, self.seconds, read_only=False) as cursor:
                # Whoever else sends the same day waits here.
                cursor.execute("select pg_advisory_xact_lock(hashtext($1))", (f"holdfast {self.schema}",))
                result = act(cursor)
                cursor.connection.commit()
                return result

        try:
            return patiently(once)
        except HoldfastError:
            raise
        except Exception as error:  # drivers' texts may hold the password, or rows
            state = getattr(error, "sqlstate", None)
            told = type(error).__name__ + (f", SQLSTATE {state}" if state else "")
            raise DependencyError(
                f"{WHERE}: schema {self.schema} could not be written ({told}). Check that the database runs, that its "
                "address is right, and that its user owns the schema or may create it."
            ) from None


def storable(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """`rows` of `day` in types that PostgreSQL has: categories as text, lists and structures as JSON text."""
    nested = [name for name, dtype in rows.schema.items() if dtype.is_nested()]
    as_json = [
        pl.when(pl.col(name).is_not_null())
        .then(pl.struct(name).struct.json_encode().str.strip_prefix(f'{{"{name}":').str.strip_suffix("}"))
        .alias(name)
        for name in nested
    ]
    plain = [cs.integer().cast(pl.Int64), cs.float().cast(pl.Float64), (cs.categorical() | cs.enum()).cast(pl.String)]
    return rows.with_columns(as_json).with_columns(plain).select(pl.lit(day).alias("as_of"), pl.all())
