"""Satisfaction: what customers answer, whether they answer, and whether the service they were promised came."""

from collections.abc import Iterator
from functools import partial

import polars as pl

from configs.report import Report
from features.families.complaints import CAUSES
from features.service import NO_CAUSE
from models.estimates import Estimate, answered_mean, counted, net_promoters, share_of
from pipelines.elements.figures import Absent, Figure, span_of
from pipelines.elements.gather import Facts

ELEMENT = "satisfaction"
INFORMED, INFORMED_BY = "kept informed", "complaint_updates"
SATISFIED = 4  # CSAT from, of 5
_figure = partial(Figure, ELEMENT)


def satisfaction(facts: Facts, tables: frozenset[str], standards: Report, seed: int) -> list[Figure]:
    """The figures of the month, as far as there are tables for them."""
    found = [*_surveys(facts, seed), *_standards(facts, standards, seed), *_promises(facts)]
    return found if INFORMED_BY in tables else [figure for figure in found if figure.figure != INFORMED]


def left_out(tables: frozenset[str]) -> list[Absent]:
    """What cannot be told without tables that are absent."""
    needed = {
        "CSAT, NPS and response rates": "surveys",
        "service standards": "complaints",
        INFORMED: INFORMED_BY,
        "promises kept": "promises",
    }
    return [Absent(ELEMENT, what, f"no table {table}") for what, table in needed.items() if table not in tables]


def _surveys(facts: Facts, seed: int) -> Iterator[Figure]:
    span, surveys = span_of(facts.month), facts.surveys
    scored = surveys.filter(pl.col("score").is_not_null())
    csat, nps, ces = (scored.filter(kind=kind) for kind in ("csat", "nps", "ces"))
    if csat.height:
        satisfied = share_of(int((csat["score"] >= SATISFIED).sum()), csat.height)
        yield _figure("CSAT", satisfied, "share", span, "share of CSAT answers in the period with 4 or 5 of 5")
        mean = answered_mean(csat, pl.col("score"), seed)
        yield _figure("CSAT, mean", mean, "number", span, "mean of CSAT answers in the period, from 1 to 5")
    if nps.height:
        net = answered_mean(nps, net_promoters(), seed)
        said = "share of NPS answers in the period with 9 or 10, less that with 0 to 6, in points from -100 to 100"
        yield _figure("NPS", net, "points", span, said)
    if ces.height:
        mean = answered_mean(ces, pl.col("score"), seed)
        said = "mean of CES answers in the period (how easy it was made), from 1 to 7"
        yield _figure("CES, mean", mean, "number", span, said)
    sent = surveys.filter(pl.col("answered").is_not_null())
    for kind in ("csat", "nps", "ces"):
        answers = sent.filter(kind=kind)["answered"]
        said = "share of the surveys sent in the period that were answered by its end"
        yield _figure("response rate", _share(answers), "share", span, said, kind.upper())


def _standards(facts: Facts, standards: Report, seed: int) -> Iterator[Figure]:
    rows = facts.complaints
    causes = [cause for cause in (*CAUSES, NO_CAUSE) if cause in rows["cause"].to_list()] if rows.height else []
    for cause in ("", *causes):
        here = rows.filter(cause=cause) if cause else rows
        yield from _of_complaints(facts, here, standards, seed, cause)


def _of_complaints(facts: Facts, rows: pl.DataFrame, standards: Report, seed: int, cause: str) -> Iterator[Figure]:
    span, hours, days = span_of(facts.month), standards.response_hours, standards.resolution_days
    opened = int(rows["opened"].sum() or 0)
    if rows.height:
        yield _figure("complaints", counted(opened, opened), "count", span, "complaints opened in the period", cause)
    said = {
        "answered": (
            "first response in time",
            f"share with a first response within {hours:g} hours, of the complaints whose {hours:g} hours ended in the "
            "period",
        ),
        "resolved": (
            "resolved in time",
            f"share first resolved within {days:g} days, of the complaints whose {days:g} days ended in the period",
        ),
        "informed": (
            INFORMED,
            f"share never left without news for more than {standards.informed_days:g} days, of the complaints open in "
            "the period",
        ),
    }
    for column, (name, definition) in said.items():
        yield _figure(name, _share(rows[column].drop_nulls()), "share", span, definition, cause)
    rated = rows.filter(pl.col("rating").is_not_null())
    if rated.height:
        mean = answered_mean(rated, pl.col("rating"), seed)
        yield _figure("rating afterwards", mean, "number", span, "mean rating of complaints given in the period", cause)


def _promises(facts: Facts) -> Iterator[Figure]:
    said = "share kept by the time they were due, of the promises due in the period"
    yield _figure("promises kept", _share(facts.promises["kept"]), "share", span_of(facts.month), said)


def _share(happened: pl.Series) -> Estimate:
    return share_of(int(happened.sum() or 0), len(happened))
