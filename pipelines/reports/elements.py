"""The page of the four elements, made from the kept figures: sections with a chart each and the table behind it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from configs.settings import Settings
from features.segments import MEANINGS, SCORES
from pipelines.elements.figures import ELEMENTS, NOW
from pipelines.elements.profitability import BEST, HELD, PARETO
from pipelines.elements.report import Report
from pipelines.elements.retention import LEFT, STILL, THERE
from pipelines.elements.segments import FROM, SLIPPED, UP
from pipelines.outreach.wording import day
from pipelines.reports.charts import Chart, curves, pairs
from pipelines.reports.element_tables import cohort_grid, migration_grid, movers_table, plan_table, segment_table
from pipelines.reports.grids import heat_map, steps
from pipelines.reports.page import Section, drawn, laid_out
from pipelines.reports.shown import compared, in_days, in_words, interval, meanings, table_of

NOW_COLUMN, BEFORE_COLUMN = "this month", "a month before"
DETAILS = (THERE, LEFT, STILL, HELD)
TILES = ("CSAT", "NPS", "repeat rate", "revenue", "net value", "retention rate")
MOVERS = "Segments: the largest movers"
IN_TIME = ("first response in time", "resolved in time")


def elements_page(report: Report, parts: Sequence[Mapping[str, Any]], settings: Settings) -> str:
    """The HTML text of the page, of the sections as `drawn_sections` gives them."""
    title = f"The four elements: {settings.company or settings.name}, {day(report.as_of)}"
    return laid_out(title, summary(report), parts, tiles(report, settings.currency))


def drawn_sections(report: Report, currency: str, charts: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """The sections for a template. `charts`: heading -> the charts of a section, where they were drawn before."""
    return [drawn(section, charts.get(section.heading)) for section in sections(report, currency)]


def summary(report: Report) -> list[str]:
    """What to know before the figures, and what is left out."""
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
    return lines + ([f"Left out: {'; '.join(left_out)}."] if left_out else [])


def sections(report: Report, currency: str) -> list[Section]:
    """The sections of all elements, in order; those without any figure are left out."""
    by = {name: report.figures.filter(element=name) for name in ELEMENTS}
    found = [
        *_satisfaction(by["satisfaction"], currency),
        _plain("Loyalty", by["loyalty"], currency),
        *_profitability(by["profitability"], currency),
        *_retention(by["retention"], currency),
        *_segments(by["segments"], report.movers, currency),
        _plan(by["plan"], currency),
    ]
    return [section for section in found if section.table is not None and section.table.height]


def tiles(report: Report, currency: str) -> dict[str, str]:
    """The figures to see first, with their intervals."""
    rows = report.figures.filter(pl.col("figure").is_in(TILES), compared=NOW, group="").drop_nulls("value")
    found = {}
    for row in rows.iter_rows(named=True):
        ends = interval(row["low"], row["high"], row["unit"], currency)
        name = f"{row['figure']} ({ends})" if ends else row["figure"]
        found[name] = in_words(row["value"], row["unit"], currency)
    return found


def _plain(heading: str, figures: pl.DataFrame, currency: str, *sentences: str) -> Section:
    """All figures in one table; the shares among them in a chart, this month beside the one before."""
    return Section(heading, sentences, _shares(figures), table_of(figures, currency), True, meanings(figures))


def _shares(figures: pl.DataFrame) -> Chart | None:
    rows = compared(figures).filter(unit="share")
    group = pl.when(pl.col("group") != "").then("group")
    of_each = rows.select(
        pl.concat_str("figure", group, separator=", ", ignore_nulls=True),
        "low",
        "high",
        pl.col("value").alias(NOW_COLUMN),
        pl.col("month_before").alias(BEFORE_COLUMN),
    )
    title = "share, with its interval"
    return pairs(of_each, "figure", (NOW_COLUMN, BEFORE_COLUMN), title) if rows.height else None


def _satisfaction(figures: pl.DataFrame, currency: str) -> Iterator[Section]:
    of_a_cause = (pl.col("group") != "") & (pl.col("figure") != "response rate")
    yield _plain("Satisfaction", figures.filter(~of_a_cause), currency)
    causes = figures.filter(of_a_cause)
    rows = compared(causes).filter(pl.col("figure").is_in(IN_TIME))
    wide = rows.pivot("figure", index="group", values="value", maintain_order=True)
    chart = pairs(wide, "group", IN_TIME, "share in time") if set(IN_TIME) <= set(wide.columns) else None
    heading = "Satisfaction: complaints by cause"
    yield Section(heading, [], chart, table_of(causes, currency), False, meanings(causes))


def _profitability(figures: pl.DataFrame, currency: str) -> Iterator[Section]:
    yield _plain("Profitability", figures.filter(pl.col("figure") != HELD), currency)
    curve = figures.filter(figure=HELD, compared=NOW).select(
        share=pl.col("group").str.strip_chars("%").cast(pl.Float64) / 100, customers="value"
    )
    if curve.height:
        begun = pl.concat([pl.DataFrame({"share": [0.0], "customers": [0.0]}), curve])
        beside = begun.with_columns(pl.col("share").alias("if all were alike"))
        chart = curves(beside, "share of the customers, those with the most first", "share of the revenue")
        yield Section("Profitability: on how few customers it rests", _pareto(figures), chart, beside)


def _pareto(figures: pl.DataFrame) -> list[str]:
    """Whether it is 80/20, by the interval of what the best 20 % hold."""
    found = figures.filter(figure="held by the best 20 %: revenue", compared=NOW).drop_nulls("low")
    if found.is_empty():
        return []
    value, low, high = found.select("value", "low", "high").row(0)
    said = "that is Pareto's 80/20" if low <= PARETO <= high else (
        "less than Pareto's 80/20: it rests on more customers" if high < PARETO else "more than Pareto's 80/20"
    )  # fmt: skip
    return [f"The best {BEST:.0%} of the customers bring {value:.1%} of the revenue ({low:.1%} to {high:.1%}): {said}."]


def _retention(figures: pl.DataFrame, currency: str) -> Iterator[Section]:
    yield _plain("Retention", figures.filter(~pl.col("figure").is_in(DETAILS)), currency)
    titles = {
        THERE: ("Retention by quarter of signing up", "Customers who were there in the days after signing up, in %"),
        LEFT: (
            "Churn by quarter of signing up",
            "Customers who were there in the days before and no more in these, in %",
        ),
    }
    for name, (heading, sentence) in titles.items():
        rows = figures.filter(figure=name)
        if rows.height:
            wide = cohort_grid(rows)
            chart = heat_map(wide, "days since signing up", "signed up in")
            yield Section(heading, [f"{sentence}."], chart, wide, False, meanings(rows))
    curve = figures.filter(figure=STILL, compared=NOW)
    table = curve.select(
        pl.col("group").str.strip_suffix(" days").cast(pl.Int64).alias("at"), "value", "low", "high", "population"
    )
    if table.height:
        chart = steps(table, "days since signing up", "share not yet gone")
        renamed = table.rename({"at": "days", "value": "still there", "population": "customers not gone before"})
        sentences = ["The share of customers who have not left for the first time, with its interval."]
        yield Section("How long customers stay", sentences, chart, renamed, False, meanings(curve))


def _segments(figures: pl.DataFrame, movers: pl.DataFrame, currency: str) -> Iterator[Section]:
    rows = compared(figures)
    of_each = (pl.col("group") != "") & ~pl.col("figure").str.starts_with(FROM)
    counts = rows.filter(of_each, figure="customers").select(
        "group", pl.col("value").alias(NOW_COLUMN), pl.col("month_before").alias(BEFORE_COLUMN)
    )
    chart = pairs(counts, "group", (NOW_COLUMN, BEFORE_COLUMN), "customers", ",.0f") if counts.height else None
    meant = [*MEANINGS.items(), *meanings(figures.filter(of_each))]
    yield Section("Segments", [SCORES], chart, segment_table(rows.filter(of_each), currency), True, meant)
    grid = migration_grid(rows)
    if grid.height:
        told = {
            figure: f"{round(share * among):,} ({share:.1%})"
            for figure, share, among in rows.filter(group="").select("figure", "value", "population").iter_rows()
        }
        sentence = (
            f"{told.get(UP, 'Nobody')} of the customers moved up since last month, {told.get(SLIPPED, 'nobody')} "
            "slipped. Rows: where they were; columns: where they are; each cell the number of customers."
        )
        chart = heat_map(grid, "now", "a month before", ",.0f")
        yield Section("Segments: who moved", [sentence], chart, grid, False, meanings(figures.filter(group="")))
    if movers.height:
        yield movers_section(movers, currency)


def movers_section(movers: pl.DataFrame, currency: str) -> Section:
    """The customers named of those who moved, by `segments.movers`."""
    said = "Of those who slipped, and of those who moved up, the ones with the most sales less returns of 365 days."
    return Section(MOVERS, [said], None, movers_table(movers, currency), True)


def _plan(figures: pl.DataFrame, currency: str) -> Section:
    planned = figures.drop_nulls("target")
    sentences = ["What each segment is to become, and where it stands."]
    return Section("Plan", sentences, None, plan_table(planned, currency), True, meanings(planned))
