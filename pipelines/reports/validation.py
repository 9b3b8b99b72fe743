"""The page of a night's data tests: what was checked, what failed, and whether that stopped the night."""

from pathlib import Path

import polars as pl

from configs.settings import Settings
from pipelines.checks import TOGETHER
from pipelines.outreach.wording import day
from pipelines.reports.page import Section, render
from pipelines.storage import write_bytes_whole, write_whole
from pipelines.validation import PASSED, RESULTS_FILE, STOPPED, WARNED

PAGE_FILE = "validation.html"
REFUSED = "refused"  # folder of what stopped a night, by its day


def write_results(results: pl.DataFrame, settings: Settings, folder: Path) -> Path:
    """Write `validation.parquet` (`validation.SCHEMA`) and `validation.html`, for their owner only; return the page."""
    page = folder / PAGE_FILE
    write_whole(folder / RESULTS_FILE, results, mode=0o600)
    write_bytes_whole(page, validation_page(results, settings.company or settings.name).encode(), mode=0o600)
    return page


def validation_page(results: pl.DataFrame, company: str) -> str:
    """The HTML text of the page."""
    counted = dict(results["result"].value_counts().rows())
    stopped = counted.get(STOPPED, 0)
    together = results.filter(pl.col("check").str.ends_with(f".{TOGETHER}"))
    summary = [
        f"{stopped:,} checks stopped the night: no list was published." if stopped else "The night went on.",
        "Rows that fail a check are quarantined, whatever its severity: no feature and no list knows them. A row that "
        "fails several checks counts for the first of them.",
        "A check stops the night above a share of its own, or together with the others of its table. Both, and that "
        "it only warns, are set in [validation.checks] of the configuration by the name of the check.",
    ]
    by_its_checks = pl.col("check").str.ends_with(f".{TOGETHER}") & (pl.col("result") == WARNED)
    failed = results.filter(pl.col("result") != PASSED, ~by_its_checks)
    failed = failed.sort(pl.col("result") != STOPPED, maintain_order=True).pipe(_in_words).drop("asks")
    sections = [
        Section("What failed", [], None, failed, True) if failed.height else Section("Nothing failed", [], None, None)
    ]
    for (name,), rows in results.group_by("table", maintain_order=True):
        counts = rows.filter(pl.col("check").str.ends_with(f".{TOGETHER}"))["note"].to_list()
        sections.append(Section(str(name), counts, None, _in_words(rows).drop("of", "%", "found")))
    tiles = {
        **{f"checks {result}": f"{counted.get(result, 0):,}" for result in (PASSED, WARNED, STOPPED)},
        "rows checked": f"{together['rows_checked'].sum():,}",
    }
    return render(f"Data tests: {company}, {day(results['as_of'][0])}", summary, sections, tiles)


def _in_words(results: pl.DataFrame) -> pl.DataFrame:
    """The results as they are read."""
    stops = pl.coalesce(
        pl.format("above {}%", (100 * pl.col("stop_above")).round_sig_figs(3)),
        pl.when(severity="warn").then(pl.lit("never")),
        pl.when(pl.col("rows_checked").is_null()).then(pl.lit("if it fails")),
        pl.lit("with others"),
    )
    ids = pl.col("examples").list.eval(pl.element().struct.field("id")).list.join(", ")
    return results.select(
        "check",
        "asks",
        "result",
        pl.col("rows_failed").alias("rows failed"),
        pl.col("rows_checked").alias("of"),
        (100 * pl.col("share")).round(2).alias("%"),
        stops.alias("stops"),
        pl.coalesce("note", ids).alias("found"),
    )


def forget_examples(folder: Path, settings: Settings, customer_id: str) -> int:
    """Remove a customer's rows from the examples in `folder`, and write its page anew; returns how many there were."""
    file = folder / RESULTS_FILE
    results = pl.read_parquet(file)
    theirs = pl.element().struct.field("customer_id").eq_missing(pl.lit(customer_id))
    kept = results.with_columns(pl.col("examples").list.eval(pl.element().filter(~theirs)))
    before, after = (frame.select(pl.col("examples").list.len().sum()).item() for frame in (results, kept))
    if before == after:
        return 0
    if (folder / PAGE_FILE).exists():
        write_results(kept, settings, folder)
    else:
        write_whole(file, kept)
    return before - after
