"""Telling good rows from bad: pandera finds them, the quarantine keeps them with the reason."""

import pandera.polars as pa
import polars as pl

from features.contract import MONEY_SCALE, Kind, Table

UNREADABLE = "unreadable "
REASON = "quarantined_for"  # "reason" is a column of outcomes
KIND_IN_WORDS = {
    Kind.INSTANT: "a time like 2026-01-31 09:30",
    Kind.MONEY: "an amount like 1234.50",
    Kind.NUMBER: "a number like 1234.5",
}


def unreadable(column: str, value: pl.Expr) -> pl.Expr:
    """The raw text of `column` where `value`, its conversion, came out null although there was something to read."""
    raw = pl.col(column)
    return pl.when(raw.is_not_null() & value.is_null()).then(raw.cast(pl.String)).alias(UNREADABLE + column)


def split(
    table: Table, rows: pl.DataFrame, customers: pl.Series | None, amount_limit: float | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that keep the table's contract, and the others as text with the first fault found in `REASON`.

    `rows`: one bucket, typed, with the columns of `unreadable`. `customers`: ids that events may refer to, None for
    any. `amount_limit`: largest amount in currency units, None for any.
    """
    rows = _in_order(table, rows)
    marks = [c for c in rows.columns if c.startswith(UNREADABLE)]
    faults = [_unreadable_reason(table, mark) for mark in marks]
    if table.parent is not None:
        parent, key = table.parent
        orphan = pl.col("customer_id").is_null() & pl.col(key).is_not_null()
        faults.append(pl.when(orphan).then(pl.lit(f"{key}: not among the {parent}")))
    if customers is not None and table.name != "customers":
        known = pl.col("customer_id").is_in(customers.implode()) | pl.col("customer_id").is_null()
        faults.append(pl.when(~known).then(pl.lit("customer_id: not among the customers")))
    if amount_limit is not None and "amount" in table.columns:
        beyond = pl.col("amount").abs() > amount_limit * MONEY_SCALE
        faults.append(pl.when(beyond).then(pl.lit("amount: beyond ingest.amount_limit")))
    reasons = _broken_rules(table, rows.drop(marks))
    judged = rows.with_columns(pl.coalesce(*faults, reasons).alias(REASON))
    good = judged.filter(pl.col(REASON).is_null()).drop(REASON, *marks)
    return good, _as_text(judged.filter(pl.col(REASON).is_not_null()), marks)


def examples(table: Table, quarantined: pl.DataFrame) -> str:
    """Up to three ids of quarantined rows, for an error message; ids are no personal data."""
    key = table.key[0]
    ids = quarantined[key].filter(quarantined[key] != "").unique(maintain_order=True).head(3).to_list()
    return f"{key} {', '.join(ids)}" if ids else f"rows without {key}"


def _in_order(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """By the order of the table; where rows lie level, by every column, so that which of them comes first does not hang
    on their order in the source. Hardly ever any do, and most of the time would go into the further columns."""
    customer, *rest = table.order
    codes = pl.Enum(rows[customer].drop_nulls().unique().sort())  # far quicker to compare than texts
    ordered = rows.sort(pl.col(customer).cast(codes), *rest, nulls_last=True)
    level = pl.all_horizontal(pl.col(column).eq_missing(pl.col(column).shift(1)) for column in table.order)
    if not ordered.lazy().select(level.any()).collect().item():
        return ordered
    return rows.sort(*table.order, *sorted(set(rows.columns) - set(table.order)), nulls_last=True)


def _unreadable_reason(table: Table, mark: str) -> pl.Expr:
    column = mark.removeprefix(UNREADABLE)
    kind = table.columns[column].kind if column in table.columns else Kind.INSTANT
    return pl.when(pl.col(mark).is_not_null()).then(pl.lit(f"{column}: not {KIND_IN_WORDS.get(kind, 'a text')}"))


def _broken_rules(table: Table, rows: pl.DataFrame) -> pl.Series:
    """The first broken rule of each row, as text; null for good rows."""
    try:
        table.contract().validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        found = error.failure_cases
    else:
        return pl.Series(REASON, [None] * rows.height, dtype=pl.String)
    rule = pl.when(pl.col("check") == "not_nullable").then(pl.lit("empty")).otherwise("check")
    named = pl.concat_str("column", rule, separator=": ", ignore_nulls=True).alias(REASON)
    first = found.select(pl.col("index").cast(pl.Int64), named).unique("index", keep="first", maintain_order=True)
    positions = pl.DataFrame({"index": pl.int_range(rows.height, eager=True)})
    return positions.join(first, on="index", how="left", maintain_order="left")[REASON]


def _as_text(rows: pl.DataFrame, marks: list[str]) -> pl.DataFrame:
    """Every cell as text; amounts in currency units; a cell that could not be read as it came."""
    amounts = [c for c, dtype in rows.schema.items() if dtype == pl.Int64]
    plain = rows.with_columns((pl.col(amounts) / MONEY_SCALE).round(4)).with_columns(pl.all().cast(pl.String))
    restored = [pl.coalesce(mark, mark.removeprefix(UNREADABLE)).alias(mark.removeprefix(UNREADABLE)) for mark in marks]
    return plain.with_columns(restored).drop(marks)
