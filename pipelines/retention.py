"""What of earlier runs is kept, and for how long."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from configs.errors import LockError
from configs.settings import Settings
from features.time import Cutoff, midnight
from models.champion import latest_champions
from models.tracking import forget_runs
from pipelines.monitoring.history import forget_figures
from pipelines.outreach.difference import FOLDER as DIFFERENCES
from pipelines.progress import Log
from pipelines.realised import EXAMPLES_FILE
from pipelines.reports.validation import REFUSED
from pipelines.storage import run_lock, write_whole
from pipelines.web.recorded import forget_who_was_there


def prune(settings: Settings, cutoff: Cutoff, log: Log) -> dict[str, int]:
    """Remove what is older than `[retention]` allows as of `cutoff`, and revisions beyond its number; says how many.

    Of folders never removed: what a link names, the newest day of each part, and a day that another run holds. The link
    of a day goes first, so whatever dies on the way leaves no link to half a folder, and the next night goes on.
    """
    kept, removed = settings.retention, {"folders": _prune_folders(settings, cutoff)}
    if kept.published_days is not None:
        removed["examples"] = _forget_examples(settings.root, _first(cutoff, kept.published_days))
    if kept.monitor_days is not None:
        removed["monitor's figures"] = forget_figures(settings.root, _first(cutoff, kept.monitor_days))
    if kept.models_days is not None:
        since = midnight(_first(cutoff, kept.models_days), cutoff.zone)
        removed["runs in MLflow"] = forget_runs(settings, since, latest_champions(settings))
    if kept.events_days is not None:
        since = midnight(_first(cutoff, kept.events_days), cutoff.zone)
        removed["lines of who used the web app"] = forget_who_was_there(settings, since)
    told = [f"{count:,} {what}" for what, count in removed.items() if count]
    if told:
        log(f"removed, as [retention] asks for: {', '.join(told)}")
    return removed


def _first(cutoff: Cutoff, days: int) -> date:
    """The first day that is kept."""
    return cutoff.day - timedelta(days=days)


def _prune_folders(settings: Settings, cutoff: Cutoff) -> int:
    removed = 0
    for part, days in settings.retention.days().items():
        root = settings.root / part
        dated = sorted(_dated(root / ".revisions"))
        for day, revisions in dated:
            if days is not None and day < _first(cutoff, days) and day != dated[-1][0]:
                removed += _remove_day(settings, root / day.isoformat(), revisions)
            else:
                removed += _remove_older(root, revisions, settings.retention.revisions)
    for file in (settings.root / "published" / DIFFERENCES).glob("*.csv"):
        day, _, revision = file.stem.rpartition("-")
        if not (settings.root / "published" / ".revisions" / day / revision).exists():
            file.unlink()
    kept = settings.retention.store_days
    for day, folder in _dated(settings.root / REFUSED):
        if kept is not None and day < _first(cutoff, kept):
            shutil.rmtree(folder)
            removed += 1
    return removed


def _forget_examples(root: Path, first: date) -> int:
    """Remove the customers named as examples of how lists before `first` turned out; returns how many."""
    file = root / EXAMPLES_FILE
    if not file.exists():
        return 0
    rows = pl.read_parquet(file)
    kept = rows.filter(pl.col("cutoff") >= first)
    if kept.height < rows.height:
        write_whole(file, kept)
    return rows.height - kept.height


def _dated(revisions: Path) -> Iterator[tuple[date, Path]]:
    for folder in revisions.glob("????-??-??"):
        yield date.fromisoformat(folder.name), folder


def _remove_day(settings: Settings, link: Path, revisions: Path) -> int:
    """Remove a day with all its revisions, unless `current` names one or another run holds the day."""
    if (link.parent / "current").resolve().is_relative_to(revisions.resolve()):
        return 0
    try:
        with run_lock(settings.root, date.fromisoformat(link.name)):
            link.unlink(missing_ok=True)
            count = len(list(revisions.iterdir()))
            shutil.rmtree(revisions)
    except LockError:
        return 0
    (settings.root / f".lock-{link.name}").unlink(missing_ok=True)
    return count


def _remove_older(root: Path, revisions: Path, keep: int) -> int:
    """Remove all but the newest `keep` revisions of a day, and those that links name."""
    named = {(root / name).resolve() for name in (revisions.name, "current")}
    numbered = sorted((p for p in revisions.iterdir() if p.name.isdigit()), key=lambda path: int(path.name))
    old = [revision for revision in numbered[:-keep] if revision.resolve() not in named]
    for revision in old:
        shutil.rmtree(revision)
    return len(old)
