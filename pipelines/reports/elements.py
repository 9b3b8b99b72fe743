"""The page of the four elements, made from the kept figures: what changed, tiles, and a section for each element."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from configs.settings import Settings
from pipelines.elements.figures import MONTH_BEFORE, NOW, YEAR_BEFORE
from pipelines.elements.report import Report
from pipelines.outreach.wording import day
from pipelines.reports.element_sections import sections
from pipelines.reports.page import drawn, laid_out
from pipelines.reports.shown import in_days, in_words, interval, moved

TILES = ("CSAT", "NPS", "repeat rate", "revenue", "net value", "retention rate", "value added by outreach")
MOVED_SHOWN = 6


def elements_page(report: Report, parts: Sequence[Mapping[str, Any]], settings: Settings) -> str:
    """The HTML text of the page, of the sections as `drawn_sections` gives them."""
    title = f"The four elements: {settings.company or settings.name}, {day(report.as_of)}"
    return laid_out(title, summary(report, settings.currency), parts, tiles(report, settings.currency))


def drawn_sections(report: Report, currency: str, charts: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """The sections for a template. `charts`: heading -> the charts of a section, where they were drawn before."""
    return [drawn(section, charts.get(section.heading)) for section in sections(report, currency)]


def summary(report: Report, currency: str) -> list[str]:
    """What has changed, what to know before the figures, and what is left out."""
    of_all = ~pl.col("element").is_in(["segments", "plan"]) & (pl.col("figure") != "churn rate")  # retention tells it
    single = report.figures.filter(of_all, group="")
    changed = []
    for since in (MONTH_BEFORE, YEAR_BEFORE):
        if single.filter(compared=since).is_empty():
            continue
        found = moved(single, since, currency)
        told = "; ".join(found[:MOVED_SHOWN]) if found else "nothing"
        changed.append(f"Changed by more than chance explains, against the {since} (in brackets): {told}.")
    period = report.figures.filter(element="profitability", compared=NOW).drop_nulls("value")["period"]
    absent = report.figures.filter(pl.col("value").is_null())
    left_out = [
        f"{element}: {figure} ({why})"
        for element, figure, why in absent.select("element", "figure", "definition").rows()
    ]
    lines = [
        f"The month before {day(report.as_of)}{f' ({in_days(period[0])})' if len(period) else ''}, as it was known "
        "then, beside the month before it and the same month a year ago, where the log reaches back so far.",
        "Intervals are of 95 %: Wilson's for shares, a bootstrap over customers for the rest. Totals are counted.",
        "Customers who objected to profiling are in the totals, but in no figure of single customers nor a segment.",
    ]
    return changed + lines + ([f"Left out: {'; '.join(left_out)}."] if left_out else [])


def tiles(report: Report, currency: str) -> dict[str, str]:
    """The figures to see first, with their intervals."""
    rows = report.figures.filter(pl.col("figure").is_in(TILES), compared=NOW, group="").drop_nulls("value")
    found = {}
    for row in rows.iter_rows(named=True):
        ends = interval(row["low"], row["high"], row["unit"], currency)
        name = f"{row['figure']} ({ends})" if ends else row["figure"]
        found[name] = in_words(row["value"], row["unit"], currency)
    return found
