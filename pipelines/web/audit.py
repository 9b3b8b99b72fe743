"""Who signed in and out, who took a list away, and who was refused: a log that names no customer."""

from datetime import datetime

from sqlalchemy.orm import Session

from pipelines.web.schema import Event


def note(session: Session, now: datetime, person: str | None, kind: str, detail: str) -> None:
    """Append that this happened; `detail` holds nothing that somebody typed."""
    session.add(Event(at=now, person=person, kind=kind, detail=detail))
