"""What was recorded in the app, as rows of `outcomes` for the next ingest; and forgetting a customer there."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from configs.settings import Settings
from features.tables import TABLES
from features.time import Cutoff, midnight
from models.effect import TREAT
from pipelines.web.audit import forget_events
from pipelines.web.database import FILE, Database
from pipelines.web.schema import ANSWER, UNDO, Entry


def in_use(settings: Settings) -> bool:
    """Whether there is a database of the app to ask."""
    return settings.web.database is not None or (settings.root / FILE).exists()


def _entries(database: Database) -> Sequence[Entry]:
    """Every entry in order; none where nobody was ever invited: a night makes no tables, and mostly only reads."""
    if database.version() is None:
        return []
    database.migrate()
    return database.read(lambda session: session.scalars(select(Entry).order_by(Entry.id)).all())


def outcomes(settings: Settings, cutoff: Cutoff) -> pl.DataFrame:
    """Every answer as a row of the table `outcomes`, but for those undone before `cutoff`.

    Later answers do not replace earlier ones, as with lists that come back; what was answered at or after the cutoff is
    not yet known, and what was undone only then was still believed.
    """
    database = Database(settings)
    try:
        entries = _entries(database)
    finally:
        database.close()
    undone = {(e.customer_id, e.number - 1) for e in entries if e.kind == UNDO and e.at < cutoff.instant}
    rows = [
        {
            "customer_id": entry.customer_id,
            "list_date": entry.list_date and midnight(entry.list_date, cutoff.zone),
            "arm": TREAT,  # controls are on no list
            "action": entry.action,
            "status": entry.status,
            "reason": entry.note,
            "by": entry.person,
            "at": entry.at,
            "snooze_until": entry.snooze_until and midnight(entry.snooze_until, cutoff.zone),
            "known_at": entry.at,
        }
        for entry in entries
        if entry.kind == ANSWER and (entry.customer_id, entry.number) not in undone
    ]
    return pl.DataFrame(rows, schema=dict(TABLES["outcomes"].schema))


def write_outcomes(settings: Settings, cutoff: Cutoff, file: Path) -> Path | None:
    """Write `outcomes` to a Parquet file for ingest and return it; None where nothing was recorded."""
    rows = outcomes(settings, cutoff) if in_use(settings) else None
    if rows is None or rows.is_empty():
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(file)
    return file


def forget(settings: Settings, customer_id: str) -> int:
    """Delete every entry of a customer; returns how many there were."""
    theirs = delete(Entry).where(Entry.customer_id == customer_id).returning(Entry.id)
    return _deleted(settings, lambda session: len(session.execute(theirs).all()))


def forget_who_was_there(settings: Settings, first: datetime) -> int:
    """Delete the log of who was there before `first`; returns how many lines. What was recorded stays."""
    return _deleted(settings, lambda session: forget_events(session, first))


def _deleted(settings: Settings, delete_some: Callable[[Session], int]) -> int:
    """How many rows `delete_some` deleted for good; 0 where nobody ever used the app."""
    if not in_use(settings):
        return 0
    database = Database(settings)
    try:
        if database.version() is None:
            return 0
        database.migrate()
        found = database.write(delete_some)
        database.empty_log()
    finally:
        database.close()
    return found
