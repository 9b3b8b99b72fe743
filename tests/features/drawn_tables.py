"""Small canonical tables as one draws them in a test: a header, a line a row, cells between bars, "-" for nothing.

Times are UTC ("2025-03-01" or "2025-03-01 09:30"), amounts are in currency units. What is not drawn is filled: ids by
the number of the line, the customer "ada", `known_at` by the event's own time, the rest by nothing.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from features.contract import MONEY_SCALE, Kind
from features.family import Family
from features.matrix import build_matrix
from features.tables import TABLES
from features.time import Cutoff

CUSTOMER = "ada"


def cutoff(day: str, zone: str = "UTC") -> Cutoff:
    """The start of a day, given as "2025-06-01"."""
    return Cutoff(date.fromisoformat(day), ZoneInfo(zone))


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def table(name: str, drawing: str) -> pl.DataFrame:
    """A frame of the canonical table `name`."""
    declared = TABLES[name]
    lines = [[cell.strip() for cell in line.split("|")] for line in drawing.strip().splitlines()]
    rows = []
    for number, cells in enumerate(lines[1:]):
        drawn = {column: _read(name, column, cell) for column, cell in zip(lines[0], cells, strict=True)}
        ids = {key: f"{number:03d}" for key in declared.key if declared.schema[key] == pl.String()}
        row = {**ids, "customer_id": CUSTOMER, **drawn}
        rows.append({"known_at": row[declared.time], **row})
    return pl.DataFrame(rows, schema=declared.schema)


def features_of(
    family: Family, source: pl.DataFrame, day: str, zone: str = "UTC", **others: pl.DataFrame
) -> dict[str, Any]:
    """The family's features of "ada" on one day; `source` is its first table, `others` are further ones by name."""
    when = cutoff(day, zone)
    rows = pl.DataFrame({"customer_id": [CUSTOMER], "cutoff": [when.day]})
    tables = {name: source for name in family.tables[:1]} | others
    return build_matrix(tables, rows, [when], [family]).row(0, named=True)


def sentences_of(family: Family, features: dict[str, Any]) -> dict[str, str]:
    """The first sentence of each group of reasons whose condition holds of the features."""
    numbers = {column: pl.Float64 for column in family.feature_columns()}
    frame, said = pl.DataFrame([features], schema_overrides=numbers), {}
    for reason in family.reasons:
        holds, sentence = frame.select(reason.when.alias("holds"), reason.sentence.alias("sentence")).row(0)
        if holds:
            said.setdefault(reason.group, sentence)
    return said


def _read(name: str, column: str, cell: str) -> Any:
    if cell == "-":
        return None
    kind = Kind.INSTANT if column == "known_at" else TABLES[name].columns[column].kind
    if kind is Kind.INSTANT:
        return at(cell)
    if kind is Kind.MONEY:
        return int(Decimal(cell) * MONEY_SCALE)
    return float(cell) if kind is Kind.NUMBER else cell
