"""One account manager's risk list as an Excel workbook: the list, ready to filter and print, and a sheet about it."""

from collections.abc import Sequence
from datetime import date, datetime, time
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.outreach.columns import Column, Kind, present
from pipelines.outreach.context import ListContext
from pipelines.outreach.leave_alone import Shown
from pipelines.outreach.wording import currency_prefix, day, moment

# Excel drops a longer text altogether. It counts a character outside the basic plane twice, hence half its 32,767.
LONGEST_TEXT = 16_383
FIRST_EXCEL_YEAR = 1900
SHEET, ALONE_SHEET = "Call list", "Leave alone"
POINTS_PER_LINE = 15.0
MOST_LINES = 10
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_workbook(
    lines: pl.DataFrame, manager: str, context: ListContext, path: Path, alone: Shown | None = None
) -> None:
    """Write the list (columns of `columns.typed`, texts on one line, no NaN) and an About sheet to `path`.

    `alone`: whom to leave alone, on a sheet between them.
    """
    with Workbook(str(path), OPTIONS) as workbook:
        # The clock would make every file differ.
        created = datetime.combine(context.as_of, time())
        workbook.set_properties({"title": "Call these customers first", "author": "Holdfast", "created": created})
        _write_list(workbook, lines, manager, context)
        if alone is not None:
            _write_leave_alone(workbook, alone, manager, context)
        _write_about(workbook, present(lines), manager, context)


def cell_formats(workbook: Workbook, currency: str, **also: Any) -> dict[Kind, Format]:
    """How cells of each kind look; `also`: further properties of every one."""
    prefix = f'"{currency_prefix(currency).replace(chr(34), "")}"'
    shapes: dict[Kind, dict[str, Any]] = {
        # The quote prefix keeps a text a text also when somebody edits the cell.
        "text": {"quote_prefix": True, "text_wrap": True},
        "count": {"num_format": "0", "align": "center"},
        "percent": {"num_format": "0%", "align": "right", "indent": 1},
        "money": {
            "num_format": f"[>=100]{prefix}#,##0;[<=-100]-{prefix}#,##0;{prefix}0.00",
            "align": "right",
            "indent": 1,
        },
        "number": {"num_format": "+0.00;-0.00;0.00"},
        "date": {"num_format": "d mmm yyyy", "align": "left"},
    }
    return {
        kind: workbook.add_format({"valign": "top", "bottom": 1, "bottom_color": "#D0D7DE", **shape, **also})
        for kind, shape in shapes.items()
    }


def _write_list(workbook: Workbook, lines: pl.DataFrame, manager: str, context: ListContext) -> None:
    sheet, columns, last_row = workbook.add_worksheet(SHEET), present(lines), len(lines)
    position = {column.name: index for index, column in enumerate(columns)}
    _write_table(workbook, sheet, columns, lines, manager, context)
    if last_row:
        bar = {"type": "data_bar", "bar_color": "#9DB8D2", "bar_solid": True, "min_type": "num", "min_value": 0}
        at_risk = position["value_at_risk"]
        sheet.conditional_format(1, at_risk, last_row, at_risk, bar)
        for index, column in enumerate(columns):
            if column.answer:
                sheet.data_validation(1, index, last_row, index, _allowed(column, context))
    # What stands behind the estimate stays on the screen: on paper it would make the list too small to read.
    sheet.print_area(0, 0, last_row, position["last_purchase_on"])


def _write_leave_alone(workbook: Workbook, alone: Shown, manager: str, context: ListContext) -> None:
    _write_table(workbook, workbook.add_worksheet(ALONE_SHEET), alone.columns, alone.lines, manager, context)


