"""Numbers, dates and texts as people read them. Nothing here depends on the machine's locale."""

from datetime import UTC, date, datetime
from math import floor

import polars as pl

UNKNOWN = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}

# Line breaks, tabs and other control characters; then the marks that turn the reading direction (they can make a
# text show something else than it says) and the two code points that XML, and so Excel, cannot hold.
LINE_BREAKS = r"[\p{Cc}\u{2028}\u{2029}]+"
HIDDEN_MARKS = r"[\u{202A}-\u{202E}\u{2066}-\u{2069}\u{FFFE}\u{FFFF}]"


def one_line(text: pl.Expr) -> pl.Expr:
    """Text (String) on one line: every run of line breaks and control characters becomes one space."""
    return text.str.replace_all(LINE_BREAKS, " ").str.replace_all(HIDDEN_MARKS, "")


def currency_prefix(currency: str) -> str:
    """What stands before an amount: the symbol of a well-known currency, else the code and a space."""
    return SYMBOLS.get(currency, f"{currency} ")


def money(amount: float | None, currency: str) -> str:
    """An amount in whole currency units, e.g. "€4,210"; below 100 with two decimals, e.g. "€42.50"."""
    if amount is None:
        return UNKNOWN
    size = round(abs(amount), 2)
    sign = "-" if amount < 0 < size else ""
    digits = f"{_half_up(size):,}" if size >= 100 else f"{size:.2f}"
    return f"{sign}{currency_prefix(currency)}{digits}"


def percent(share: float | None) -> str:
    """A share (0 to 1) in whole percent. Never "100%" or "0%" unless it is exactly that: nobody is lost for certain."""
    if share is None:
        return UNKNOWN
    if 0.995 <= share < 1:
        return ">99%"
    if 0 < share < 0.005:
        return "<1%"
    return f"{_half_up(100 * share)}%"


def _half_up(value: float) -> int:
    # As Excel rounds, so that the page and the workbook agree; Python would round 86.5 to 86.
    return floor(value + 0.5)


def day(value: date | None) -> str:
    """A date that no country reads the other way round, e.g. "5 Mar 2026"."""
    return UNKNOWN if value is None else f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """A time in UTC, e.g. "5 Mar 2026, 23:58 UTC"; a time without a zone is taken as UTC."""
    universal = value.astimezone(UTC) if value.tzinfo else value
    return f"{day(universal)}, {universal:%H:%M} UTC"


def customers(count: int) -> str:
    """A count of customers, e.g. "1 customer" or "1,250 customers"."""
    return f"{count:,} customer{'' if count == 1 else 's'}"
