"""Planted faults: each is caught by the very check that the registered families pass."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from features import timeline
from features.families import complaints, returns, rfm, rhythm
from features.family import Events, Family, Feature
from features.matrix import build_matrix
from features.tables import TABLES
from features.time import Cutoff
from tests.features.family_contract import (
    ALONE,
    CUSTOMER,
    FILLS,
    FUTURE,
    ORACLE,
    ORDER,
    SHAPE,
    Build,
    Tables,
    broken_clauses,
)
from tests.features.strategies import cases

SEARCH = settings(
    max_examples=200,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
RESOLVED = Feature("resolved", pl.col("resolved_at"), "count", "complaints resolved", "complaints", "complaints")
LATEST = Feature("amount", pl.col("amount"), "last", "latest amount", "amount", "spending")


def assert_broken(clause: str, family: Family, build: Build = build_matrix) -> None:
    """`clause` fails on one of two hundred random stores."""
    try:
        find(cases(family.tables), lambda case: bool(broken_clauses([family], case, [clause], build)), settings=SEARCH)
    except NoSuchExample:
        pytest.fail(f"{family.name}: {clause!r} held on every store")


def plant(monkeypatch: pytest.MonkeyPatch, name: str, **declared: object) -> None:
    """Gives the engine another declaration of the canonical table `name`."""
    table = replace(TABLES[name])
    for attribute, value in declared.items():
        object.__setattr__(table, attribute, value)
    monkeypatch.setattr(timeline, "TABLES", TABLES | {name: table})


class Inclusive(Cutoff):
    """A cutoff that sees the events of its own instant."""

    @property
    def instant(self) -> datetime:
        return super().instant + timedelta(microseconds=1)


class Unfilled(Feature):
    """A measure whose fill was forgotten."""

    @property
    def fill(self) -> float | None:
        return None


def changed(family: Family, **changes: Any) -> Family:
    """The family of one table with its events declared otherwise."""
    (events,) = family.events
    return replace(family, events=(replace(events, **changes),))


def inclusive(
    tables: Tables, rows: pl.DataFrame, cutoffs: Sequence[Cutoff], families: Sequence[Family], context: pl.DataFrame
) -> pl.DataFrame:
    return build_matrix(tables, rows, [Inclusive(cutoff.day, cutoff.zone) for cutoff in cutoffs], families, context)


def unfilled(
    tables: Tables, rows: pl.DataFrame, cutoffs: Sequence[Cutoff], families: Sequence[Family], context: pl.DataFrame
) -> pl.DataFrame:
    bare = [
        changed(family, measures=tuple(Unfilled(**vars(measure)) for measure in family.measures)) for family in families
    ]
    return build_matrix(tables, rows, cutoffs, bare, context)


def newest_first(
    tables: Tables, rows: pl.DataFrame, cutoffs: Sequence[Cutoff], families: Sequence[Family], context: pl.DataFrame
) -> pl.DataFrame:
    return build_matrix(tables, rows, cutoffs, families, context).sort("cutoff", descending=True)


def as_of_the_newest(
    tables: Tables, rows: pl.DataFrame, cutoffs: Sequence[Cutoff], families: Sequence[Family], context: pl.DataFrame
) -> pl.DataFrame:
    newest = max(cutoffs)
    found = build_matrix(tables, rows.with_columns(cutoff=pl.lit(newest.day)), [newest], families, context)
    return found.with_columns(rows["cutoff"])


@pytest.mark.parametrize("clause", [FUTURE, ORACLE])
def test_a_state_family_that_sees_cells_before_they_were_filled(clause: str, monkeypatch: pytest.MonkeyPatch):
    late = {c: when for c, when in TABLES["complaints"].late_columns.items() if c != "resolved_at"}
    unmasked = type("Unmasked", (type(TABLES["complaints"]),), {"late_columns": late})
    declared = TABLES["complaints"]
    table = unmasked(declared.name, declared.key, declared.time, declared.columns)
    monkeypatch.setattr(timeline, "TABLES", TABLES | {"complaints": table})
    assert_broken(clause, complaints.FAMILY)


def test_a_family_of_rows_that_change_which_is_not_declared_so():
    with pytest.raises(ValueError, match="resolved reads resolved_at of complaints, filled in later"):
        assert_broken(FUTURE, Family("resolved", "", (Events("complaints", (RESOLVED,)),)))


@pytest.mark.parametrize("family", [rfm.FAMILY, returns.FAMILY, complaints.FAMILY], ids=lambda family: family.name)
@pytest.mark.parametrize("clause", [FUTURE, ORACLE])
def test_a_boundary_that_includes_the_cutoff(clause: str, family: Family):
    assert_broken(clause, family, inclusive)


def test_a_forgotten_fill():
    assert_broken(FILLS, returns.FAMILY, unfilled)
    assert_broken(ORACLE, returns.FAMILY, unfilled)


def test_a_gap_to_the_purchase_of_another_customer():
    gap = pl.col("occurred_at") - pl.col("occurred_at").shift(1)
    crossing = (gap.dt.total_hours() / 24).alias("gap_days")
    leaking = changed(rhythm.FAMILY, columns=(crossing, *rhythm.FAMILY.events[0].columns[1:]))
    assert_broken(CUSTOMER, leaking)
    assert_broken(ORACLE, leaking)


def test_an_order_that_ends_at_the_time(monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch, "transactions", order=("customer_id", "occurred_at"))
    assert_broken(ORDER, Family("latest", "", (Events("transactions", (LATEST,)),)))


def test_a_measure_that_looks_at_later_events():
    following = pl.col("amount").shift(-1).over("customer_id").alias("following")
    seen = replace(LATEST, expression=pl.col("following"))
    assert_broken(FUTURE, Family("peeking", "", (Events("transactions", (seen,), columns=(following,)),)))


def test_an_engine_that_gives_the_newest_values_for_every_cutoff():
    assert_broken(ALONE, rfm.FAMILY, as_of_the_newest)
    assert_broken(ORACLE, rfm.FAMILY, as_of_the_newest)


def test_rows_in_another_order():
    assert_broken(SHAPE, returns.FAMILY, newest_first)
