"""Parquet files with one bit flipped, or cut, at every place: refused by name, or read without ending the process."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from configs.errors import DataError
from configs.sources import Source
from pipelines.sources import readable, scan
from tests.faults.conftest import LONG

EVERY = 1 if LONG else 25  # bytes from one damaged place to the next
ORDERS = pl.DataFrame(
    {
        "transaction_id": [f"T{number:05}" for number in range(60)],
        "customer_id": [f"{number % 7:05}" for number in range(60)],
        "occurred_at": [datetime(2026, 6, 1) + timedelta(hours=number) for number in range(60)],
        "amount": [number * 1.37 for number in range(60)],
    }
)


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    ORDERS.write_parquet(tmp_path / "orders.parquet")
    return (tmp_path / "orders.parquet").read_bytes()


def flipped(whole: bytes) -> list[bytes]:
    """The lowest or the highest bit of a byte turned over: small changes of values, large ones of sizes and counts."""
    return [
        bytes([*whole[:place], whole[place] ^ bit, *whole[place + 1 :]])
        for place in range(0, len(whole), EVERY)
        for bit in (0x01, 0x80)
    ]


def broken_texts() -> dict[str, list[bytes]]:
    """The orders as a CSV file, broken at one place after the other, by how."""
    whole = ORDERS.write_csv().encode()
    commas = [place for place, byte in enumerate(whole) if byte == ord(",")]
    line_ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]
    header, rest = whole.split(b"\n", 1)
    names = header.split(b",")
    return {
        "a letter of an old code page": [
            whole[:place] + b"\xe9" + whole[place:] for place in range(0, len(whole), EVERY)
        ],
        "a separator lost": [whole[:place] + whole[place + 1 :] for place in commas],
        "a separator too many": [whole[:place] + b"," + whole[place:] for place in commas],
        "two lines made one": [whole[:place] + whole[place + 1 :] for place in line_ends[:-1]],
        "a line broken in two": [whole[:place] + b"\n" + whole[place:] for place in commas],
        "a name twice in the header": [b",".join([*names[:-1], name]) + b"\n" + rest for name in names[:-1]],
        "a name too many in the header": [b",".join([*names, b"more"]) + b"\n" + rest],
        "nothing at all": [b""],
    }


def outcome(file: Path, content: bytes, sha256: bool = False) -> str:
    """ "refused", "same" or "other" than the orders; a refusal names the file."""
    file.write_bytes(content)
    source = Source(path=str(file), sha256=sha256)
    try:
        with readable("[sources.transactions]", source):
            read = scan("transactions", source, file.parent, file.parent / "fetched").collect()
    except DataError as error:
        assert str(error).startswith(f"[sources.transactions] {file}: ")
        return "refused"
    return "same" if read.equals(ORDERS) else "other"


def test_a_flipped_bit_never_ends_the_process(whole: bytes, tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    sizes = [165, 377, 849, 1019]  # bytes of page headers at which polars alone aborts: it wants 2 EiB of memory
    aborting = [bytes([*whole[:place], whole[place] ^ 1, *whole[place + 1 :]]) for place in sizes]
    found = [outcome(file, damaged) for damaged in (*aborting, *flipped(whole))]

    assert found.count("refused") > 0.2 * len(found)
    print(
        f"\nbits flipped without checksum: {len(found)}; refused: {found.count('refused')}; "
        f"read with the same rows: {found.count('same')}; read with other rows: {found.count('other')}; crashes: 0"
    )


def test_with_checksums_every_damaged_file_is_refused(whole: bytes, tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    (tmp_path / "orders.parquet.sha256").write_text(f"{hashlib.sha256(whole).hexdigest()}  orders.parquet\n")
    damaged = flipped(whole)

    assert outcome(file, whole, sha256=True) == "same"
    assert {outcome(file, content, sha256=True) for content in damaged} == {"refused"}
    print(f"\nbits flipped with checksum: {len(damaged)}; refused: {len(damaged)}; in silence: 0")


def test_every_cut_is_refused(whole: bytes, tmp_path: Path) -> None:
    cuts = range(0, len(whole), EVERY)

    assert {outcome(tmp_path / "orders.parquet", whole[:length]) for length in cuts} == {"refused"}
    print(f"\nfiles cut: {len(cuts)}; refused: {len(cuts)}; in silence: 0")


def test_every_broken_text_file_is_refused(tmp_path: Path) -> None:
    texts = broken_texts()

    for how, contents in texts.items():
        found = {outcome(tmp_path / "orders.csv", content) for content in contents}
        assert found == {"refused"}, how
    count = sum(map(len, texts.values()))
    print(f"\ntext files broken in {len(texts)} ways: {count}; refused: {count}; in silence: 0")
