"""Everything that was done: the log of who was there, which names no customer, and with it what was recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, delete, func, null, select, union_all
from sqlalchemy.orm import Session

from pipelines.web.schema import ANSWER, EVENTS, SIGNED_IN, UNDO, Entry, Event, Invitation, Person

KINDS = (ANSWER, UNDO, *EVENTS)


@dataclass(frozen=True)
class Line:
    """One thing that was done. `detail`: the outcome, or what the log of who was there says."""

    at: datetime
    person: str | None
    kind: str
    detail: str | None
    customer_id: str | None
    note: str | None


@dataclass(frozen=True)
class Access:
    """Somebody who may come in: `seen_at` when they last signed in, `open_until` how long a link can be used."""

    person: Person
    seen_at: datetime | None
    open_until: datetime | None


def note(session: Session, now: datetime, person: str | None, kind: str, detail: str) -> None:
    """Append to the log of who was there; `detail` holds nothing that somebody typed."""
    session.add(Event(at=now, person=person, kind=kind, detail=detail))


def forget_events(session: Session, first: datetime) -> int:
    """Delete what the log of who was there tells of before `first`, and links that could be used until then; returns
    how many."""
    events = session.execute(delete(Event).where(Event.at < first).returning(Event.id)).all()
    links = delete(Invitation).where(Invitation.expires_at < first).returning(Invitation.secret_hash)
    return len(events) + len(session.execute(links).all())


def audit(session: Session, person: str, kind: str, first: int, count: int) -> tuple[Sequence[Line], int]:
    """`count` lines from `first` on, the latest first, and how many there are; of a person and a kind, where given."""
    nothing = cast(null(), String)
    both = union_all(
        select(
            *(Event.at, Event.person, Event.kind, Event.detail),
            *(nothing.label("customer_id"), nothing.label("note"), Event.id),
        ),
        select(*(Entry.at, Entry.person, Entry.kind, Entry.status), *(Entry.customer_id, Entry.note, Entry.id)),
    ).subquery()
    asked = select(both)
    if person:
        asked = asked.where(both.c.person == person)
    if kind:
        asked = asked.where(both.c.kind == kind)
    found = session.execute(asked.order_by(both.c.at.desc(), both.c.kind, both.c.id.desc()).offset(first).limit(count))
    return [Line(*row[:-1]) for row in found], session.scalars(select(func.count()).select_from(asked.subquery())).one()


def access(session: Session, now: datetime) -> list[Access]:
    """Everybody who may come in, by name."""
    signed_in = select(Event.person, func.max(Event.at)).where(Event.kind == SIGNED_IN).group_by(Event.person)
    unused = Invitation.used_at.is_(None) & (Invitation.expires_at > now)
    invited = select(Invitation.person, func.max(Invitation.expires_at)).where(unused).group_by(Invitation.person)
    seen, links = (dict(session.execute(query).tuples().all()) for query in (signed_in, invited))
    people = session.scalars(select(Person).order_by(Person.name)).all()
    return [Access(person, seen.get(person.name), links.get(person.name)) for person in people]
