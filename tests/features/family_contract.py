"""What holds of every family of features, whatever it computes; each clause compares two builds of one case.

`build` is the engine, or a faulty stand-in for it, so that the clauses themselves can be seen to bite.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl
from polars.testing import assert_frame_equal

from features.context import Fitted, at_cutoffs, market
from features.family import Family
from features.matrix import KEYS, build_matrix
from features.time import Cutoff
from tests import reference
from tests.features.strategies import CUSTOMERS, Case
from tests.reference import btyd

Tables = Mapping[str, pl.DataFrame]
Build = Callable[[Tables, pl.DataFrame, Sequence[Cutoff], Sequence[Family], pl.DataFrame], pl.DataFrame]

Built = Callable[..., pl.DataFrame]

SHAPE = "one row for each row of the cohort, in its order"
ORACLE = "equal to the oracle"
FUTURE = "nothing known at or after the cutoff changes it"
ALONE = "many cutoffs together are the same as each alone"
CUSTOMER = "a row depends on its customer and the context alone"
ORDER = "the order of rows and columns does not matter"
FILLS = "without events there are the declared fills"


def broken_clauses(
    families: Sequence[Family], case: Case, clauses: Iterable[str], build: Build = build_matrix
) -> dict[str, str]:
    """The `clauses` that do not hold of `families` on `case`, each with the first difference found."""
    broken = {}
    context = context_of(case.tables, case, families)

    def built(tables: Tables, rows: pl.DataFrame, cutoffs: Sequence[Cutoff], context: pl.DataFrame = context):
        return build(tables, rows, cutoffs, families, context)

    matrix = built(case.tables, case.rows, case.cutoffs)
    for clause in clauses:
        try:
            CLAUSES[clause](families, case, built, matrix)
        except AssertionError as difference:
            broken[clause] = str(difference)
    return broken


def context_of(tables: Tables, case: Case, families: Sequence[Family]) -> pl.DataFrame:
    """The market as of the cutoffs of the case, with parameters that no fit gave."""
    fitted = Fitted({f"btyd__{name}": value for name, value in btyd.PARAMETERS.items()})
    return at_cutoffs(market([tables], case.cutoffs, families), fitted)


def _same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert_frame_equal(found, expected, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)


def _shape(families: Sequence[Family], case: Case, build: Built, matrix: pl.DataFrame) -> None:
    names = [column for family in families for column in family.feature_columns()]
    assert matrix.columns == [*KEYS, *names], matrix.columns
    assert matrix.select(KEYS).equals(case.rows)
    assert set(matrix.select(names).dtypes) == {pl.Float64()}, matrix.dtypes
    assert matrix.select(pl.all_horizontal(pl.col(names).is_finite().fill_null(True)).all()).item(), "not finite"


def _oracle(families: Sequence[Family], case: Case, build: Built, matrix: pl.DataFrame) -> None:
    names = [family.name for family in families if family.name in reference.FAMILIES]
    if len(names) < len(families):
        return
    rows = {name: table.to_dicts() for name, table in case.tables.items()}
    zone = case.cutoffs[0].zone
    expected = [
        {"customer_id": customer, "cutoff": day, **reference.features(rows, customer, day, zone, names)}
        for customer, day in case.rows.rows()
    ]
    assert set(expected[0]) == set(matrix.columns), set(expected[0]) ^ set(matrix.columns)
    _same(matrix, pl.DataFrame(expected, schema=matrix.schema))


def _future(families: Sequence[Family], case: Case, build: Built, matrix: pl.DataFrame) -> None:
    context = context_of(case.another_future, case, families)
    changed = build(case.another_future, case.rows, case.cutoffs, context)
    until = pl.col("cutoff") <= case.present.day
    _same(changed.filter(until), matrix.filter(until))


def _alone(families: Sequence[Family], case: Case, build: Built, matrix: pl.DataFrame) -> None:
    for cutoff in case.cutoffs:
        here = pl.col("cutoff") == cutoff.day
        _same(build(case.tables, case.rows.filter(here), [cutoff]), matrix.filter(here))


def _customer(families: Sequence[Family], case: Case, build: Built, matrix: pl.DataFrame) -> None:
    for bucket in (pl.col("customer_id") == CUSTOMERS[0], pl.col("customer_id") != CUSTOMERS[0]):
        tables = {name: table.filter(bucket) for name, table in case.tables.items()}
        _same(build(tables, case.rows.filter(bucket), case.cutoffs), matrix.filter(bucket))


def _order(families: Sequence[Family], case: Case, build: Built, matrix: pl.DataFrame) -> None:
    tables = {name: table.reverse().select(table.columns[::-1]) for name, table in case.tables.items()}
    _same(build(tables, case.rows.reverse(), case.cutoffs[::-1]).reverse(), matrix)


def _fills(families: Sequence[Family], case: Case, build: Built, matrix: pl.DataFrame) -> None:
    tables = {name: table.clear() for name, table in case.tables.items()}
    empty = build(tables, case.rows, case.cutoffs)
    for family in families:
        for measure in (m for m in family.measures if not m.internal):
            for window in measure.windows:
                column = measure.column(family.name, window)
                assert set(empty[column]) == {measure.fill}, (column, measure.fill)
        for feature in family.derived:
            if feature.fill is not None and not feature.internal:
                assert empty[feature.column(family.name)].null_count() == 0, feature.name


CLAUSES = {
    SHAPE: _shape,
    ORACLE: _oracle,
    FUTURE: _future,
    ALONE: _alone,
    CUSTOMER: _customer,
    ORDER: _order,
    FILLS: _fills,
}
