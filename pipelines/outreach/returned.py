"""Reading a list that came back, an Excel or CSV file, as text: whatever people or spreadsheets did to its cells."""

from pathlib import Path

import fastexcel
import polars as pl

from configs.errors import DataError
from pipelines.files import WORKBOOKS
from pipelines.outreach.columns import BY_NAME
from pipelines.outreach.workbook import SHEET
from pipelines.text import refuse_malformed

NEEDED = ("list", "customer_id", "outcome", "snooze_until", "note")


def read_returned(file: Path) -> pl.DataFrame:
    """The columns `NEEDED` (String, stripped, empty: null) of the rows of a returned list that hold anything.

    Columns are found by their heading or their name in the data, wherever they stand. Raises DataError where the file
    is no list, or lacks one of them; it says no file's name, which may be a person's.
    """
    if not file.is_file():
        raise DataError(f"no such file, seen from {Path.cwd()}. Name one that exists.")
    cells = _workbook(file) if file.name.lower().endswith(WORKBOOKS) else _csv(file)
    found = {name.strip().lower(): name for name in cells.columns}
    headings = {name: BY_NAME[name].heading for name in NEEDED}
    places = {name: found.get(heading.lower()) or found.get(name, "") for name, heading in headings.items()}
    if missing := [headings[name] for name, place in places.items() if not place]:
        raise DataError(f"no column {', '.join(missing)}. Send back the list with its headings, adding only answers.")
    text = cells.select(pl.col(place).cast(pl.String).str.strip_chars().alias(name) for name, place in places.items())
    text = text.with_columns(pl.when(pl.all().str.len_chars() > 0).then(pl.all()))
    return text.filter(pl.any_horizontal(pl.all().is_not_null()))


def _workbook(file: Path) -> pl.DataFrame:
    try:
        return fastexcel.read_excel(file).load_sheet(SHEET, dtypes="string").to_polars()
    except fastexcel.SheetNotFoundError:
        raise DataError(f"no sheet {SHEET!r}. Send back the workbook that was handed out.") from None
    except fastexcel.FastExcelError as error:
        kind = type(error).__name__
        raise DataError(f"cannot be read as a workbook ({kind}). Save it as .xlsx again.") from None


def _csv(file: Path) -> pl.DataFrame:
    header = file.read_bytes().split(b"\n", 1)[0]
    # Where the comma is in numbers, Excel separates by semicolons.
    separator = ";" if header.count(b";") > header.count(b",") else ","
    refuse_malformed("the CSV file", str(file), separator)
    return pl.read_csv(file, infer_schema=False, separator=separator)
