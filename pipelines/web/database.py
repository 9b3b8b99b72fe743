"""The app's database: SQLite in a file under the root, or PostgreSQL by an address from the environment."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from asyncpg.exceptions import PostgresError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

from configs.errors import ConfigError, DependencyError
from configs.load import expand_environment
from configs.settings import Settings
from pipelines.database import ADDRESSES

FILE = "web.db"
BUSY_SECONDS = 10
MIGRATIONS = Path(__file__).parent / "migrations"
Result = TypeVar("Result")


class Database:
    """Runs functions of a session, each in a transaction of its own that is kept as a whole or not at all.

    SQLite is called as it is. The PostgreSQL driver that comes with Prefect is asynchronous: it runs in an event loop
    in a thread of its own, so that whoever asks need not know.
    """

    def __init__(self, settings: Settings) -> None:
        self.engine: Engine | AsyncEngine
        if settings.web.database is None:
            settings.root.mkdir(parents=True, exist_ok=True)
            self.engine = _sqlite(settings.root / FILE)
            return
        address = expand_environment(settings.web.database)
        if not address.startswith(ADDRESSES):
            raise ConfigError('web.database: not the address of a PostgreSQL database. It begins with "postgresql://".')
        address = "postgresql+asyncpg://" + address.split("://", 1)[1]
        self.engine = create_async_engine(address, pool_size=10, pool_pre_ping=True, connect_args={"timeout": 10})
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True, name="web database")
        self.thread.start()

    def read(self, function: Callable[[Session], Result]) -> Result:
        """What `function` finds."""
        return self._run(lambda connection: _in_session(connection, function), write=False)

    def write(self, function: Callable[[Session], Result]) -> Result:
        """What `function` returns once all it wrote is on disk; where it raises, nothing is written.

        Writers take turns, so that the ids of entries are seen in their order.
        """

        def locked(connection: Connection) -> Result:
            if connection.dialect.name == "postgresql":
                connection.execute(text("select pg_advisory_xact_lock(4711)"))
            return _in_session(connection, function)

        return self._run(locked, write=True)

    def version(self) -> str | None:
        """The latest migration that the tables went through; None where there are none yet."""
        return self._run(lambda connection: MigrationContext.configure(connection).get_current_revision(), write=False)

    def migrate(self, to: str = "head") -> None:
        """Bring the tables to what this version needs, or an earlier revision; where they are, nothing is written."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        if self.version() == ScriptDirectory.from_config(config).as_revision_number(to):
            return

        def upgrade(connection: Connection) -> None:
            config.attributes["connection"] = connection
            command.upgrade(config, to)

        self._run(upgrade, write=True)

    def empty_log(self) -> None:
        """Move what SQLite wrote ahead into its file, so that nothing deleted is left beside it."""
        if isinstance(self.engine, Engine):
            connection = self.engine.raw_connection()  # no transaction begins: within one it would wait for itself
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def close(self) -> None:
        """Let go of every connection."""
        if isinstance(self.engine, Engine):
            self.engine.dispose()
            return
        asyncio.run_coroutine_threadsafe(self.engine.dispose(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _run(self, function: Callable[[Connection], Result], write: bool) -> Result:
        try:
            if isinstance(self.engine, Engine):
                with self.engine.connect().execution_options(write=write) as connection, connection.begin():
                    return function(connection)
            return asyncio.run_coroutine_threadsafe(self._asynchronously(self.engine, function), self.loop).result()
        except (OSError, TimeoutError, DBAPIError, PostgresError) as error:
            if isinstance(error, DBAPIError) and not error.connection_invalidated and _answered(error):
                raise
            # Drivers' texts may hold the password.
            raise DependencyError(
                f"web.database: does not answer ({type(error).__name__}). Check that it runs and that its address is "
                "right."
            ) from None

    @staticmethod
    async def _asynchronously(engine: AsyncEngine, function: Callable[[Connection], Result]) -> Result:
        async with engine.begin() as connection:
            return await connection.run_sync(function)


def _in_session(connection: Connection, function: Callable[[Session], Result]) -> Result:
    with Session(connection, expire_on_commit=False) as session:
        result = function(session)
        session.flush()
        session.expunge_all()
        return result


def _answered(error: DBAPIError) -> bool:
    """Whether the database refused something, such as to rewrite the log, rather than being away, full or stopping."""
    state = getattr(error.orig, "sqlstate", None)  # PostgreSQL's
    return isinstance(error, IntegrityError | ProgrammingError) or (state or "08")[:2] not in ("08", "53", "57")


def _sqlite(file: Path) -> Engine:
    """An engine on `file`, which only its owner may read, in the mode in which readers never wait for a writer."""
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver thinks fit
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # A reader that turns into a writer may find another before it: a writer says so from the start.
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
