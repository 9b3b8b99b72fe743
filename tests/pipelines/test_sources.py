"""Files are read as they are, or refused with their name, the place and no cell's value."""

import gzip
import io
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from configs.errors import ConfigError, DataError, HoldfastError
from configs.load import load_settings
from configs.sources import Source
from pipelines.sources import readable, scan
from pipelines.storage import sha256_of

CANARY = "canary@secret.example"
GOOD = f"id,email,amount\n00123,{CANARY},12.5\n00124,b@c.example,7\n"

BAD_FILES: dict[str, tuple[bytes | str | None, str]] = {
    "empty.csv": ("", r"empty.csv: the file is empty"),
    "empty.csv.gz": (b"", r"empty.csv.gz: the file is empty"),
    "empty.parquet": (b"", r"empty.parquet: cannot be read"),
    "latin.csv": (GOOD.encode() + "3,Müller,1\n".encode("latin-1"), r"latin.csv: line 4 is not UTF-8 text"),
    "utf16.csv": (GOOD.encode("utf-16"), r"utf16.csv: line 1 is not UTF-8 text"),
    "long.csv": (GOOD + f"3,{CANARY},1,2\n", r"long.csv: line 4 has 4 fields, the header 3"),
    "short.csv": (GOOD + f"3,{CANARY}\n", r"short.csv: line 4 has 2 fields, the header 3"),
    "open.csv": (GOOD + f'3,x,"{CANARY}\n', r"open.csv: cannot be read: .*column 'amount'"),
    "quote.csv": (GOOD + f'3,"{CANARY}"x,1\n', r"quote.csv: cannot be read: .*column 'email'"),
    "twice.csv": (f"id,email,id\n1,{CANARY},2\n", r"twice.csv: line 1 repeats a name, in columns 1, 3"),
    "twice.tsv": ("id\tid\n1\t2\n", r"twice.tsv: line 1 repeats a name, in columns 1, 2"),
    "cut.csv.gz": (gzip.compress(GOOD.encode() * 50)[:-20], r"cut.csv.gz: cannot be read"),
    "not.csv.gz": (GOOD, r"not.csv.gz: cannot be read"),
    "not.xlsx": (GOOD, r"not.xlsx: cannot be read as a workbook"),
    "absent.csv": (None, r"absent.csv: no such file"),
    "absent-*.parquet": (None, r"absent-\*.parquet: no such file"),
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., pl.DataFrame]:
    """Writes a file, where content is given, and reads it as the source of `costs`."""

    def scan_and_collect(name: str, content: bytes | str | None = None, sql: str | None = None) -> pl.DataFrame:
        if content is not None:
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        source = Source(path=str(tmp_path / name), sql=sql)
        with readable("[sources.costs]", source):
            return scan("costs", source, tmp_path, tmp_path / "fetched").collect()

    return scan_and_collect


@pytest.fixture
def refusal(read: Callable[..., pl.DataFrame]) -> Callable[..., HoldfastError]:
    """Reads what must be refused; returns the error, which names the source and shows no personal data."""

    def refuse(name: str, content: bytes | str | None = None, sql: str | None = None) -> HoldfastError:
        with pytest.raises(HoldfastError) as raised:
            read(name, content, sql)
        assert "[sources.costs]" in str(raised.value)
        assert "secret" not in "".join(traceback.format_exception(raised.value))
        return raised.value

    return refuse


def test_every_cell_of_a_csv_stays_text(read: Callable[..., pl.DataFrame]) -> None:
    frame = read("costs.csv", GOOD)

    assert frame.rows() == [("00123", CANARY, "12.5"), ("00124", "b@c.example", "7")]


def test_other_kinds_of_text_files(read: Callable[..., pl.DataFrame]) -> None:
    assert read("costs.csv.gz", gzip.compress(GOOD.encode()))["id"].to_list() == ["00123", "00124"]
    assert read("costs.tsv", GOOD.replace(",", "\t"))["amount"].to_list() == ["12.5", "7"]
    assert read("costs.txt", "\ufeff" + GOOD).columns == ["id", "email", "amount"]
    assert read("quoted.csv", 'id,name\n1,"Miller, ""Joe""\nLtd"\n').rows() == [("1", 'Miller, "Joe"\nLtd')]


