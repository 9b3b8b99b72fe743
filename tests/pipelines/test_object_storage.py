"""Sources on object storage, on a real server that speaks S3."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from configs.errors import DataError, DependencyError
from configs.settings import Source
from pipelines.object_storage import _matching
from pipelines.sources import scan
from tests.conftest import SECRET

Put = Callable[[str, bytes | str], None]
ROWS = "cost_id,amount\n{},1.50\n"


def read(path: str, folder: Path, **more: Any) -> pl.DataFrame:
    return scan("costs", Source(path=path, **more), folder, folder / "fetched").collect()


@pytest.fixture
def drops(put: Put) -> None:
    """Two text files and a Parquet file under `drops/`, one more elsewhere."""
    buffer = io.BytesIO()
    pl.DataFrame({"cost_id": [3], "amount": [3.5]}).write_parquet(buffer)
    put("drops/2026/costs-1.csv", ROWS.format("001"))
    put("drops/2026/costs-2.csv", ROWS.format("002"))
    put("drops/costs-3.parquet", buffer.getvalue())
    put("dropsy/costs-4.csv", ROWS.format("004"))


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("drops/2026/costs-1.csv", ["001"]),
        ("drops", ["001", "002", "3"]),
        ("drops/", ["001", "002", "3"]),
        ("drops/2026/costs-*.csv", ["001", "002"]),
        ("drops/**/*.csv", ["001", "002"]),
        ("drop*/costs-?.*", ["004", "3"]),
        ("drops/costs-3.parquet", [3]),
    ],
)
def test_names_prefixes_and_globs(path: str, ids: list[Any], drops: None, bucket: str, tmp_path: Path) -> None:
    assert sorted(read(f"s3://{bucket}/{path}", tmp_path)["cost_id"]) == ids


def test_sql_and_the_environment(put: Put, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPS", f"s3://{bucket}/drops")
    put("drops/1.csv", ROWS.format("001"))

    frame = read("${DROPS}/*.csv", tmp_path, sql="select cost_id as id from source")
    put("drops/2.csv", ROWS.format("002"))

    assert frame.rows() == [("001",)]
    assert read("${DROPS}/*.csv", tmp_path).height == 1  # once fetched, whoever asks again is given the same


def test_what_is_not_there(bucket: str, tmp_path: Path) -> None:
    for path in (f"s3://{bucket}/drops/*.csv", f"s3://{bucket}/costs.csv", "s3://no-such-bucket/drops"):
        with pytest.raises(DataError, match="no such object"):
            read(path, tmp_path)


def test_a_damaged_object_is_refused_as_a_file_is(put: Put, bucket: str, tmp_path: Path) -> None:
    put("drops/1.csv", "cost_id,amount\n1,2,3\n")

    with pytest.raises(DataError, match="1.csv: line 2 has 3 fields, the header 2"):
        read(f"s3://{bucket}/drops", tmp_path)


def test_a_storage_that_is_away(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(DependencyError, match=r"costs.csv: the object storage did not answer \(NETWORK_CONN") as said:
        read(f"s3://{bucket}/costs.csv", tmp_path)

    assert said.value.exit_code == 4 and SECRET not in str(said.value) and said.value.__suppress_context__


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("b/*.csv", "b/1.csv", True),
        ("b/*.csv", "b/2/1.csv", False),
        ("b/**/*.csv", "b/1.csv", True),
        ("b/**/*.csv", "b/2/3/1.csv", True),
        ("b/?.csv", "b/12.csv", False),
        ("b/[!a].csv", "b/b.csv", True),
        ("b/[!a].csv", "b/a.csv", False),
        ("b/a.csv", "b/axcsv", False),
    ],
)
def test_globs(glob: str, name: str, matches: bool) -> None:
    assert bool(_matching(glob).fullmatch(name)) is matches
