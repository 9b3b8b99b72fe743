"""Every registered family, and the whole matrix, keeps the contract on random stores."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.family import Family
from features.registry import FAMILIES, active_families
from tests import reference
from tests.features.family_contract import CLAUSES, FUTURE, ORACLE, SHAPE, broken_clauses
from tests.features.strategies import Case, cases

TRANSACTION_FAMILIES = {"basket", "price", "profitability", "returns", "rfm", "rhythm", "signs", "trend"}
TABLES = sorted({table for family in FAMILIES for table in family.tables})

# Shape and values are looked at on every store. Of the other clauses, which build the matrix again, a quick run takes
# one a store and a long run takes all.
OTHERS = [clause for clause in CLAUSES if clause not in (SHAPE, ORACLE)]
choices = st.just(OTHERS) if settings().max_examples >= 100 else st.sampled_from(OTHERS).map(lambda one: [one])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@given(data=st.data())
def test_a_family_keeps_the_contract(family: Family, data: st.DataObject):
    case = data.draw(cases(family.tables))
    assert broken_clauses([family], case, [SHAPE, ORACLE, *data.draw(choices)]) == {}


@settings(max_examples=settings().max_examples // 4)
@given(case=cases(TABLES), chosen=choices)
def test_the_whole_matrix_keeps_the_contract(case: Case, chosen: list[str]):
    assert broken_clauses(FAMILIES, case, [SHAPE, ORACLE, *chosen]) == {}


@settings(max_examples=settings().max_examples if settings().max_examples >= 100 else 5)
@given(case=cases(TABLES))
def test_nothing_of_the_future_enters_the_whole_matrix(case: Case):
    assert broken_clauses(FAMILIES, case, [FUTURE]) == {}


def test_the_oracle_knows_every_registered_family():
    assert {family.name for family in FAMILIES} == set(reference.FAMILIES)


def test_a_family_is_active_where_its_table_is():
    assert {family.name for family in active_families(["transactions"])} == TRANSACTION_FAMILIES | {
        "btyd",
        "calendar",
        "market",
    }
    assert active_families(TABLES) == FAMILIES
