"""From raw columns of any type to the stored types, without ever raising: what cannot be read becomes null."""

from zoneinfo import ZoneInfo

import polars as pl

from features.contract import MONEY_SCALE, Kind
from features.time import INSTANT

PLAIN_TIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
LARGEST_AMOUNT = (2**63 - 1) // MONEY_SCALE  # beyond it, ten-thousandths would wrap in Int64
TIMES_WITH_OFFSET = ("%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z")


def converted(column: str, raw: pl.DataType, kind: Kind, zone: ZoneInfo) -> pl.Expr:
    """Expression for `column`, stored as `raw`, in the type of `kind`; null where the value does not fit.

    Times without a zone are local to `zone`: of an hour that occurs twice the earlier is meant, an hour that daylight
    saving skips does not exist and gives null. Amounts become ten-thousandths, rounded half away from zero.
    """
    value = pl.col(column)
    if kind is Kind.INSTANT:
        return _instant(value, raw, zone)
    if kind in (Kind.MONEY, Kind.NUMBER):
        return _number(value, raw, kind)
    if raw.is_float():  # ids that went through a spreadsheet: 12345.0 is 12345
        whole = value.cast(pl.Int64, strict=False)
        return pl.when(whole.cast(pl.Float64) == value).then(whole.cast(pl.String))
    return value.cast(pl.String, strict=False)


def _number(value: pl.Expr, raw: pl.DataType, kind: Kind) -> pl.Expr:
    if not (raw.is_numeric() or raw == pl.String):
        return pl.lit(None, dtype=kind.stored_as)
    text = value.str.strip_chars() if raw == pl.String else value
    if kind is Kind.MONEY and raw.is_integer():
        whole = value.cast(pl.Int64, strict=False)
        return pl.when(whole.is_between(-LARGEST_AMOUNT, LARGEST_AMOUNT)).then(whole * MONEY_SCALE)
    plain = text.cast(pl.Float64, strict=False)
    finite = pl.when(plain.is_finite()).then(plain)
    if kind is Kind.NUMBER:
        return finite
    return (finite * MONEY_SCALE).round(0, mode="half_away_from_zero").cast(pl.Int64, strict=False)


def _instant(value: pl.Expr, raw: pl.DataType, zone: ZoneInfo) -> pl.Expr:
    if isinstance(raw, pl.Datetime):
        return _utc(value, zone) if raw.time_zone is None else value.dt.convert_time_zone("UTC").cast(INSTANT)
    if raw == pl.Date:
        return _utc(value.cast(pl.Datetime("us")), zone)
    if raw != pl.String:
        return pl.lit(None, dtype=INSTANT)
    text = value.str.strip_chars().str.replace("T", " ", literal=True).str.replace(r"[Zz]$", "+00:00")
    text = text.str.replace(r"(:\d{2}(?:\.\d+)?[+-]\d{2})$", "${1}:00")  # PostgreSQL writes +00
    text = pl.when(text.str.contains(r"^\d{4}-")).then(text)  # else 05-01-24 would be read as the year 5
    plain = pl.coalesce(text.str.to_datetime(form, time_unit="us", strict=False) for form in PLAIN_TIMES)
    offset = pl.coalesce(
        text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in TIMES_WITH_OFFSET
    )
    return pl.coalesce(offset, _utc(plain, zone))


def _utc(naive: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    local = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC").cast(INSTANT)