def test_a_glob_reads_all_files(tmp_path: Path, read: Callable[..., pl.DataFrame]) -> None:
    for day in (1, 2):
        (tmp_path / f"costs-{day}.csv").write_text(f"id\n{day}\n")
        pl.DataFrame({"id": [day]}).write_parquet(tmp_path / f"costs-{day}.parquet")

    assert read("costs-*.csv")["id"].to_list() == ["1", "2"]
    assert read("costs-*.parquet")["id"].to_list() == [1, 2]


def test_root_and_variables_in_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "costs.csv").write_text(GOOD)
    monkeypatch.setenv("EXPORTS", str(tmp_path))

    for path in ("{root}/costs.csv", "${EXPORTS}/costs.csv"):
        assert scan("costs", Source(path=path), tmp_path, tmp_path / "fetched").collect().height == 2


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(name: str, refusal: Callable[..., HoldfastError]) -> None:
    content, message = BAD_FILES[name]

    error = refusal(name, content)

    assert isinstance(error, DataError) and error.exit_code == 3
    assert re.search(message, str(error))


def test_a_folder_that_looks_like_a_file(tmp_path: Path, refusal: Callable[..., HoldfastError]) -> None:
    (tmp_path / "costs.csv").mkdir()

    assert refusal("costs.csv").exit_code == 3


def test_other_kinds_of_files_are_a_mistake_of_the_configuration(refusal: Callable[..., HoldfastError]) -> None:
    error = refusal("costs.json", b"{}")

    assert isinstance(error, ConfigError) and ".parquet" in str(error)


