"""Every registered family, and the whole matrix, keeps the contract on random stores."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.family import Family
from features.registry import FAMILIES, active_families
from tests import reference
from tests.features.conftest import LONG
from tests.features.family_contract import CLAUSES, FUTURE, ORACLE, SHAPE, broken_clauses
from tests.features.strategies import Case, cases

TRANSACTION_FAMILIES = {"basket", "price", "profitability", "returns", "rfm", "rhythm", "signs", "trend"}
TABLES = sorted({table for family in FAMILIES for table in family.tables})

# Stores tried with each family, and with all of them at once by all clauses and by the one of the future.
OF_A_FAMILY, OF_ALL, OF_THE_FUTURE = (50, 100, 500) if LONG else (40, 10, 5)
# Shape and values are looked at on every store. Of the other clauses, which build the matrix again, a quick run takes
# one a store and a long run takes all.
OTHERS = [clause for clause in CLAUSES if clause not in (SHAPE, ORACLE)]
choices = st.just(OTHERS) if LONG else st.sampled_from(OTHERS).map(lambda one: [one])


@pytest.fixture
def held(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """On how many stores each clause held; printed at the end."""
    counts: Counter[str] = Counter()
    yield counts
    told = "; ".join(f"{clause}: {count}" for clause, count in counts.items())
    print(f"\n{request.node.name}, stores on which it held: {told}")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_keeps_the_contract(family: Family, held: Counter[str]):
    @settings(max_examples=OF_A_FAMILY)
    @given(case=cases(family.tables), chosen=choices)
    def keeps(case: Case, chosen: list[str]):
        assert broken_clauses([family], case, [SHAPE, ORACLE, *chosen]) == {}
        held.update([SHAPE, ORACLE, *chosen])

    keeps()


def test_the_whole_matrix_keeps_the_contract(held: Counter[str]):
    @settings(max_examples=OF_ALL)
    @given(case=cases(TABLES), chosen=choices)
    def keeps(case: Case, chosen: list[str]):
        assert broken_clauses(FAMILIES, case, [SHAPE, ORACLE, *chosen]) == {}
        held.update([SHAPE, ORACLE, *chosen])

    keeps()


def test_nothing_of_the_future_enters_the_whole_matrix(held: Counter[str]):
    @settings(max_examples=OF_THE_FUTURE)
    @given(case=cases(TABLES))
    def keeps(case: Case):
        assert broken_clauses(FAMILIES, case, [FUTURE]) == {}
        held.update([FUTURE])

    keeps()


def test_the_oracle_knows_every_registered_family():
    assert {family.name for family in FAMILIES} == set(reference.FAMILIES)


def test_a_family_is_active_where_its_table_is():
    assert {family.name for family in active_families(["transactions"])} == TRANSACTION_FAMILIES | {
        "btyd",
        "calendar",
        "market",
    }
    assert active_families(TABLES) == FAMILIES
