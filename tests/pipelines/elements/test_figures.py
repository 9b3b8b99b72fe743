"""Which figures can be told, and how they become rows."""

from datetime import date

from features.time import Month
from models.estimates import Estimate
from pipelines.elements.figures import SCHEMA, Absent, Figure, Span, absent_rows, known, rows_of, span_of
from tests.features.drawn_tables import cutoff

LAST = date(2025, 5, 31)


def figure(first: str, value: float | None = 0.5) -> Figure:
    return Figure(
        "loyalty", "repeat rate", Estimate(4, value, 0.25), "share", Span(date.fromisoformat(first), LAST), "x"
    )


def test_days_of_a_month_and_before_its_end():
    may = Month(cutoff("2025-06-01"))
    assert (str(span_of(may)), str(span_of(may, 30))) == ("2025-05-01..2025-05-31", "2025-05-02..2025-05-31")


def test_what_the_log_does_not_hold_is_not_compared_with():
    figures, began = [figure("2025-04-30"), figure("2025-05-01")], date(2025, 5, 1)
    assert known(figures, "month before", began) == figures[1:]
    # Of now everything is told, and of which days.
    assert [str(one.span) for one in known(figures, "now", began)] == ["2025-05-01..2025-05-31"] * 2


def test_rows():
    rows = rows_of([figure("2025-05-01"), figure("2025-05-01", None)], LAST, "now")
    assert rows.schema == SCHEMA and rows.height == 1
    row = rows.row(0, named=True)
    assert {name: row[name] for name in ("period", "population", "value", "low", "high", "compared", "group")} == {
        "period": "2025-05-01..2025-05-31",
        "population": 4,
        "value": 0.5,
        "low": 0.25,
        "high": None,
        "compared": "now",
        "group": "",
    }
    absent = absent_rows([Absent("loyalty", "tie strength", "no table interactions")], LAST).row(0, named=True)
    assert (absent["value"], absent["population"], absent["definition"]) == (None, 0, "no table interactions")
