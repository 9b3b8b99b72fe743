"""The whole line from PostgreSQL and from object storage, models on an MLflow server: the same lists as from files."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from adbc_driver_postgresql import dbapi
from polars.testing import assert_frame_equal
from pyarrow import fs

from configs.errors import PublishError
from configs.load import load_settings
from pipelines.nightly import nightly, training
from pipelines.object_storage import storage
from pipelines.simulate.company import simulate
from pipelines.storage import MANIFEST, hashes_below, read_json
from tests.flows.conftest import AS_OF, PROJECT, Company

pytestmark = pytest.mark.slow
CONFIGS = PROJECT / "configs"
FASTER = "\n[ingest]\nbuckets = 2\n[training]\ncutoff_every_days = 45\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company of 300 customers, trained and published from files."""
    root = tmp_path_factory.mktemp("small")
    made = made_company(root, "demo")
    simulate(root / "simulated", customers=300, seed=3, until=AS_OF)
    training(made.settings, made.cutoff(), made.log)
    nightly(made.settings, made.cutoff(), made.log)
    return made


def made_company(root: Path, config: str) -> Company:
    file = root / f"{config}.toml"
    file.write_text((CONFIGS / f"{config}.toml").read_text(encoding="utf-8") + FASTER, encoding="utf-8")
    return Company(file, load_settings(file, root))


def raw_tables(company: Company) -> dict[str, pl.DataFrame]:
    return {
        file.stem: pl.read_parquet(file) for file in (company.settings.root / "simulated" / "raw").glob("*.parquet")
    }


@pytest.fixture
def tracking_server(postgresql: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of an MLflow server that keeps runs in PostgreSQL, and models in the bucket under `mlflow/`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", postgresql, "--artifacts-destination", f"s3://{bucket}/mlflow"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    with (tmp_path / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(command, env=os.environ | quiet, stdout=log, stderr=log)
    try:
        for _ in range(240):
            time.sleep(0.5)
            assert server.poll() is None, (tmp_path / "mlflow.log").read_text()
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=5):
                    break
            except OSError:
                continue
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def test_from_postgresql_to_postgresql(
    small: Company,
    tracking_server: str,
    postgresql_server: Any,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postgresql_server.psql("create database shop")
    shop = postgresql_server.get_uri("shop")
    with dbapi.connect(shop) as connection, connection.cursor() as cursor:
        cursor.execute("create schema shop")
        for name, table in raw_tables(small).items():
            arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
            cursor.adbc_ingest(name, arrow, mode="create", db_schema_name="shop")
        connection.commit()
    monkeypatch.setenv("SHOP_DATABASE", shop)
    monkeypatch.setenv("SHOP_LISTS_DATABASE", "postgresql://127.0.0.1:1/lists")
    monkeypatch.setattr("pipelines.database.time.sleep", lambda seconds: None)
    company = made_company(tmp_path, "postgresql")
    training(company.settings, company.cutoff(), company.log)

    with pytest.raises(PublishError, match="published under .* but not sent"):
        nightly(company.settings, company.cutoff(), company.log)
    published = company.settings.folder_of("published", AS_OF).resolve()
    same_as_from_files(company, small)
    monkeypatch.setenv("SHOP_LISTS_DATABASE", shop)
    assert nightly(company.settings, company.cutoff(), company.log) == published

    columns = ["as_of", "customer_id", "rank", "churn_probability", "reason_1"]
    with dbapi.connect(shop) as connection, connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(columns)} from holdfast.current_lists")
        sent = pl.DataFrame(cursor.fetch_arrow_table())
        cursor.execute("select count(*) from holdfast.current_scores")
        assert cursor.fetchall() == [(pl.read_parquet(published / "scores.parquet").height,)]
    here = pl.read_parquet(published / "risk_list.parquet").with_columns(as_of=pl.lit(AS_OF)).select(columns)
    assert_frame_equal(sent, here, check_row_order=False, check_exact=True)
    assert not (tmp_path / "mlflow.db").exists() and below(f"{bucket}/mlflow")


def test_from_object_storage_to_object_storage(
    small: Company, tracking_server: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = storage()
    for name, table in raw_tables(small).items():
        half = table.height // 2
        for number, part in enumerate((table[:half], table[half:])):
            with remote.open_output_stream(f"{bucket}/raw/{name}/{number}.parquet") as stream:
                part.write_parquet(stream)
    monkeypatch.setenv("SHOP_BUCKET", bucket)
    company = made_company(tmp_path, "object_storage")

    training(company.settings, company.cutoff(), company.log)
    published = nightly(company.settings, company.cutoff(), company.log)

    same_as_from_files(company, small)
    names = {path.partition("-06-30/")[2].partition("/")[2] for path in below(f"{bucket}/holdfast")}
    assert names - {""} == {*hashes_below(published), MANIFEST}
    assert not (tmp_path / "mlflow.db").exists() and below(f"{bucket}/mlflow")


def same_as_from_files(company: Company, small: Company) -> None:
    """The same rows in the store, byte for byte, and the same list."""
    stores = [read_json(made.settings.folder_of("store", AS_OF) / MANIFEST) for made in (company, small)]
    assert stores[0]["data_hash"] == stores[1]["data_hash"]
    lists = [
        pl.read_parquet(made.settings.folder_of("published", AS_OF) / "risk_list.parquet") for made in (company, small)
    ]
    assert lists[0].height > 20
    assert_frame_equal(*lists, check_exact=True)


def below(prefix: str) -> list[str]:
    """Names of the objects below a prefix."""
    found = storage().get_file_info(fs.FileSelector(prefix, recursive=True))
    return [info.path for info in found if info.type is fs.FileType.File]
