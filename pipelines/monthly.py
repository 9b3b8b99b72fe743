"""What is due once a month: the report, and how past lists turned out."""

import polars as pl

from configs.settings import Settings
from features.time import Cutoff
from pipelines.elements.report import make_report
from pipelines.ingest import ingest
from pipelines.nightly import Run, directly
from pipelines.progress import Log
from pipelines.realised import EXAMPLES_FILE, realise
from pipelines.storage import run_lock


def monthly(settings: Settings, cutoff: Cutoff, log: Log, run: Run = directly) -> None:
    """Ingest, report on the month before a day, and hold past lists whose horizons are over against what happened.

    Raises LockError where another run for the same date is under way, and the error of the step that failed.
    """
    with run_lock(settings.root, cutoff.day):
        run(ingest, settings, cutoff, log)
        run(report, settings, cutoff, log)
        run(realised, settings, cutoff, log)


def report(settings: Settings, cutoff: Cutoff, log: Log) -> None:
    """Write the report of the month before `cutoff`; raises DataError where that day was not ingested."""
    from pipelines.reports.write_elements import write_report  # drawing takes seconds to import

    page = write_report(make_report(settings, cutoff), settings)
    log(f"written to {page}, {page.with_suffix('.xlsx')} and {page.with_suffix('.parquet')}")


def realised(settings: Settings, cutoff: Cutoff, log: Log, again: bool = False) -> None:
    """Hold past lists against what happened, and write the page of it; see `pipelines.realised.realise`."""
    from pipelines.reports.realised import write_page

    figures = realise(settings, cutoff, again, log)
    if figures.height:
        log(f"written to {write_page(settings, figures, pl.read_parquet(settings.root / EXAMPLES_FILE))}")
