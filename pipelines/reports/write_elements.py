"""Writing the report of the four elements below the root: the page, the workbook, and the figures they are made of."""

import os
from pathlib import Path

from configs.settings import Settings
from pipelines.elements.report import CHARTS_FILE, PAGE, WORKBOOK, Report, keep
from pipelines.reports.elements import drawn_sections, elements_page, summary
from pipelines.reports.elements_workbook import write_elements_workbook
from pipelines.storage import replace_json


def write_report(report: Report, settings: Settings) -> Path:
    """Write `report.html`, `report.xlsx` and the rows of `report.parquet`; returns the page.

    The charts are kept as well, for the web app, which would have to draw them while somebody waits.
    Each file is there as a whole or as it was before. Nobody but the owner may read them, since they name customers.
    """
    root = settings.root
    parts = drawn_sections(report, settings.currency, {})
    charts = {part["heading"]: part["charts"] for part in parts}
    replace_json(root / CHARTS_FILE, {"as_of": report.as_of, "charts": charts})
    keep(root, report)
    new = {name: root / f".{name}.new" for name in (PAGE, WORKBOOK)}
    new[PAGE].write_text(elements_page(report, parts, settings), encoding="utf-8")
    write_elements_workbook(report, settings, summary(report, settings.currency), new[WORKBOOK])
    for name, file in new.items():
        file.chmod(0o600)
        with file.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(file, root / name)
    return root / PAGE
