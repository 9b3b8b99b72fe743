"""What the commands have in common: their options, the clock, and whether Prefect is to record a run.

The only place that reads a clock.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from configs.load import load_settings
from configs.settings import Settings
from features.time import Cutoff

DEMO = Path("configs/demo.toml")
ConfigOption = Annotated[Path, typer.Option("--config", help="Configuration file (TOML).")]
AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Only what was known before this day counts.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", help="Folder for everything the run writes, instead of the configured root.")
]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def prepared(config: Path, output: Path | None, as_of: datetime | None) -> tuple[Settings, Cutoff]:
    """Settings, and the cutoff: the given day or today, in the business time zone."""
    settings = load_settings(config, output)
    day = as_of.date() if as_of else now().astimezone(settings.zone).date()
    return settings, Cutoff(day, settings.zone)


@contextmanager
def ingested(settings: Settings, cutoff: Cutoff) -> Generator[None]:
    """Read the sources as they were known before the cutoff; inside, no other run touches that day.

    Raises what `run_lock` and `ingest` raise.
    """
    from pipelines.ingest import ingest
    from pipelines.storage import run_lock

    with run_lock(settings.root, cutoff.day):
        ingest(settings, cutoff, typer.echo)
        yield


def under_prefect() -> bool:
    """Whether runs are recorded by a Prefect server: only where one was named, so that none is started unasked."""
    return bool(os.environ.get("PREFECT_API_URL"))