def test_damaged_parquet(refusal: Callable[..., HoldfastError]) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"id": range(1000), "email": [CANARY] * 1000}).write_parquet(buffer)
    whole = buffer.getvalue()
    first_page, footer = 4, len(whole) - 300
    flipped = {
        place: bytes([*whole[:place], whole[place] ^ 0x55, *whole[place + 1 :]]) for place in (first_page, footer)
    }

    for damaged in (whole[:-20], whole[: len(whole) // 2], *flipped.values()):
        error = refusal("damaged.parquet", damaged)
        assert error.exit_code == 3 and "damaged.parquet: cannot be read" in str(error)


def test_page_checksums_are_looked_at(tmp_path: Path, refusal: Callable[..., HoldfastError]) -> None:
    table, file = pl.DataFrame({"id": [7] * 50}).to_arrow(), tmp_path / "pages.parquet"
    settings: dict[str, Any] = {"use_dictionary": False, "compression": "none", "write_statistics": False}
    pq.write_table(table, file, write_page_checksum=True, **settings)
    with_checksums = file.read_bytes().replace((7).to_bytes(8, "little"), (8).to_bytes(8, "little"), 1)
    assert file.read_bytes() != with_checksums

    assert "pages.parquet: cannot be read, it is cut or damaged" in str(refusal("pages.parquet", with_checksums))


def test_a_type_that_polars_alone_knows_is_read(tmp_path: Path, read: Callable[..., pl.DataFrame]) -> None:
    pl.DataFrame({"id": [2**70]}, schema={"id": pl.Int128}).write_parquet(tmp_path / "huge.parquet")

    assert read("huge.parquet")["id"].to_list() == [2**70]


def test_files_are_held_against_their_checksums(tmp_path: Path) -> None:
    file, checksum = tmp_path / "costs.csv", tmp_path / "costs.csv.sha256"
    source = Source(path=str(tmp_path / "costs*.csv"), sha256=True)
    file.write_text(GOOD)
    with pytest.raises(DataError, match=r"costs.csv: no costs.csv.sha256 beside it"):
        scan("costs", source, tmp_path, tmp_path / "fetched")

    checksum.write_text(f"{sha256_of(file)}  /export/costs.csv\n")
    assert scan("costs", source, tmp_path, tmp_path / "fetched").collect().height == 2

    file.write_text(GOOD.replace("12.5", "13.5"))  # nothing else would notice
    with pytest.raises(DataError, match=r"costs.csv: not what costs.csv.sha256 was made of"):
        scan("costs", source, tmp_path, tmp_path / "fetched")

    checksum.write_text("")
    with pytest.raises(DataError, match="not what"):
        scan("costs", source, tmp_path, tmp_path / "fetched")
    with pytest.raises(DataError, match="costs.csv: not what"):  # as part of a folder, too
        scan("costs", Source(path=str(tmp_path), sha256=True), tmp_path, tmp_path / "fetched")


def test_a_full_disk_is_no_fault_of_the_source() -> None:
    with pytest.raises(pl.exceptions.ComputeError, match="os error 28"):
        with readable("[sources.costs]", Source(path="costs.csv")):
            raise pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)")


def test_what_polars_never_expects_is_a_damaged_file() -> None:
    with pytest.raises(DataError, match="costs.parquet: cannot be read, it is damaged") as raised:
        with readable("[sources.costs]", Source(path="costs.parquet")):
            raise pl.exceptions.PanicException(CANARY)

    assert CANARY not in "".join(traceback.format_exception(raised.value))


def test_files_of_one_glob_must_agree(tmp_path: Path, refusal: Callable[..., HoldfastError]) -> None:
    (tmp_path / "costs-1.csv").write_text("id,email\n1,a\n")
    (tmp_path / "costs-2.csv").write_text(f"id,{CANARY}\n2,a\n")

    assert refusal("costs-*.csv").exit_code == 3


def test_sql_that_names_a_missing_column(refusal: Callable[..., HoldfastError]) -> None:
    error = refusal("costs.csv", GOOD, sql="select cost_id from source")

    assert error.exit_code == 3 and 'unable to find column "cost_id"' in str(error)


@pytest.mark.parametrize(
    "sql",
    ["selec id from source", "select id from costs", "select shout(id) from source", "select id from source where"],
)
def test_wrong_sql(sql: str, refusal: Callable[..., HoldfastError]) -> None:
    error = refusal("costs.csv", GOOD, sql)

    assert isinstance(error, ConfigError) and error.exit_code == 2
    assert "[sources.costs] sql: " in str(error)


def test_sql_that_cannot_cast_shows_no_value(refusal: Callable[..., HoldfastError]) -> None:
    error = refusal("costs.csv", GOOD, sql="select cast(email as integer) as cost_id from source")

    assert error.exit_code == 3
    assert "conversion from `str` to `i32` failed in column 'email' for 2 out of 2 values" in str(error)


def test_mapping_of_invoice_lines(tmp_path: Path) -> None:
    """The SQL of configs/online_retail.toml, on three lines of two invoices and one line without a customer."""
    lines = pl.DataFrame(
        {
            "invoice": ["489434", "489434", "C489500", "489501"],
            "customer_id": [13085, 13085, 13085, None],
            "invoice_ts": pl.Series(["2009-12-01 07:45", "2009-12-01 07:46", "2009-12-02 10:00", "2009-12-03 10:00"]),
            "quantity": [12, 2, -1, 5],
            "unit_price": [6.5, 1.25, 6.5, 1.0],
        }
    ).with_columns(pl.col("invoice_ts").str.to_datetime())
    lines.write_parquet(tmp_path / "lines.parquet")
    sources = load_settings(Path("configs/online_retail.toml")).sources
    here = {"path": str(tmp_path / "lines.parquet")}

    transactions = scan(
        "transactions", sources["transactions"].model_copy(update=here), tmp_path, tmp_path / "fetched"
    ).collect()
    complaints = scan(
        "complaints", sources["complaints"].model_copy(update=here), tmp_path, tmp_path / "fetched"
    ).collect()

    # 12 x 6.50 + 2 x 1.25 = 80.50
    assert transactions.sort("transaction_id").select(
        "transaction_id", "customer_id", pl.col("occurred_at").dt.strftime("%H:%M"), "amount", "quantity"
    ).rows() == [("489434", "13085", "07:45", 80.5, 14), ("C489500", "13085", "10:00", -6.5, -1)]
    assert complaints.select("complaint_id", "cause").rows() == [("C489500", "quality")]
