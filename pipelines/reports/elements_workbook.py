"""The report of the four elements as an Excel workbook: figures with definitions, grids, movers; ready to print."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import Path

import polars as pl
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from configs.settings import Settings
from pipelines.elements.figures import ELEMENTS, NOW
from pipelines.elements.report import Report
from pipelines.elements.retention import LEFT, THERE
from pipelines.elements.segments import FROM
from pipelines.outreach.wording import day
from pipelines.outreach.workbook import OPTIONS, POINTS_PER_LINE, cell_formats, write_cell
from pipelines.reports.element_tables import cohort_cells, cohort_grid, migration_grid, movers_table
from pipelines.reports.shown import compared

GRIDS = {"Cohorts, there": THERE, "Cohorts, left": LEFT}
LISTED = ("figure", "group", "value", "low", "high", "month_before", "year_before", "target", "reached", "population")
HEAT = {"type": "2_color_scale", "min_color": "#F3F6F9", "max_color": "#8DB3D9"}
WIDTHS = {"figure": 42, "group": 22, "period": 24, "definition": 70, "customer_id": 18, "account_manager": 22}


def write_elements_workbook(report: Report, settings: Settings, lines: Sequence[str], path: Path) -> None:
    """Write a sheet for each element, for each grid and for the movers; `lines`: what to know, on the first sheet."""
    with Workbook(str(path), OPTIONS) as workbook:
        # The clock would make every file differ.
        created = datetime.combine(report.as_of, time())
        workbook.set_properties({"title": "The four elements", "author": "Holdfast", "created": created})
        formats = _formats(workbook, settings.currency)
        figures = report.figures.filter(compared=NOW)
        of_grids = {name: figures.filter(figure=figure) for name, figure in GRIDS.items()}
        said = [f"{name}: {cells['definition'][0]}." for name, cells in of_grids.items() if cells.height]
        _about(workbook, report, settings, [*lines, *said])
        for element in ELEMENTS:
            rows = _listed(report.figures.filter(element=element))
            if rows.height:
                _sheet(workbook, element.capitalize(), rows.drop("unit"), formats, report, rows["unit"])
        for name, cells in of_grids.items():
            if cells.height:
                grid = cohort_grid(cohort_cells(cells))
                sheet = _sheet(workbook, name, grid, formats, report, "share")
                sheet.conditional_format(1, 2, grid.height, grid.width - 1, HEAT)
        grid = migration_grid(figures)
        if grid.height:
            sheet = _sheet(workbook, "Migration", grid, formats, report, "count")
            sheet.conditional_format(1, 1, grid.height, grid.width - 1, HEAT)
        if report.movers.height:
            shown = movers_table(report.movers, settings.currency).with_columns(report.movers["spent"])
            _sheet(workbook, "Movers", shown, formats, report, "money")


def _formats(workbook: Workbook, currency: str) -> Mapping[str, Format]:
    """How cells look, by unit; texts stay texts whatever they look like."""
    cells = cell_formats(workbook, currency)
    shapes = {"share": "0.0%", "points": "+0.0;-0.0;0.0", "number": "#,##0.00", "count": "#,##0"}
    own = {
        unit: workbook.add_format({"num_format": shape, "valign": "top", "bottom": 1, "bottom_color": "#D0D7DE"})
        for unit, shape in shapes.items()
    }
    head = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E8EDF2", "bottom": 1})
    return {"text": cells["text"], "money": cells["money"], "heading": head, **own}


def _listed(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures of now but those that stand in grids of their own, with the ones before; no empty column."""
    single = (pl.col("figure") != THERE) & (pl.col("figure") != LEFT) & ~pl.col("figure").str.starts_with(FROM)
    rows = compared(figures.filter(single)).with_columns(
        pl.when(pl.col("group") != "").then("group"),
        reached=pl.when("reached").then(pl.lit("reached")).when(pl.col("reached").not_()).then(pl.lit("not yet")),
    )
    kept = [name for name in LISTED if rows[name].null_count() < rows.height]
    return rows.select(*kept, "period", "definition", "unit")


def _sheet(
    workbook: Workbook,
    name: str,
    table: pl.DataFrame,
    formats: Mapping[str, Format],
    report: Report,
    units: pl.Series | str,
) -> Worksheet:
    """One table; `units`: of the numbers of each row, or of all."""
    sheet = workbook.add_worksheet(name)
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, WIDTHS.get(column, 14))
        sheet.write_string(0, index, column.replace("_", " "), formats["heading"])
    for row, values in enumerate(table.iter_rows(), start=1):
        for index, (column, value) in enumerate(zip(table.columns, values, strict=True)):
            unit = (
                "count"
                if column in ("population", "customers")
                else units
                if isinstance(units, str)
                else units[row - 1]
            )
            shape = formats["text" if isinstance(value, str) else unit]
            write_cell(sheet, row, index, value, shape, formats["text"])
    _print_set_up(sheet, table.height, table.width, name, report)
    return sheet


def _print_set_up(sheet: Worksheet, rows: int, columns: int, name: str, report: Report) -> None:
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, rows, columns - 1)
    if rows:
        # Ids of digits only are meant to be text: no green warning corners.
        sheet.ignore_errors({"number_stored_as_text": f"A2:XFD{rows + 1}"})
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, rows, columns - 1)
    sheet.set_header(f"&L{name}&R{day(report.as_of)}")
    sheet.set_footer("&LFor those who lead, and the data team&RPage &P of &N")


def _about(workbook: Workbook, report: Report, settings: Settings, lines: Sequence[str]) -> None:
    sheet = workbook.add_worksheet("About")
    text = workbook.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    title = workbook.add_format({"bold": True, "font_size": 14, "quote_prefix": True})
    sheet.set_column(0, 0, 110)
    sheet.write_string(0, 0, f"The four elements: {settings.company or settings.name}, {day(report.as_of)}", title)
    for row, line in enumerate(lines, start=1):
        sheet.set_row(row, POINTS_PER_LINE * (1 + len(line) // 100))
        sheet.write_string(row, 0, line, text)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
