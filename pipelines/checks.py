"""The checks that every table is put to: their names, what each asks, and what the quarantine says of failing rows."""

from collections.abc import Collection
from dataclasses import dataclass

from features.contract import Column, Kind, Table
from pipelines.quarantine import KIND_IN_WORDS


@dataclass(frozen=True)
class Check:
    """`name`: as [validation.checks] and the page call it. `reasons`: of the quarantine, of rows that fail it."""

    name: str
    asks: str
    reasons: tuple[str, ...]


READ, COLUMNS, ROWS, TOGETHER = "read", "columns", "rows", "bad_rows"
FRESH = "transactions.occurred_at.fresh"


def row_checks(table: Table, columns: Collection[str], with_customers: bool, amount_limit: bool) -> list[Check]:
    """What each row of `table` is asked, of the `columns` that its source has.

    `with_customers`: whether there are customers whom a row may refer to. `amount_limit`: whether amounts have one.
    """
    found = [] if "customer_id" in table.columns else _of_a_column(table, "customer_id", Column(Kind.IDENTIFIER))
    for name, column in (table.columns | {"known_at": Column(Kind.INSTANT, nullable=True)}).items():
        found += _of_a_column(table, name, column) if name in columns else []
    key = " and ".join(table.key)
    found.append(Check(f"{table.name}.unique", f"no two rows of one {key}", (f"{table.name}: repeated {key}",)))
    if table.parent is not None:
        found.append(_reference(table, table.parent[1], table.parent[0]))
    if with_customers and table.name != "customers":
        found.append(_reference(table, "customer_id", "customers"))
    if amount_limit and "amount" in columns:
        reason = "beyond ingest.amount_limit"
        found.append(Check(f"{table.name}.amount.limited", f"amount is not {reason}", (f"amount: {reason}",)))
    return found


def names_of(table: Table) -> list[str]:
    """Every name of a check of `table` that a configuration may have an opinion about."""
    rows = row_checks(table, (*table.columns, "known_at"), with_customers=True, amount_limit=True)
    fresh = [FRESH] if table.name == "transactions" else []
    return [f"{table.name}.{ROWS}", f"{table.name}.{COLUMNS}", *fresh, *(check.name for check in rows)]


def _of_a_column(table: Table, name: str, column: Column) -> list[Check]:
    def check(rule: str, asks: str, *reasons: str) -> Check:
        return Check(f"{table.name}.{name}.{rule}", f"{name} {asks}", reasons)

    word = KIND_IN_WORDS.get(column.kind, "a text")
    infinite = (f"{name}: not a finite number",) if column.kind is Kind.NUMBER else ()
    found = [check("readable", f"is {word}", f"{name}: not {word}", *infinite)]
    if not column.nullable:
        found.append(check("present", "is not empty", f"{name}: empty", f"{name}: empty text"))
    if column.allowed:
        words = ", ".join(column.allowed)
        found.append(check("allowed", f"is one of {words}", f"{name}: not one of {words}"))
    if column.positive:
        found.append(check("positive", "is not negative", f"{name}: negative"))
    if column.not_before:
        late = f"{table.name}: {name} before {column.not_before}"
        found.append(check("in_order", f"is not before {column.not_before}", late))
    return found


def _reference(table: Table, key: str, owner: str) -> Check:
    return Check(f"{table.name}.{key}.known", f"{key} is among the {owner}", (f"{key}: not among the {owner}",))
