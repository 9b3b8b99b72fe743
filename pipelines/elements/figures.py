"""The figures of a report, one row each, from which the page, the workbook and the web app are made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import polars as pl

from features.time import Month
from models.estimates import Estimate

ELEMENTS = ("satisfaction", "loyalty", "profitability", "retention", "segments", "plan")
NOW, MONTH_BEFORE, YEAR_BEFORE = "now", "month before", "year before"
COMPARED = {NOW: 0, MONTH_BEFORE: 1, YEAR_BEFORE: 12}  # months back
Unit = Literal["share", "money", "count", "points", "number"]
SCHEMA = {
    "as_of": pl.Date(),
    "element": pl.String(),
    "figure": pl.String(),
    "group": pl.String(),
    "compared": pl.String(),
    "period": pl.String(),
    "population": pl.Int64(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "target": pl.Float64(),
    "reached": pl.Boolean(),
    "unit": pl.String(),
    "definition": pl.String(),
}


@dataclass(frozen=True)
class Span:
    """Days of which a figure tells, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


def span_of(month: Month, days: int | None = None) -> Span:
    """The month, or the `days` days before its end."""
    last = month.cutoff.day - timedelta(days=1)
    return Span(month.start.day if days is None else month.cutoff.day - timedelta(days=days), last)


@dataclass(frozen=True)
class Figure:
    """One figure of an element. `definition` says what is counted of whom; `group` whom or what it is limited to.

    `target` and `reached`: of a plan only.
    """

    element: str
    figure: str
    estimate: Estimate
    unit: Unit
    span: Span
    definition: str
    group: str = ""
    target: float | None = None
    reached: bool | None = None


@dataclass(frozen=True)
class Absent:
    """What an element leaves out, and why."""

    element: str
    figure: str
    why: str


def known(figures: Iterable[Figure], compared: str, began: date) -> list[Figure]:
    """The figures that can be told of a log that `began` on a day: of earlier months those whose days it wholly holds;
    those of now all, their days cut to the log's."""
    if compared != NOW:
        return [figure for figure in figures if figure.span.first >= began]
    return [replace(figure, span=Span(max(figure.span.first, began), figure.span.last)) for figure in figures]


def rows_of(figures: Iterable[Figure], as_of: date, compared: str) -> pl.DataFrame:
    """The figures that have a value, as rows of `SCHEMA`."""
    rows = [
        {
            "as_of": as_of,
            "compared": compared,
            "period": str(figure.span),
            "population": figure.estimate.population,
            "value": figure.estimate.value,
            "low": figure.estimate.low,
            "high": figure.estimate.high,
            **{name: getattr(figure, name) for name in ("element", "figure", "group", "target", "reached", "unit")},
            "definition": figure.definition,
        }
        for figure in figures
        if figure.estimate.value is not None
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def absent_rows(absent: Iterable[Absent], as_of: date) -> pl.DataFrame:
    """A row without a value for each thing left out, its definition saying why."""
    rows = [
        {"as_of": as_of, "element": one.element, "figure": one.figure, "group": "", "compared": NOW}
        | {"population": 0, "definition": one.why}
        for one in absent
    ]
    return pl.DataFrame(rows, schema=SCHEMA)
