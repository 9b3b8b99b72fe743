"""The feature dictionary, and a fingerprint that tells two sets of features apart."""

import hashlib
import inspect
import json
from collections.abc import Collection, Sequence
from typing import Any

import polars as pl

from features.family import Events, Family


def dictionary(families: Sequence[Family]) -> list[dict[str, str | float | None]]:
    """One entry a column of the matrix, in order: name, family, table, description, window, unit, fill, reason."""
    entries: list[dict[str, str | float | None]] = []
    for family in families:
        for events in family.events:
            shared = {"family": family.name, "table": events.table}
            for measure in (m for m in events.measures if not m.internal):
                for window in measure.windows:
                    described = {"description": measure.description, "window": window.suffix, "unit": measure.unit}
                    meaning = {"fill": measure.fill, "reason": measure.reason}
                    entries.append({"name": measure.column(family.name, window), **shared, **described, **meaning})
        shared = {"family": family.name, "table": ", ".join(family.tables) or None}
        for feature in (d for d in family.derived if not d.internal):
            described = {"description": feature.description, "window": "", "unit": feature.unit}
            meaning = {"fill": feature.fill, "reason": feature.reason}
            entries.append({"name": feature.column(family.name), **shared, **described, **meaning})
    return entries


def read_by(families: Sequence[Family]) -> dict[str, set[str]]:
    """Column of the matrix -> the columns of tables it is made of, such as "complaints.first_response_at".

    Of the customer's own events: what customers have in common, such as the market, is not followed.
    """
    found: dict[str, set[str]] = {}
    for family in families:
        for events in family.events:
            known: dict[str, set[str]] = {}

            def roots(expression: pl.Expr, known: dict[str, set[str]] = known, table: str = events.table) -> set[str]:
                names = expression.meta.root_names()
                return set().union(*(known.get(name, {f"{table}.{name}"}) for name in names))

            for column in events.columns:
                known[column.meta.output_name()] = roots(column)
            where = set() if events.where is None else roots(events.where)
            for measure in events.measures:
                for window in measure.windows:
                    found[measure.column(family.name, window)] = roots(measure.expression) | where
        for derived in family.derived:
            names = derived.expression.meta.root_names()
            found[derived.column(family.name)] = set().union(*(found.get(name, set()) for name in names))
    return found


def fingerprint(families: Sequence[Family], tables: Collection[str] = ()) -> str:
    """SHA-256 over names, meanings and expressions: it changes whenever a feature's computation does.

    `tables`: the canonical tables there are. A family that also reads another one is not the same without it.
    """
    computations = [
        {
            "tables": [table for table in family.tables if table in tables],
            "events": [_events(events) for events in family.events],
            "everybody": [_events(events) for events in family.everybody],
            "derived": [
                [d.name, _written_out(d.expression), inspect.getsource(d.function) if d.function else None]
                for d in family.derived
            ],
        }
        for family in families
    ]
    return hashlib.sha256(json.dumps([dictionary(families), computations]).encode()).hexdigest()


def _events(events: Events) -> dict[str, Any]:
    return {
        "table": events.table,
        "state": events.state,
        "time": events.time,
        "children": events.children,
        "where": None if events.where is None else _written_out(events.where),
        "columns": [_written_out(column) for column in events.columns],
        "measures": [
            [m.name, m.op, m.internal, [w.days for w in m.windows], m.unit, _written_out(m.expression)]
            for m in events.measures
        ],
    }


def _written_out(expression: pl.Expr) -> str:
    """The expression with all its arguments; as text, polars leaves some out (the digits of `round`)."""
    return expression.meta.serialize(format="json")
