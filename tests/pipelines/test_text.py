"""Text files as programs of other countries write them."""

import gzip
from pathlib import Path

import pytest

from configs.errors import DataError
from configs.sources import Source
from pipelines.sources import scan

EXPORT = 'Kunde;Straße;Betrag\r\n00123;"Am Bach; 3";1234,50\r\n00124;Weg 1;7,00\r\n'
ROWS = [("00123", "Am Bach; 3", "1234,50"), ("00124", "Weg 1", "7,00")]


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16"])
@pytest.mark.parametrize("name", ["kosten.csv", "kosten.csv.gz", "kosten.txt"])
def test_semicolons_and_other_encodings(tmp_path: Path, name: str, encoding: str) -> None:
    content = EXPORT.encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    source = Source(path=str(tmp_path / name), separator=";", encoding=encoding)

    frame = scan("costs", source, tmp_path, tmp_path / "staging" / "fetched").collect()

    assert frame.columns == ["Kunde", "Straße", "Betrag"]
    assert frame.rows() == ROWS


def test_decimal_commas_and_days_first_are_a_matter_of_the_sql(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("wann;Betrag\n31.01.2026 09:30;1.234,50\n", encoding="utf-8")
    sql = """select strptime(wann, '%d.%m.%Y %H:%M') as occurred_at,
             cast(replace(replace(Betrag, '.', ''), ',', '.') as double) as amount from source"""
    source = Source(path=str(tmp_path / "a.csv"), separator=";", sql=sql)

    row = scan("costs", source, tmp_path, tmp_path / "fetched").collect().row(0, named=True)

    assert row["occurred_at"].isoformat() == "2026-01-31T09:30:00" and row["amount"] == 1234.5


def test_files_of_the_same_name_in_two_folders_do_not_mix(tmp_path: Path) -> None:
    for folder, name in (("a", "Jörg"), ("b", "Zoë")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text(f"name,at\n{name},1\n", encoding="windows-1252")
    source = Source(path=str(tmp_path / "*" / "x.csv"), encoding="windows-1252")

    frame = scan("costs", source, tmp_path, tmp_path / "fetched").collect()

    assert sorted(frame["name"]) == ["Jörg", "Zoë"]


@pytest.mark.parametrize(
    ("content", "given", "message"),
    [
        (EXPORT, {}, r'x.csv: line 1 is one column by the separator used. Set `separator = ";"`'),
        ("id\tname\n1\tx\n", {}, r'separator = "\\t"`'),
        ("id,name\n1,x\n", {"separator": ";"}, r'separator = ","`'),
        ("id;name\n1;Jörg\n", {"separator": ";", "encoding": "ascii"}, r"line 2 is not ASCII text. .*`encoding`"),
    ],
)
def test_what_does_not_fit_is_said_with_the_key_to_set(
    tmp_path: Path, content: str, given: dict[str, str], message: str
) -> None:
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")

    with pytest.raises(DataError, match=message):
        scan("costs", Source(path=str(tmp_path / "x.csv"), **given), tmp_path, tmp_path / "fetched")
