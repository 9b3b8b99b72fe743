"""Every row is kept, quarantined with a reason, or not yet known: none is lost, none is counted twice."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from configs.settings import Settings
from features.contract import Kind, Table
from features.tables import TABLES
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.quarantine import REASON
from pipelines.storage import MANIFEST, read_json

SettingsFor = Callable[..., Settings]
Stored = Callable[[Path, str], pl.DataFrame]
CUSTOMERS = ("C1", "C2", "C3")
FATES = ("kept", "no owner", "repeated", "unreadable", "not yet known")


def silent(line: str) -> None:
    """A log for those who do not look at it."""


def reasons(store: Path, table: str) -> dict[str, str]:
    """Key -> reason of the quarantined rows of a table."""
    rows = pl.read_parquet(store / "quarantine" / f"{table}.parquet")
    return dict(rows.select(TABLES[table].key[0], REASON).rows())


def test_reasons_of_transactions(settings_for: SettingsFor, stored: Stored, cutoff: Cutoff) -> None:
    rows = [
        ("good", "C1", "2024-05-01", "1000"),
        ("twice", "C1", "2024-05-01", "1"),
        ("twice", "C1", "2024-05-02", "2"),  # the later one
        (None, "C1", "2024-05-03", "1"),
        ("", "C1", "2024-05-04", "1"),
        ("nobody", None, "2024-05-01", "1"),
        ("stranger", "C9", "2024-05-01", "1"),
        ("comma", "C1", "2024-05-01", "12,50"),
        ("no amount", "C1", "2024-05-01", None),
        ("when", "C1", "yesterday", "1"),
        ("never", "C1", None, "1"),
        ("too much", "C1", "2024-05-01", "-1000.01"),
        ("several", "C9", "yesterday", "12,50"),
    ]
    names = ["transaction_id", "customer_id", "occurred_at", "amount"]
    tables = {
        "customers": pl.DataFrame({"customer_id": ["C1"]}),
        "transactions": pl.DataFrame(rows, schema=names, orient="row"),
    }

    store = ingest(settings_for(tables, amount_limit=1000), cutoff, silent)

    assert stored(store, "transactions").sort("occurred_at", "transaction_id").select(
        "transaction_id", "amount"
    ).rows() == [
        ("good", 10_000_000),
        ("twice", 10_000),
    ]
    assert reasons(store, "transactions") == {
        "twice": "transactions: repeated transaction_id",
        None: "transaction_id: empty",
        "": "transaction_id: empty text",
        "nobody": "customer_id: empty",
        "stranger": "customer_id: not among the customers",
        "comma": "amount: not an amount like 1234.50",
        "no amount": "amount: empty",
        "when": "occurred_at: not a time like 2026-01-31 09:30",
        "never": "occurred_at: empty",
        "too much": "amount: beyond ingest.amount_limit",
        "several": "occurred_at: not a time like 2026-01-31 09:30",
    }
    quarantine = pl.read_parquet(store / "quarantine" / "transactions.parquet")
    raw = {row["transaction_id"]: (row["occurred_at"], row["amount"]) for row in quarantine.to_dicts()}
    assert raw["several"] == ("yesterday", "12,50")
    assert raw["too much"][1] == "-1000.01"
    assert raw["twice"][0].startswith("2024-05-02 00:00:00")
    assert quarantine["as_of"].unique().to_list() == [cutoff.day]


def test_reasons_of_complaints(settings_for: SettingsFor, stored: Stored, cutoff: Cutoff) -> None:
    rows = [
        ("good", "2024-05-02", "delay", "2024-05-02", "2024-05-02"),
        ("cause", "2024-05-02", "weather", None, None),
        ("no cause", "2024-05-02", None, None, None),
        ("resolved", "2024-05-02", "delay", None, "2024-05-01"),
        ("answered", "2024-05-02", "delay", "2024-05-01", None),
        ("resolved when", "2024-05-02", "delay", None, "soon"),
        ("two faults", "2024-05-02", "weather", None, "2024-05-01"),
    ]
    names = ["complaint_id", "opened_at", "cause", "first_response_at", "resolved_at"]
    complaints = pl.DataFrame(rows, schema=names, orient="row").with_columns(customer_id=pl.lit("C1"))
    updates = pl.DataFrame({"complaint_id": ["good", "unheard of"], "sent_at": ["2024-05-03", "2024-05-03"]})
    sale = pl.DataFrame({"transaction_id": ["T1"], "customer_id": ["C1"], "occurred_at": ["2024-05-01"], "amount": [1]})

    tables = {"transactions": sale, "complaints": complaints, "complaint_updates": updates}
    store = ingest(settings_for(tables), cutoff, silent)

    assert stored(store, "complaints")["complaint_id"].to_list() == ["good"]
    assert reasons(store, "complaints") == {
        "cause": "cause: not one of support, delay, quality, service, price, other",
        "no cause": "cause: empty",
        "resolved": "complaints: resolved_at before opened_at",
        "answered": "complaints: first_response_at before opened_at",
        "resolved when": "resolved_at: not a time like 2026-01-31 09:30",
        "two faults": "cause: not one of support, delay, quality, service, price, other",
    }
    assert reasons(store, "complaint_updates") == {"unheard of": "complaint_id: not among the complaints"}


def drawn(table: Table, count: int, draw: random.Random) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows of `table`, each with a fate drawn by chance, and how many have which fate."""
    rows: list[dict[str, Any]] = []
    fates = dict.fromkeys(FATES, 0)
    owner = "customer_id" if table.parent is None else table.parent[1]
    for number in range(count):
        fate = draw.choice(FATES) if number > len(CUSTOMERS) else "kept"
        fates[fate] += 1
        row = {name: cell(table, name, number) for name, column in table.columns.items() if column.required}
        row |= {owner: CUSTOMERS[number % 3] if owner == "customer_id" else f"complaints-{number % 3}"}
        row[table.time] = f"2024-05-{number % 28 + 1:02} {number // 28:02}:00"
        if fate == "no owner":
            row[owner] = "" if table.parent is None else "nowhere"
        if fate == "repeated":
            row = dict(rows[draw.randrange(3)])
        if fate == "unreadable":
            row[table.time] = "soon"
        if fate == "not yet known":
            row[table.time] = f"2024-{draw.randint(6, 9):02}-01"
        rows.append(row)
    first, rest = rows[:3], rows[3:]
    draw.shuffle(rest)
    return pl.DataFrame(first + rest, infer_schema_length=None), fates


