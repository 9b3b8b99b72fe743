"""Files of the lists: who is in which, what they are called, and that no text in a CSV file becomes a formula."""

import csv
import hashlib
from pathlib import Path

import polars as pl
import pytest

from pipelines.outreach.columns import COLUMNS, WRITTEN_HERE
from pipelines.outreach.lists import slug, write_lists

TEXTS = [column.name for column in COLUMNS if column.kind == "text" and column.name not in WRITTEN_HERE]
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tcmd", "\rcmd", "  =1+1", "\n=1+1", "\u00a0=1", "\ufeff=1", "＝1+1"]


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_each_manager_gets_only_their_own_customers(listed, list_context, tmp_path):
    risk_list = listed(
        {"rank": 2, "customer_id": "A2"},
        {"rank": 1, "customer_id": "B1", "account_manager": "Bo Li"},
        {"rank": 1, "customer_id": "A1"},
    )

    written = write_lists(risk_list, list_context, tmp_path / "new" / "lists")

    names = [f"{base}.{ending}" for base in ("anna-schmidt", "bo-li") for ending in ("csv", "html", "xlsx")]
    assert [path.name for path in written] == [*names, "index.html"]
    assert sorted(written) == sorted((tmp_path / "new" / "lists").iterdir())
    assert [row["customer_id"] for row in read(written[0])] == ["A1", "A2"]
    assert [row["customer_id"] for row in read(written[3])] == ["B1"]
    anna, bo = written[1].read_text(), written[4].read_text()
    assert ("A1" in anna, "A2" in anna, "B1" in anna) == (True, True, False)
    assert ("A1" in bo, "A2" in bo, "B1" in bo) == (False, False, True)


def test_managers_who_look_alike_keep_separate_lists(listed, list_context, tmp_path):
    managers = ["Anna Schmidt", "anna schmidt", "Anna  Schmidt", "Anna\nSchmidt", "Ånna Schmidt"]
    risk_list = listed(*({"customer_id": f"C{i}", "account_manager": name} for i, name in enumerate(managers)))

    written = write_lists(risk_list, list_context, tmp_path)

    files = [path for path in written if path.suffix == ".csv"]
    assert len(files) == len(managers)
    assert sorted(row["customer_id"] for path in files for row in read(path)) == ["C0", "C1", "C2", "C3", "C4"]
    assert all(len(read(path)) == 1 for path in files)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "..",
        "../../etc/passwd",
        "/",
        "\\\\host\\x",
        "a\0b",
        "Index",
        "Con",
        "Lpt1",
        "Łódź",
        "山田太郎",
        "x" * 999,
    ]
    + ["💥", "Anna-Schmidt", "anna-schmidt", "ANNA SCHMIDT", "Anna Schmidt ", "O'Hara", "Abcdef012345"],
)
def test_a_file_name_is_safe_and_says_when_it_is_not_the_name(name):
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]

    result = slug(name)

    assert result.endswith(f"-{digest}")
    assert set(result) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(result) <= 80


def test_a_plain_name_stays_readable_and_cannot_be_taken():
    impostor = slug("anna schmidt")

    assert slug("Anna Schmidt") == "anna-schmidt"
    # A name made to read like another's file name gets a file name of its own.
    assert slug(impostor.replace("-", " ").title()) != impostor


def test_nothing_is_written_outside_the_directory(listed, list_context, tmp_path):
    directory = tmp_path / "lists"
    hostile = ["../evil", "/tmp/evil", "..", "", "a/b", "Index"]

    write_lists(listed(*({"account_manager": name} for name in hostile)), list_context, directory)

    assert list(tmp_path.iterdir()) == [directory]
    assert all(path.is_file() for path in directory.iterdir())
    assert len(list(directory.iterdir())) == 3 * len(hostile) + 1
    assert "Risk lists by account manager" in (directory / "index.html").read_text()


@pytest.mark.parametrize("column", TEXTS)
@pytest.mark.parametrize("value", DANGEROUS)
def test_no_text_in_the_csv_starts_a_formula(listed, list_context, tmp_path, column, value):
    write_lists(listed({column: value}), list_context, tmp_path)

    (row,) = read(next(tmp_path.glob("*.csv")))
    assert row[column][0] == "'"
    assert row[column][1:].split() == value.split()


def test_a_semicolon_does_not_start_a_formula_where_excel_separates_by_semicolons(listed, list_context, tmp_path):
    write_lists(listed({"display_name": "Mill; =1+1", "reason_1": "Late; usually early"}), list_context, tmp_path)

    (row,) = read(tmp_path / "anna-schmidt.csv")
    assert (row["display_name"], row["reason_1"]) == ("Mill; '=1+1", "Late; usually early")


def test_csv_numbers_stay_numbers_and_texts_stay_on_one_line(listed, list_context, tmp_path):
    change = {"value_at_risk": -0.000_001, "predicted_clv": float("nan"), "value_if_retained": float("inf")}
    risk_list = listed({**change, "display_name": 'Blue\r\nMill,\u2028"Ltd"', "customer_id": "007"})

    write_lists(risk_list, list_context, tmp_path)

    path = tmp_path / "anna-schmidt.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # the mark by which Excel knows UTF-8
    assert len(path.read_text().splitlines()) == 2
    (row,) = read(path)
    assert row["display_name"] == 'Blue Mill, "Ltd"'
    assert (float(row["value_at_risk"]), row["predicted_clv"], row["value_if_retained"]) == (-0.000_001, "", "")
    assert "e" not in row["value_at_risk"]
    back = pl.read_csv(path, schema_overrides={"customer_id": pl.String})
    assert back["customer_id"].to_list() == ["007"]
    assert back.schema["rank"] == pl.Int64 and back.schema["value_at_risk"] == pl.Float64


def test_the_same_input_gives_the_same_bytes_in_any_row_order(listed, list_context, tmp_path):
    rows = [{"rank": rank, "customer_id": f"C{rank}", "account_manager": name} for rank in (1, 2) for name in "AB"]

    first = write_lists(listed(*rows), list_context, tmp_path / "first")
    second = write_lists(listed(*reversed(rows)), list_context, tmp_path / "second")

    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_optional_columns_may_be_absent(listed, list_context, tmp_path):
    optional = [column.name for column in COLUMNS if column.optional and column.name not in WRITTEN_HERE]
    assert optional == ["display_name", "phone", "email", "preferred_channel", "churn_probability_soon"]

    given = [name for name in listed().columns if name in optional or name.endswith("0d")]
    write_lists(listed({}).drop(given), list_context, tmp_path)

    (row,) = read(tmp_path / "anna-schmidt.csv")
    assert row.keys() == {column.name for column in COLUMNS} - set(optional)


def test_the_first_further_horizon_is_listed(listed, list_context, tmp_path):
    write_lists(listed({}), list_context, tmp_path)

    (row,) = read(tmp_path / "anna-schmidt.csv")
    assert row["churn_probability_soon"] == "0.35"  # within 30 days; 0.6 within 60
    assert not any(name.endswith("0d") for name in row)


def test_a_missing_column_and_a_missing_manager_are_named(listed, list_context, tmp_path):
    with pytest.raises(ValueError, match="missing columns risk_band"):
        write_lists(listed({}).drop("risk_band"), list_context, tmp_path)
    with pytest.raises(ValueError, match="account_manager: 1 of 2 rows are null"):
        write_lists(listed({}, {"account_manager": None}), list_context, tmp_path)
    assert list(tmp_path.iterdir()) == []
