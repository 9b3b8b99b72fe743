"""The workbook read by LibreOffice: what is text stays text, numbers and dates are typed, nothing computes or links."""

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import polars as pl

from pipelines.outreach.columns import COLUMNS
from pipelines.outreach.lists import ListContext, write_lists
from tests.pipelines.outreach.test_workbook import DANGEROUS, TEXTS

TABLE, OFFICE = (
    "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}",
    "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}",
)
TEXT, LINK = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p", "{http://www.w3.org/1999/xlink}href"
REPEATED = f"{TABLE}number-columns-repeated"
POSITION = {column.name: index for index, column in enumerate(COLUMNS)}
FILLED = [name for name in TEXTS if name != "account_manager"]  # a workbook each
TYPES = {
    "text": "string",
    "count": "float",
    "percent": "percentage",
    "money": "float",
    "number": "float",
    "date": "date",
}


def test_every_cell_is_what_was_written(
    listed: Callable[..., pl.DataFrame], list_context: ListContext, tmp_path: Path
) -> None:
    write_lists(listed(*[dict.fromkeys(FILLED, text) for text in DANGEROUS]), list_context, tmp_path)
    workbook = next(tmp_path.glob("*.xlsx"))
    office = [str(shutil.which("soffice")), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
    command = [*office, "--convert-to", "fods", "--outdir", str(tmp_path), str(workbook)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    book = ElementTree.parse(workbook.with_suffix(".fods"))

    assert not [cell for cell in book.iter() if cell.get(f"{TABLE}formula") or cell.get(LINK)]
    sheet = next(table for table in book.iter(f"{TABLE}table") if table.get(f"{TABLE}name") == "Call list")
    rows = [cells_of(row) for row in sheet.iter(f"{TABLE}table-row")][1 : len(DANGEROUS) + 1]
    assert sorted(shown(row[POSITION["customer_id"]]) for row in rows) == sorted(map(as_shown, DANGEROUS))
    for row in rows:
        for column, cell in zip(COLUMNS, row, strict=False):
            if (found := cell.get(f"{OFFICE}value-type")) is not None:
                assert found == TYPES[column.kind], column.name
            if column.name in FILLED:
                assert shown(cell) == shown(row[POSITION["customer_id"]]), column.name


def cells_of(row: ElementTree.Element) -> list[ElementTree.Element]:
    """One an element: cells that are alike and adjacent are written once, with their number."""
    cells = row.iter(f"{TABLE}table-cell")
    return [cell for cell in cells for _ in range(min(int(cell.get(REPEATED, "1")), len(COLUMNS)))]


def shown(cell: ElementTree.Element) -> str:
    return as_shown("".join("".join(part.itertext()) for part in cell.iter(TEXT)))


def as_shown(text: str) -> str:
    return " ".join(text.replace("\ufffe", "").split())
