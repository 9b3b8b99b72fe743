"""Every registered family, and the whole matrix, keeps the contract on random stores."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.family import Family
from features.registry import FAMILIES, active_families
from tests import reference
from tests.features.family_contract import broken_clauses
from tests.features.strategies import cases

TABLES = sorted({family.table for family in FAMILIES if family.table})


def tables_of(families: Sequence[Family]) -> set[str]:
    return {family.table for family in families if family.table}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@given(data=st.data())
def test_a_family_keeps_the_contract(family: Family, data: st.DataObject):
    case = data.draw(cases(tables_of([family])))
    assert broken_clauses([family], case) == {}


@settings(max_examples=max(settings.default.max_examples // 5, 1))
@given(case=cases(TABLES))
def test_the_whole_matrix_keeps_the_contract(case):
    assert broken_clauses(FAMILIES, case) == {}


def test_the_oracle_knows_every_registered_family():
    assert [family.name for family in FAMILIES] == list(reference.FAMILIES)


def test_a_family_is_active_where_its_table_is():
    assert [family.name for family in active_families(["transactions"])] == ["rfm", "rhythm", "returns", "calendar"]
    assert active_families(TABLES) == FAMILIES
