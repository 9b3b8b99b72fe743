"""Drops: folders and globs of files of several kinds."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from configs.errors import ConfigError, DataError
from configs.sources import Source
from pipelines.files import files_of, scan_files

WHERE = "[sources.costs]"


def workbook(file: Path, *rows: tuple[object, ...]) -> None:
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)


@pytest.fixture
def drops(tmp_path: Path) -> Path:
    """A folder of one file of each kind, and what is not for reading."""
    (tmp_path / "new").mkdir()
    (tmp_path / "1.csv").write_text("cost_id,customer_id,amount,at\n1,00123,1.50,2026-01-01\n")
    (tmp_path / "new" / "2.tsv").write_text("cost_id\tcustomer_id\tamount\tat\n2\t00123\t2\t2026-01-02\n")
    header = ("cost_id", "customer_id", "amount", "at")
    workbook(tmp_path / "3.xlsx", header, (3, "00123", 3.25, datetime(2026, 1, 3, 10)), (None,), (4, "00124"))
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    pl.DataFrame({"cost_id": [5], "customer_id": ["00125"], "amount": [5.5], "at": [at], "kind": "x"}).write_parquet(
        tmp_path / "5.parquet"
    )
    for ignored in (".hidden.csv", "_SUCCESS", "1.csv.sha256"):
        (tmp_path / ignored).write_text("x")
    return tmp_path


def test_a_folder_of_all_kinds(drops: Path) -> None:
    frame = scan_files(WHERE, str(drops), Source(path="drops"), Path("copies")).sort("cost_id").collect()

    assert frame.rows() == [
        ("1", "00123", "1.50", "2026-01-01", None),
        ("2", "00123", "2", "2026-01-02", None),
        ("3", "00123", "3.25", "2026-01-03 10:00:00", None),
        ("4", "00124", None, None, None),
        ("5", "00125", "5.5", "2026-01-05 10:00:00.000000+00:00", "x"),
    ]


def test_globs_choose(drops: Path) -> None:
    assert [file.name for file in files_of(str(drops / "*.[cp]*"))] == ["1.csv", "5.parquet"]
    assert [file.name for file in files_of(str(drops / "**" / "*.tsv"))] == ["2.tsv"]
    assert [file.name for file in files_of(str(drops / "n*"))] == ["2.tsv"]  # a folder that matches
    assert files_of(str(drops / "*.json")) == []


def test_parquet_alone_keeps_its_types_and_the_names_of_partitions(tmp_path: Path) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        (tmp_path / f"day={day}").mkdir()
        pl.DataFrame({"cost_id": [int(day[-1])]}).write_parquet(tmp_path / f"day={day}" / "part.parquet")

    frame = scan_files(WHERE, str(tmp_path), Source(path="drops"), Path("copies")).sort("cost_id").collect()

    assert frame["cost_id"].to_list() == [1, 2] and [str(day) for day in frame["day"]] == ["2026-01-01", "2026-01-02"]


def test_a_file_of_another_kind_in_a_folder_is_not_passed_over(drops: Path) -> None:
    (drops / "6.json").write_text("{}")

    with pytest.raises(ConfigError, match=r"6.json: not a kind of file that is read"):
        scan_files(WHERE, str(drops), Source(path="drops"), Path("copies"))


def test_workbooks_that_mislead_are_refused(tmp_path: Path) -> None:
    workbook(tmp_path / "twice.xlsx", ("cost_id", "amount", "cost_id"), (1, 2, 3))
    workbook(tmp_path / "empty.xlsx")

    with pytest.raises(DataError, match=r"twice.xlsx: line 1 repeats a name, in columns 1, 3"):
        scan_files(WHERE, str(tmp_path / "twice.xlsx"), Source(path="drops"), Path("copies"))
    with pytest.raises(DataError, match=r"empty.xlsx: the first sheet is empty"):
        scan_files(WHERE, str(tmp_path / "empty.xlsx"), Source(path="drops"), Path("copies"))
