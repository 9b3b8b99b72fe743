"""Writing the report of the four elements below the root: the page, the workbook, and the figures they are made of."""

import os
from pathlib import Path

from configs.settings import Settings
from pipelines.elements.report import PAGE, WORKBOOK, Report, keep
from pipelines.reports.elements import elements_page, summary
from pipelines.reports.elements_workbook import write_elements_workbook


def write_report(report: Report, settings: Settings) -> Path:
    """Write `report.html`, `report.xlsx` and the rows of `report.parquet`; returns the page.

    Each file is there as a whole or as it was before. Nobody but the owner may read them, since they name customers.
    """
    root = settings.root
    keep(root, report)
    new = {name: root / f".{name}.new" for name in (PAGE, WORKBOOK)}
    new[PAGE].write_text(elements_page(report, settings), encoding="utf-8")
    write_elements_workbook(report, settings, summary(report, settings.currency), new[WORKBOOK])
    for name, file in new.items():
        file.chmod(0o600)
        with file.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(file, root / name)
    return root / PAGE
