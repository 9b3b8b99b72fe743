"""The page and the workbook of the four elements: sections, tables, grids that can be read, nothing that computes."""

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from openpyxl import load_workbook

from configs.settings import Settings
from features.segments import MEANINGS
from pipelines.elements.figures import SCHEMA
from pipelines.elements.report import Report, latest
from pipelines.elements.segments import MOVERS_SCHEMA
from pipelines.reports.charts import NARROW, WIDE, as_svg
from pipelines.reports.element_sections import sections
from pipelines.reports.element_tables import half_gone
from pipelines.reports.elements import drawn_sections, elements_page, summary
from pipelines.reports.grids import heat_map, steps
from pipelines.reports.shown import in_words, interval, moved, table_of
from pipelines.reports.write_elements import write_report

DAY = date(2026, 6, 1)
HOSTILE = "=1+1<script>"


def row(
    element: str, figure: str, value: float | None, group: str = "", compared: str = "now", **further: object
) -> dict:
    """A row of figures; what is not given is a share of 40, without an interval."""
    return {
        "as_of": DAY,
        "element": element,
        "figure": figure,
        "group": group,
        "compared": compared,
        "period": "2026-05-01..2026-05-31",
        "population": 40,
        "value": value,
        "unit": "share",
        "definition": f"what {figure} is",
    } | further


FIGURES = pl.DataFrame(
    [
        row("satisfaction", "NPS", -12.5, unit="points", low=-20.0, high=-5.0),
        row("satisfaction", "NPS", -30.0, compared="month before", unit="points"),
        row("satisfaction", "NPS", 4.0, compared="year before", unit="points"),
        row("satisfaction", "first response in time", 0.5, low=0.4, high=0.6),
        row("satisfaction", "first response in time", 0.25, "delay"),
        row("satisfaction", "resolved in time", 0.75, "delay"),
        row("profitability", "revenue", 1234.5, unit="money"),
        row("profitability", "held by the best 20 %: revenue", 0.79, low=0.77, high=0.81),
        *(row("profitability", "revenue held by the best", share, f"{share:.0%}") for share in (0.5, 1.0)),
        row("retention", "there", 0.875, "2026-Q1, days 0 to 89", low=0.8, high=0.93),
        row("retention", "there", 0.5, "2026-Q1, days 90 to 179", population=30),
        row("retention", "there", 0.625, "2025-Q4, days 0 to 89"),
        row("retention", "left", 0.25, "2025-Q4, days 90 to 179"),
        row("retention", "still there", 1.0, "0 days"),
        row("retention", "still there", 0.9, "30 days", low=0.8, high=0.95),
        row("segments", "customers", 30.0, "loyal", unit="count"),
        row("segments", "customers", 20.0, "loyal", "month before", unit="count"),
        row("segments", "share of customers", 0.75, "loyal", low=0.6, high=0.86),
        row("segments", "moved up", 0.125),
        row("segments", "from loyal", 17.0, "champions", unit="count"),
        row("segments", "from loyal", 13.0, "loyal", unit="count"),
        row(
            "plan",
            "share of customers, short term by 2026-09-01",
            0.75,
            "loyal",
            low=0.6,
            high=0.86,
            target=0.7,
            reached=True,
        ),
        row(
            "plan",
            "share of customers, long term by 2029-06-01",
            0.75,
            "loyal",
            low=0.6,
            high=0.86,
            target=0.9,
            reached=False,
        ),
        row("loyalty", "tie strength", None, population=0, definition="no table interactions"),
    ],
    schema=SCHEMA,
)
MOVERS = pl.DataFrame(
    [(DAY, HOSTILE, "Anna\u2028Schmidt", "moved up", "loyal", "champions", 99.5)], schema=MOVERS_SCHEMA, orient="row"
)
REPORT = Report(DAY, FIGURES, MOVERS)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = {"name": "mill", "company": "Mills & <b>", "root": str(tmp_path), "currency": "EUR"}
    return Settings.model_validate(given | {"sources": {"transactions": {"path": "orders.csv"}}})


def test_words() -> None:
    shown = [in_words(0.1234, "share", "EUR"), in_words(-12.5, "points", "EUR"), in_words(1234.5, "money", "GBP")]
    assert shown == ["12.3%", "-12.5", "£1,235"]
    assert [in_words(1234.0, "count", "EUR"), in_words(1.005, "number", "EUR")] == ["1,234", "1.00"]
    assert in_words(None, "share", "EUR") == interval(0.1, None, "share", "EUR") == ""
    assert interval(-20.0, 5.0, "points", "EUR") == "-20.0 to +5.0"


