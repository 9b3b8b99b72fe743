"""What the web app keeps: who may sign in, and append-only logs of what was done with whom and of who was there."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from features.tables import OUTCOME_WORDS

MANAGER, LEAD, DATA = "manager", "lead", "data"
ROLES = (MANAGER, LEAD, DATA)
ANSWER, UNDO = "answer", "undo"
INVITED, REVOKED = "invited", "revoked"
SIGNED_IN, SIGNED_OUT, EXPORTED, REFUSED = "signed_in", "signed_out", "exported", "refused"
EVENTS = (INVITED, REVOKED, SIGNED_IN, SIGNED_OUT, EXPORTED, REFUSED)
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def one_of(column: str, words: tuple[str, ...]) -> str:
    """SQL that holds `column` to these words; null passes."""
    return f"{column} in ({', '.join(repr(word) for word in words)})"


class Instant(TypeDecorator[datetime]):
    """An instant in UTC. SQLite keeps no zone, so it is added on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of the tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Instant}


class Person(Base):
    """Somebody who may sign in. `sessions` counts up to end every session begun before."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint(one_of("role", ROLES), name="role"), Index(None, "subject", unique=True))

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    account_manager: Mapped[str | None]  # whose customers a manager sees, as the data calls them
    sessions: Mapped[int]
    subject: Mapped[str | None]  # who they are to the company's own sign-in; null for those who use links


class Invitation(Base):
    """A link to sign in with once. Only the SHA-256 of its secret is kept."""

    __tablename__ = "invitations"

    secret_hash: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.name"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Entry(Base):
    """One thing done with a customer: an answer, or its undoing. Never changed; `number` counts a customer's entries.

    It says how matters stand after it: an undoing repeats what stood before, and has nulls where nothing did. Two
    people who saw the same number cannot both write the next one.
    """

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("customer_id", "number"),
        CheckConstraint(one_of("kind", (ANSWER, UNDO)), name="kind"),
        CheckConstraint(one_of("status", OUTCOME_WORDS), name="status"),
        {"sqlite_autoincrement": True},  # an erased row's id is never given again
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    number: Mapped[int]
    kind: Mapped[str]
    list_date: Mapped[date | None]
    status: Mapped[str | None]
    note: Mapped[str | None]
    snooze_until: Mapped[date | None]
    action: Mapped[str | None]  # what the list suggested
    account_manager: Mapped[str]  # whose list it was
    person: Mapped[str] = mapped_column(ForeignKey("people.name"))
    at: Mapped[datetime]


class Event(Base):
    """Somebody was let in or put out, came or went, took a list away, or was refused. Never changed; no customer in it.

    `person` is null for one who was not known; `detail` is a word or two of ours, never of theirs.
    """

    __tablename__ = "events"
    __table_args__ = (CheckConstraint(one_of("kind", EVENTS), name="kind"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    person: Mapped[str | None]
    kind: Mapped[str]
    detail: Mapped[str]


class Try(Base):
    """A sign-in that failed lately, by whoever asked from an address of this hash; it is deleted once it is old."""

    __tablename__ = "tries"

    id: Mapped[int] = mapped_column(primary_key=True)
    address_hash: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
