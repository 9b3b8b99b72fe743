"""Sign-ins that failed lately, kept in the database: the limit holds however many processes serve the app."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pipelines.web.schema import Try

FAILURES, FAILURE_MINUTES = 10, 5


def too_many(session: Session, address_hash: str, now: datetime) -> bool:
    """Whether this address has failed so often within `FAILURE_MINUTES` that it has to wait."""
    since = now - timedelta(minutes=FAILURE_MINUTES)
    theirs = select(func.count()).select_from(Try).where(Try.address_hash == address_hash, Try.at >= since)
    return session.scalars(theirs).one() >= FAILURES


def failed(session: Session, address_hash: str, now: datetime) -> None:
    """Remember one that failed, and forget those that are old."""
    session.execute(delete(Try).where(Try.at < now - timedelta(minutes=FAILURE_MINUTES)))
    session.add(Try(address_hash=address_hash, at=now))