def test_figures_beside_those_of_earlier_months() -> None:
    table = table_of(FIGURES.filter(element="satisfaction", group=""), "EUR")

    assert table.rows() == [
        ("NPS", "-12.5", "-20.0 to -5.0", "-30.0", "+4.0", 40),
        ("first response in time", "50.0%", "40.0% to 60.0%", "", "", 40),
    ]


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        # The half-widths are 0.03 and 0.04, so chance explains 0.05.
        ((0.60, 0.57, 0.63), (0.54, 0.50, 0.58), ["CSAT 60.0% (54.0%)"]),
        ((0.60, 0.57, 0.63), (0.56, 0.52, 0.60), []),
        ((0.60, None, None), (0.10, 0.06, 0.14), []),  # counted, or of too few for an interval
    ],
)
def test_what_changed_by_more_than_chance(now: tuple, before: tuple, said: list[str]) -> None:
    rows = [
        row("satisfaction", "CSAT", value, compared=at, low=low, high=high)
        for at, (value, low, high) in (("now", now), ("month before", before))
    ]
    figures = pl.DataFrame(rows, schema=SCHEMA)
    assert moved(figures, "month before", "EUR") == said and moved(figures, "year before", "EUR") == []
    told = summary(Report(DAY, figures, MOVERS), "EUR")[0]
    assert told.endswith(f"against the month before (in brackets): {said[0] if said else 'nothing'}.")


def test_when_half_have_left() -> None:
    curve = pl.DataFrame({"at": [0, 30, 60, 90], "value": [1.0, 0.6, 0.5, 0.4], "low": [None, 0.5, 0.4, 0.3]})
    assert half_gone(curve.with_columns(high=pl.Series([None, 0.7, 0.6, 0.5]))) == (
        "Half of them have left by day 60 (30 to 90)."
    )
    assert "(30 to later than known)" in half_gone(curve.with_columns(high=pl.Series([None, 0.7, 0.7, 0.7])))


def test_sections_and_their_tables() -> None:
    found = {section.heading: section for section in sections(REPORT, "EUR")}

    assert list(found) == [
        "Satisfaction",
        "Satisfaction: complaints by cause",
        "Profitability",
        "Profitability: on how few customers it rests",
        "Retention by quarter of signing up",
        "Churn by quarter of signing up",
        "How long customers stay",
        "Segments",
        "Segments: who moved",
        "Segments: the largest movers",
        "Plan",
    ]
    assert all(section.table is not None for section in found.values())
    grid = found["Retention by quarter of signing up"].table
    assert grid is not None and grid.to_dicts() == [
        {"cohort": "2025-Q4", "customers": 40, "0": "62.5%", "90": None},
        {"cohort": "2026-Q1", "customers": 40, "0": "87.5% (80.0% to 93.0%)", "90": "50.0%"},
    ]
    moved = found["Segments: who moved"].table
    assert moved is not None and moved.width == 1 + len(MEANINGS)
    assert moved.select("was", "champions", "loyal", "lost").rows() == [("loyal", 17, 13, 0)]
    segments = found["Segments"].table
    assert segments is not None and segments.rows()[0][:5] == ("loyal", 30, 20, None, "75.0% (60.0% to 86.0%)")
    plan = found["Plan"].table
    assert plan is not None and plan.rows() == [
        ("loyal", "share of customers", "75.0%", "60.0% to 86.0%", "70.0%: reached", "90.0%: not yet")
    ]
    assert plan.columns[-2:] == ["short term by 2026-09-01", "long term by 2029-06-01"]
    assert found["Plan"].sentences[1].startswith("No target is set for: champions, promising, new, ")
    stay = found["How long customers stay"]
    assert stay.table is not None and stay.table.rows() == [(0, "100.0%", "", 40), (30, "90.0%", "80.0% to 95.0%", 40)]
    assert stay.sentences[0].endswith("More than half are still there after 30 days.")
    assert found["Profitability: on how few customers it rests"].sentences == [
        "The best 20% of the customers bring 79.0% of the revenue (77.0% to 81.0%): that is Pareto's 80/20."
    ]
    assert found["Satisfaction"].meanings[0] == ("NPS", "What NPS is. 1 May 2026 to 31 May 2026.")


@pytest.mark.parametrize(("low", "high", "said"), [(0.5, 0.6, "less than"), (0.85, 0.9, "more than")])
def test_when_it_is_not_pareto(low: float, high: float, said: str) -> None:
    best = pl.col("figure").str.starts_with("held by the best")
    others = FIGURES.with_columns(
        low=pl.when(best).then(low).otherwise("low"), high=pl.when(best).then(high).otherwise("high")
    )
    sentence = next(s.sentences for s in sections(Report(DAY, others, MOVERS), "EUR") if "how few" in s.heading)
    assert f": {said} Pareto's 80/20" in sentence[0]


