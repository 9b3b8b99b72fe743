"""Columns of `customers` as features, worked out by hand, and the contract on random stores."""

from hypothesis import given, settings
from hypothesis import strategies as st

from features.families.profile import profile
from tests.features.drawn_tables import features_of, table
from tests.features.family_contract import ALONE, CUSTOMER, FILLS, FUTURE, ORDER, SHAPE, broken_clauses
from tests.features.strategies import Case, cases

KINDS = {"region": "category", "segment": "category"}
KNOWN = {"region": ["red", "blue"], "segment": ["small", "large"]}
PEOPLE = table(
    "customers",
    """
    valid_from | region | segment | known_at
    2025-01-01 | red    | large   | -
    2025-03-01 | blue   | -       | 2025-03-10
    2025-05-01 | green  | small   | -
    """,
)


def of(day: str, people=PEOPLE, fixed: tuple[str, ...] = ()) -> tuple[float | None, float | None]:
    found = features_of(profile(KINDS, fixed, KNOWN), people, day)
    return found["profile__region_last_lifetime"], found["profile__segment_last_lifetime"]


def test_a_value_counts_from_the_day_it_is_valid_and_known():
    assert of("2025-01-01") == (None, None)  # valid from that very instant: not before it
    assert of("2025-01-02") == (1, 2)
    assert of("2025-03-05") == (1, 2)  # valid since 1 March, but learned on the 10th
    assert of("2025-03-11") == (2, 2)  # the segment is not given again and stays


def test_a_category_that_the_model_does_not_know_is_other():
    assert of("2025-05-02") == (0, 1)


def test_without_valid_from_only_what_is_fixed_counts():
    people = table("customers", "valid_from | region | segment | known_at\n- | blue | small | -")
    assert of("2025-01-01", people) == (None, None)
    assert of("2025-01-01", people, fixed=("region",)) == (2, None)


def test_a_number_is_taken_as_it_is():
    people = table("customers", "valid_from | region | segment\n2025-01-01 | 12.5 | many")
    found = features_of(profile({"region": "number", "segment": "number"}, (), {}), people, "2025-06-01")
    assert found["profile__region_last_lifetime"] == 12.5
    assert found["profile__segment_last_lifetime"] is None


@settings(max_examples=settings().max_examples // 2)
@given(case=cases(["customers"]), clause=st.sampled_from([ALONE, CUSTOMER, FILLS, FUTURE, ORDER]))
def test_the_contract(case: Case, clause: str):
    assert broken_clauses([profile(KINDS, ["region"], KNOWN)], case, [SHAPE, clause]) == {}