def _write_table(
    workbook: Workbook,
    sheet: Worksheet,
    columns: Sequence[Column],
    lines: pl.DataFrame,
    manager: str,
    context: ListContext,
) -> None:
    """Headings and rows, ready to filter and print; the columns up to the customer's number stay in sight."""
    heading = workbook.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E8EDF2", "bottom": 1}
    )
    formats = cell_formats(workbook, context.currency)
    answers = cell_formats(workbook, context.currency, bg_color="#FFF8DC")
    last_row = len(lines)
    sheet.set_row(0, 2 * POINTS_PER_LINE)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
        sheet.write_string(0, index, column.title(context), heading)
    for row, values in enumerate(lines.iter_rows(), start=1):
        sheet.set_row(row, _height(columns, values))
        for index, (column, value) in enumerate(zip(columns, values, strict=True)):
            shape = (answers if column.answer else formats)[column.kind]
            write_cell(sheet, row, index, value, shape, formats["text"])
    sheet.freeze_panes(1, [column.name for column in columns].index("customer_id") + 1)
    sheet.autofilter(0, 0, last_row, len(columns) - 1)
    if last_row:
        # Ids of digits only are meant to be text: no green warning corners.
        sheet.ignore_errors({"number_stored_as_text": f"A2:XFD{last_row + 1}"})
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    # In a page header "&" starts a command, and XlsxWriter takes even a doubled one before a G for a picture.
    sheet.set_header(f"&L{manager[:80].replace('&', '+')}&R{day(context.as_of)}")
    sheet.set_footer("&LPersonal data&RPage &P of &N")


def _allowed(column: Column, context: ListContext) -> dict[str, Any]:
    """What Excel lets people fill in, and tells them when they choose the cell."""
    said = {"input_title": column.heading, "input_message": column.definition[:255], "error_title": column.heading}
    if column.choices:
        return said | {"validate": "list", "source": list(column.choices), "error_message": "Choose from the list."}
    if column.kind == "date":
        after = {"validate": "date", "criteria": ">", "value": datetime.combine(context.as_of, time())}
        return said | after | {"error_message": "Give a date after the list's."}
    return said | {"validate": "any"}


def _height(columns: Sequence[Column], values: tuple[Any, ...]) -> float:
    """The height in points that shows every wrapped text: not every program fits rows on opening."""
    texts = ((column.width, value) for column, value in zip(columns, values, strict=True) if isinstance(value, str))
    # Words do not fill a line to its end.
    most_lines = max((ceil(1.2 * len(text) / width) for width, text in texts), default=1)
    return POINTS_PER_LINE * min(max(most_lines, 1), MOST_LINES)


def write_cell(sheet: Worksheet, row: int, column: int, value: object, shape: Format, text: Format) -> None:
    """Writes by the type of the value, never by what a text looks like."""
    match value:
        case None:
            sheet.write_blank(row, column, None, shape)
        case str():
            sheet.write_string(row, column, value[:LONGEST_TEXT], shape)
        case date() if value.year < FIRST_EXCEL_YEAR:
            sheet.write_string(row, column, value.isoformat(), text)
        case date():
            sheet.write_datetime(row, column, datetime.combine(value, time()), shape)
        case int() | float():
            sheet.write_number(row, column, value, shape)
        case _:
            raise TypeError(f"a list cell cannot hold {type(value).__name__}")


def _write_about(workbook: Workbook, columns: list[Column], manager: str, context: ListContext) -> None:
    sheet = workbook.add_worksheet("About")
    bold = workbook.add_format({"bold": True, "valign": "top"})
    text = workbook.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    facts = [
        ("Company", context.company),
        ("Account manager", manager),
        ("List of", day(context.as_of)),
        ("Data until", moment(context.data_until)),
        ("Customers scored", f"{context.scored_customers:,}"),
        ("Leaving is estimated for", f"the next {context.horizon_days} days"),
        ("Values are counted over", f"the next {context.clv_horizon_days} days, in {context.currency}"),
        ("Model version", context.model_version),
        ("Model grade", f"{context.model_grade}: {context.grade_in_words}."),
        ("Reasons", "They explain how the model reached its estimate. They do not prove why a customer leaves."),
        ("Personal data", "Share this file only with those who look after these customers."),
    ]
    sheet.set_column(0, 1, 26)
    sheet.set_column(2, 2, 90)
    for row, (label, value) in enumerate(facts):
        sheet.write_string(row, 0, label, bold)
        sheet.merge_range(row, 1, row, 2, "", text)
        sheet.write_string(row, 1, value[:LONGEST_TEXT], text)
    header = len(facts) + 1
    for index, label in enumerate(("Column", "Name in the CSV file", "What it means")):
        sheet.write_string(header, index, label, bold)
    for row, column in enumerate(columns, start=header + 1):
        for index, value in enumerate((column.title(context), column.name, column.explain(context))):
            sheet.write_string(row, index, value, text)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