def test_the_page_says_what_is_left_out_and_runs_nothing(settings: Settings) -> None:
    page = elements_page(REPORT, drawn_sections(REPORT, settings.currency, {}), settings)

    assert "Left out: loyalty: tie strength (no table interactions)." in summary(REPORT, "EUR")
    assert "Left out: loyalty: tie strength (no table interactions)." in page
    assert "<script" not in page and "Mills &amp; &lt;b&gt;" in page and "=1+1&lt;script&gt;" in page
    assert "\u2028" not in page
    assert page.count("<svg") == 2 * 9  # all but the movers and the plan, each wide and narrow


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_cell_of_a_grid_shows_its_number(width: int) -> None:
    grid = pl.DataFrame({"was": ["loyal", "lost"], "loyal": [17, 3], "lost": [None, 1234]})
    svg = as_svg(heat_map(grid, "now", "before", ",.0f"), width)
    inks = dict(re.findall(r"<text[^>]* fill=\"(\w+)\">([\d,]+)</text>", svg))
    assert re.findall(r"<text[^>]*>([\d,]+)</text>", svg) == ["17", "3", "1,234"]
    assert inks == {"black": "3", "white": "1,234"}  # on light and on dark cells


def test_a_curve_in_steps_has_a_band_where_there_is_an_interval() -> None:
    table = pl.DataFrame(
        {"at": [0, 30, 60], "value": [1.0, 0.9, 0.8], "low": [None, 0.8, 0.7], "high": [None, 0.95, 0.9]}
    )
    svg = as_svg(steps(table, "days", "share"))
    assert svg.count("mark-area") == 1 and svg.count("mark-line") == 1


def test_the_workbook_is_typed_and_prints(settings: Settings) -> None:
    write_report(REPORT, settings)
    book = load_workbook(settings.root / "report.xlsx")

    elements = ["Satisfaction", "Profitability", "Retention", "Segments", "Plan"]
    assert book.sheetnames == ["About", *elements, "Cohorts, there", "Cohorts, left", "Migration", "Movers"]
    sheet = book["Satisfaction"]
    heading, first, second = list(sheet.iter_rows(min_row=1, max_row=3))
    assert [cell.value for cell in heading] == [
        *("figure", "group", "value", "low", "high", "month before", "year before", "population", "period"),
        "definition",
    ]
    assert [cell.value for cell in first][:8] == ["NPS", None, -12.5, -20, -5, -30, 4, 40]
    assert (first[2].data_type, first[2].number_format) == ("n", "+0.0;-0.0;0.0")
    assert (second[2].value, second[2].number_format) == (0.5, "0.0%")
    assert book["Profitability"]["C2"].value == 1234.5 and "€" in book["Profitability"]["C2"].number_format
    assert [cell.value for cell in book["Cohorts, there"][3]] == ["2026-Q1", 40, 0.875, 0.5]
    assert [cell.number_format for cell in book["Cohorts, there"][3]][1:] == ["#,##0", "0.0%", "0.0%"]
    shaded = {name: str(rule.sqref) for name in book.sheetnames for rule in book[name].conditional_formatting}
    assert shaded == {"Cohorts, there": "C2:D3", "Cohorts, left": "C2", "Migration": "B2:J2"}
    assert "Cohorts, there: what there is." in [cell.value for cell in book["About"]["A"]]
    named = book["Movers"][2]
    assert (named[1].value, named[1].data_type) == (HOSTILE, "s")  # no formula
    assert named[2].value == "Anna Schmidt" and named[5].value == 99.5
    assert [book["Plan"].cell(2, 6).value, book["Plan"].cell(2, 7).value] == [0.7, "reached"]
    assert "Left out: loyalty: tie strength (no table interactions)." in [cell.value for cell in book["About"]["A"]]
    for sheet in book.worksheets[1:]:
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows == "$1:$1" and sheet.freeze_panes == "B2"
        assert not any(cell.data_type == "f" for cells in sheet.iter_rows() for cell in cells)


def test_what_is_written(settings: Settings) -> None:
    page = write_report(REPORT, settings)

    assert sorted(path.name for path in settings.root.iterdir()) == [
        *("report.html", "report.parquet", "report.xlsx", "report_charts.json", "report_movers.parquet")
    ]
    found = latest(settings.root)
    assert found is not None and found.figures.equals(FIGURES) and found.movers.equals(MOVERS)
    for name in ("report.html", "report.xlsx", "report_movers.parquet"):
        assert (settings.root / name).stat().st_mode & 0o077 == 0  # they name customers
    before = (settings.root / "report.xlsx").read_bytes(), page.read_text()
    write_report(REPORT, settings)
    assert before == ((settings.root / "report.xlsx").read_bytes(), page.read_text())
