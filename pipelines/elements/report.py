"""The report of the four elements as of a day: its figures and movers, kept beside those of earlier reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from configs.settings import Settings
from features.time import Cutoff, Month
from pipelines.build import open_store
from pipelines.elements import loyalty, profitability, satisfaction
from pipelines.elements.figures import NOW, SCHEMA, Absent, Figure, absent_rows, known, rows_of
from pipelines.elements.gather import Facts, Gathered, gather
from pipelines.elements.plan import plan
from pipelines.elements.retention import outreach, retention, since_signing_up
from pipelines.elements.segments import bounds_now, migration, movers, moves, segmented, segments
from pipelines.storage import write_whole

FIGURES_FILE, MOVERS_FILE = "report.parquet", "report_movers.parquet"
PAGE, WORKBOOK, CHARTS_FILE = "report.html", "report.xlsx", "report_charts.json"


@dataclass(frozen=True)
class Report:
    """The figures of one day (`figures.SCHEMA`), and the customers named in it (`segments.MOVERS_SCHEMA`)."""

    as_of: date
    figures: pl.DataFrame
    movers: pl.DataFrame


def make_report(settings: Settings, cutoff: Cutoff) -> Report:
    """The report of the month before `cutoff`, by what was known then; raises DataError where nothing was ingested.

    Each figure stands beside that of the month before and of the same month a year before, each by what was known at
    its end, and left out where the log began after the days it tells of.
    """
    gathered = gather(settings, open_store(settings, cutoff), Month(cutoff))
    now, bounds = gathered.facts[NOW], bounds_now(gathered, settings)
    moved = moves(gathered, bounds, settings)
    sized = {
        name: list(segments(facts, segmented(facts, bounds, settings), settings.training.seed))
        for name, facts in gathered.facts.items()
    }
    found = {name: [*_elements(gathered, facts, settings), *sized[name]] for name, facts in gathered.facts.items()}
    migrated = list(migration(now.month, moved))
    added, unknown = outreach(settings, now)
    planned, unmet = plan(settings.report, [*sized[NOW], *migrated], now.month)
    found[NOW] += [*profitability.concentration(now), *since_signing_up(gathered, now, settings)]
    found[NOW] += [*migrated, *added, *planned]
    parts = [rows_of(known(figures, name, gathered.began), cutoff.day, name) for name, figures in found.items()]
    parts.append(absent_rows([*_left_out(gathered), *unknown, *unmet], cutoff.day))
    named = movers(moved, gathered.managers, now.month, settings.report.movers)
    return Report(cutoff.day, pl.concat(parts), named)


def _elements(gathered: Gathered, facts: Facts, settings: Settings) -> Sequence[Figure]:
    seed, tables = settings.training.seed, gathered.tables
    return [
        *satisfaction.satisfaction(facts, tables, settings.report, seed),
        *loyalty.loyalty(facts, tables, seed),
        *profitability.profitability(facts, tables, gathered.costed, seed),
        *retention(facts, settings),
    ]


def _left_out(gathered: Gathered) -> list[Absent]:
    tables = gathered.tables
    return [
        *satisfaction.left_out(tables),
        *loyalty.left_out(tables),
        *profitability.left_out(tables, gathered.costed),
    ]


def keep(root: Path, report: Report) -> None:
    """Put the report's figures in place of those of its own day; those of other days stay. Movers, which are customers,
    are kept of the latest report only."""
    file, named = root / FIGURES_FILE, root / MOVERS_FILE
    before = pl.read_parquet(file) if file.exists() else pl.DataFrame(schema=SCHEMA)
    others = before.filter(pl.col("as_of") != report.as_of)
    if others.filter(pl.col("as_of") > report.as_of).is_empty():
        write_whole(named, report.movers)
        named.chmod(0o600)
    write_whole(file, pl.concat([others, report.figures]).sort("as_of", maintain_order=True))


def latest(root: Path) -> Report | None:
    """The report of the latest day that is kept; None before the first."""
    if not (root / FIGURES_FILE).exists():
        return None
    figures = pl.scan_parquet(root / FIGURES_FILE)
    day = figures.select(pl.col("as_of").max()).collect().item()
    return Report(day, figures.filter(as_of=day).collect(), pl.read_parquet(root / MOVERS_FILE))
