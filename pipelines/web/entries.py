"""Recording what came of a customer, undoing it, and telling two people who do so at once."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeGuard

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.tables import OUTCOME_WORDS
from pipelines.outreach.contacts import SNOOZE
from pipelines.web.publication import Row
from pipelines.web.schema import ANSWER, UNDO, Entry

LONGEST_NOTE = 1000
LONGEST_SNOOZE = timedelta(days=366)


class Refused(Exception):
    """What was sent cannot be recorded; the message is for whoever sent it."""


class Overtaken(Exception):
    """Somebody recorded something in the meantime: `entry` is the latest."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry


@dataclass(frozen=True)
class Answer:
    """What came of a customer, checked."""

    status: str
    note: str | None
    snooze_until: date | None


def checked(status: str, note: str, snooze_until: str, today: date) -> Answer:
    """The answer in a form's fields; raises Refused with what to mend."""
    if status not in OUTCOME_WORDS:
        raise Refused("Choose one of the outcomes.")
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE:
        raise Refused(f"The note has {len(note):,} characters. Shorten it to {LONGEST_NOTE:,}.")
    if status != SNOOZE:
        return Answer(status, note or None, None)
    try:
        until = date.fromisoformat(snooze_until)
    except ValueError:
        raise Refused("Say until which day to snooze.") from None
    first, last = snoozes(today)
    if not first <= until <= last:
        raise Refused("Snooze until a day after today, and within a year.")
    if not note:
        raise Refused("Say why to snooze, in the note.")
    return Answer(status, note, until)


def snoozes(today: date) -> tuple[date, date]:
    """The first and the last day until which one may snooze."""
    return today + timedelta(days=1), today + LONGEST_SNOOZE


def latest(session: Session, customer_id: str) -> Entry | None:
    """The latest entry of a customer."""
    return session.scalars(
        select(Entry).where(Entry.customer_id == customer_id).order_by(Entry.number.desc()).limit(1)
    ).first()


def history(session: Session, customer_id: str) -> list[Entry]:
    """All entries of a customer, the latest first."""
    return list(
        session.scalars(select(Entry).where(Entry.customer_id == customer_id).order_by(Entry.number.desc())).all()
    )


def record(session: Session, item: Row, day: date, answer: Answer, seen: int, person: str, now: datetime) -> Entry:
    """Append an answer about a customer on the list of `day`. `seen`: number of the latest entry its form showed.

    The same press twice is one answer. Raises Overtaken where there is a later entry by now.
    """
    last = latest(session, item["customer_id"])
    what = (answer.status, answer.note, answer.snooze_until)
    if _pressed_twice(last, seen, ANSWER, person) and what == (last.status, last.note, last.snooze_until):
        return last
    _unless_overtaken(last, seen)
    return _append(
        session,
        last,
        now,
        customer_id=item["customer_id"],
        kind=ANSWER,
        list_date=day,
        status=answer.status,
        note=answer.note,
        snooze_until=answer.snooze_until,
        action=item["action"],
        account_manager=item["account_manager"],
        person=person,
    )


def undo(session: Session, customer_id: str, seen: int, person: str, now: datetime) -> Entry:
    """Append that the latest answer, of number `seen`, does not hold; what stood before stands again.

    The same press twice is one undoing. Raises Overtaken where there is a later entry, Refused where the latest is no
    answer.
    """
    last = latest(session, customer_id)
    if _pressed_twice(last, seen, UNDO, person):
        return last
    _unless_overtaken(last, seen)
    if last is None or last.kind != ANSWER:
        raise Refused("There is nothing to undo.")
    before = session.scalars(
        select(Entry).where(Entry.customer_id == customer_id, Entry.number == last.number - 1)
    ).first()
    stood = {name: getattr(before, name, None) for name in ("list_date", "status", "note", "snooze_until", "action")}
    return _append(
        session,
        last,
        now,
        customer_id=customer_id,
        kind=UNDO,
        account_manager=last.account_manager,
        person=person,
        **stood,
    )


def _pressed_twice(last: Entry | None, seen: int, kind: str, person: str) -> TypeGuard[Entry]:
    """Whether the latest entry is what the same person made of the entry `seen`: they would be told of themselves."""
    return last is not None and (last.number, last.kind, last.person) == (seen + 1, kind, person)


def _unless_overtaken(last: Entry | None, seen: int) -> None:
    if last is not None and last.number != seen:
        raise Overtaken(last)


def _append(session: Session, last: Entry | None, now: datetime, **values: object) -> Entry:
    # Later entries are later, whatever the clock did.
    at = max(now, last.at + timedelta(microseconds=1)) if last else now
    entry = Entry(number=last.number + 1 if last else 1, at=at, **values)
    session.add(entry)
    session.flush()
    return entry