def cell(table: Table, name: str, number: int) -> str | None:
    column = table.columns[name]
    if column.kind is Kind.INSTANT:
        return None if column.nullable else "2024-06-20"
    if column.kind in (Kind.MONEY, Kind.NUMBER):
        return str(number)
    return column.allowed[number % len(column.allowed)] if column.allowed else f"{table.name}-{number}"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rows_in_are_kept_quarantined_or_not_yet_known(
    seed: int, settings_for: SettingsFor, stored: Stored, cutoff: Cutoff
) -> None:
    draw = random.Random(seed)
    made = {name: drawn(table, draw.randint(20, 60), draw) for name, table in TABLES.items()}

    store = ingest(settings_for({name: rows for name, (rows, _) in made.items()}), cutoff, silent)

    for name, (rows, fates) in made.items():
        counts = read_json(store / MANIFEST)["tables"][name]
        refused = fates["no owner"] + fates["repeated"] + fates["unreadable"]
        assert counts["rows"] == rows.height == counts["kept"] + counts["quarantined"] + counts["not_yet_known"]
        assert (name, counts["kept"]) == (name, fates["kept"]) == (name, stored(store, name).height)
        assert (name, counts["quarantined"]) == (name, refused) == (name, sum(counts["reasons"].values()))
        assert pl.read_parquet(store / "quarantine" / f"{name}.parquet").height == refused
        assert (name, counts["not_yet_known"]) == (name, fates["not yet known"])
