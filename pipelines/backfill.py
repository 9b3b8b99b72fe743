"""Publishing past days in order, each as it would have been published then."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from configs.errors import ConfigError
from configs.settings import Settings
from features.time import Cutoff
from models.tracking import load_champion
from pipelines.nightly import nightly
from pipelines.progress import Log
from pipelines.storage import MANIFEST, combined_hash, read_json

Night = Callable[[Settings, Cutoff, Log], Path]


def backfill(settings: Settings, first: date, last: date, log: Log, night: Night = nightly) -> list[date]:
    """Publish each day from `first` to `last`, both included, in order; returns the days that were run.

    A day that was published with this configuration is complete and skipped, so a backfill that died goes on where it
    was. A day sees its own past only: its store holds what was known before it, and of publications those of earlier
    days. The champion may be younger than the day, which is said. Raises ConfigError for days out of order, and the
    error of the first night that fails: later days would miss it in their past.
    """
    if first > last:
        raise ConfigError(f"--from {first} is after --to {last}. Exchange them.")
    trained = date.fromisoformat(load_champion(settings).recipe["as_of"])
    if trained > first:
        log(f"the champion was trained on {trained}, so it knows more than the first of these days could")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    waiting = [day for day in days if not complete(settings, day)]
    for number, day in enumerate(waiting, start=1):
        log(f"{day}: {number:,} of {len(waiting):,}")
        night(settings, Cutoff(day, settings.zone), log)
    log(f"{len(waiting):,} of {len(days):,} days published, {len(days) - len(waiting):,} were complete")
    return waiting


def complete(settings: Settings, day: date) -> bool:
    """Whether `day` was published with this configuration."""
    manifest = settings.folder_of("published", day) / MANIFEST
    return manifest.exists() and read_json(manifest)["config_hash"] == combined_hash(settings.comparable())
