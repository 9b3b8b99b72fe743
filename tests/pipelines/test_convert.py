"""Conversion never raises: what cannot be read becomes null, what can keeps its meaning."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.datatypes import DataType, DataTypeClass

from features.contract import Kind
from pipelines.convert import converted

BERLIN = ZoneInfo("Europe/Berlin")


def convert(kind: Kind, *values: Any, dtype: DataType | DataTypeClass | None = None) -> list[Any]:
    frame = pl.DataFrame({"raw": pl.Series(values, dtype=dtype)})
    stored = frame.with_columns(converted("raw", frame.schema["raw"], kind, BERLIN).alias("raw"))
    assert stored.schema["raw"] == kind.stored_as
    return stored["raw"].to_list()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_ids_stay_as_they_are() -> None:
    assert convert(Kind.IDENTIFIER, "00123", "", None) == ["00123", "", None]
    assert convert(Kind.IDENTIFIER, 123, None) == ["123", None]
    assert convert(Kind.IDENTIFIER, "00123", dtype=pl.Categorical) == ["00123"]


def test_ids_that_a_spreadsheet_made_floats() -> None:
    assert convert(Kind.IDENTIFIER, 12345.0, -7.0, 1.5, float("nan"), 1e20) == ["12345", "-7", None, None, None]


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        (datetime(2024, 1, 15, 10), utc("2024-01-15 09:00")),  # winter: UTC+1
        (datetime(2024, 7, 15, 10), utc("2024-07-15 08:00")),  # summer: UTC+2
        (datetime(2024, 3, 31, 2, 30), None),  # 02:00-03:00 was skipped
        (datetime(2024, 3, 31, 3), utc("2024-03-31 01:00")),
        (datetime(2024, 10, 27, 2, 30), utc("2024-10-27 00:30")),  # 02:00-03:00 came twice: the earlier
    ],
)
def test_times_without_a_zone_are_local(local: datetime, instant: datetime | None) -> None:
    assert convert(Kind.INSTANT, local) == [instant]
    assert convert(Kind.INSTANT, local.isoformat()) == [instant]
    assert convert(Kind.INSTANT, local, dtype=pl.Datetime("ns")) == [instant]


def test_times_with_a_zone_keep_their_instant() -> None:
    new_york = datetime(2024, 1, 15, 5, tzinfo=timezone(timedelta(hours=-5)))

    assert convert(Kind.INSTANT, new_york, dtype=pl.Datetime("ms", "America/New_York")) == [utc("2024-01-15 10:00")]


def test_a_date_is_its_local_midnight() -> None:
    assert convert(Kind.INSTANT, date(2024, 7, 15)) == [utc("2024-07-14 22:00")]


def test_times_as_text_in_several_forms_at_once() -> None:
    found = convert(
        Kind.INSTANT,
        "2024-01-15",
        "2024-01-15 10:00",
        " 2024-01-15 10:00:00 ",
        "2024-01-15T10:00:00.250",
        "2024-01-15T10:00:00Z",
        "2024-01-15 10:00:00+00",
        "2024-01-15T10:00:00.5-05:00",
        "2024-01-15T10:00+0200",
        None,
    )

    assert found == [
        utc("2024-01-14 23:00"),
        utc("2024-01-15 09:00"),
        utc("2024-01-15 09:00"),
        utc("2024-01-15 09:00:00.250"),
        utc("2024-01-15 10:00"),
        utc("2024-01-15 10:00"),
        utc("2024-01-15 15:00:00.500"),
        utc("2024-01-15 08:00"),
        None,
    ]


def test_times_that_leave_a_doubt_are_not_guessed() -> None:
    assert convert(Kind.INSTANT, "15/01/2024", "01/02/2024", "05-01-24", "24-01-05", "20240105", "soon") == [None] * 6
    assert convert(Kind.INSTANT, 1705312800) == [None]


def test_amounts_become_ten_thousandths() -> None:
    assert convert(Kind.MONEY, "12.5", " -3 ", "+0.0001", None) == [125_000, -30_000, 1, None]
    assert convert(Kind.MONEY, 12.5, -0.1) == [125_000, -1_000]
    assert convert(Kind.MONEY, Decimal("12.34"), Decimal("-0.01")) == [123_400, -100]
    assert convert(Kind.MONEY, 12, -3) == [120_000, -30_000]


def test_amounts_are_rounded_half_away_from_zero() -> None:
    assert convert(Kind.MONEY, "0.00005", "-0.00005", "0.00004", "1.23456") == [1, -1, 0, 12_346]


def test_amounts_that_cannot_be_read() -> None:
    assert convert(Kind.MONEY, "12,50", "1.234,50", "EUR 5", "", "nan", "inf", "1e30") == [None] * 7
    assert convert(Kind.MONEY, float("nan"), float("inf"), float("-inf")) == [None] * 3
    assert convert(Kind.MONEY, True) == [None]


def test_narrow_integers_do_not_wrap() -> None:
    assert convert(Kind.MONEY, 127, -128, dtype=pl.Int8) == [1_270_000, -1_280_000]
    assert convert(Kind.MONEY, 4_294_967_295, dtype=pl.UInt32) == [42_949_672_950_000]


def test_integers_too_large_for_fixed_point_are_unreadable() -> None:
    largest = 922_337_203_685_477  # x 10,000 is the last to fit Int64

    assert convert(Kind.MONEY, largest, largest + 1, -largest - 1, -(2**63)) == [largest * 10_000, None, None, None]
    assert convert(Kind.MONEY, 2**64 - 1, dtype=pl.UInt64) == [None]


def test_numbers() -> None:
    assert convert(Kind.NUMBER, "2.5", "many", "nan", None) == [2.5, None, None, None]
    assert convert(Kind.NUMBER, 3, dtype=pl.UInt8) == [3.0]


def test_a_column_without_any_value() -> None:
    assert convert(Kind.MONEY, None) == convert(Kind.IDENTIFIER, None) == [None]
    assert convert(Kind.INSTANT, None, dtype=pl.Null) == [None]
