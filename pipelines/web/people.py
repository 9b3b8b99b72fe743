"""Who may sign in, by which link, and whose customers each may see."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from configs.errors import ConfigError
from configs.operations import Web
from pipelines.web.audit import note
from pipelines.web.provider import Proven
from pipelines.web.schema import DATA, INVITED, LEAD, MANAGER, REVOKED, ROLES, Invitation, Person


class NoAccess(Exception):
    """Somebody is who they say, but may not come in; the message is for them."""


@dataclass(frozen=True)
class Sight:
    """Whose customers somebody sees: those of these account managers, or with None everybody's."""

    account_managers: frozenset[str] | None

    def covers(self, account_manager: str) -> bool:
        """Whether the customers of this account manager are seen."""
        return self.account_managers is None or account_manager in self.account_managers


def sight_of(person: Person, web: Web) -> Sight:
    """A manager sees their own customers, a lead those of the team configured (else all), the data team all."""
    if person.role == MANAGER:
        return Sight(frozenset({person.account_manager or person.name}))
    if person.role == LEAD and person.name in web.leads:
        return Sight(frozenset(web.leads[person.name]))
    if person.role in (LEAD, DATA):
        return Sight(None)
    return Sight(frozenset())


def invite(session: Session, name: str, role: str, account_manager: str | None, now: datetime, hours: int) -> str:
    """Let `name` sign in with this role, once, within `hours` of `now`; returns the secret of the link.

    Links given to them before can no longer be used, and where the role or the account manager changes, every session
    ends. Raises ConfigError for another role, or an account manager named for somebody who is none.
    """
    if role not in ROLES:
        raise ConfigError(f"--role {role}: no such role. Use one of {', '.join(ROLES)}.")
    if account_manager and role != MANAGER:
        raise ConfigError(f"--manager: only for the role {MANAGER}. A lead's team is configured in [web.leads].")
    _with_role(session, session.get(Person, name), name, role, account_manager)
    _end_invitations(session, name, now)
    secret = secrets.token_urlsafe(32)
    session.add(Invitation(secret_hash=_hash(secret), person=name, expires_at=now + timedelta(hours=hours)))
    note(session, now, name, INVITED, f"as {role}, for {hours} h")
    return secret


def admit(session: Session, proven: Proven) -> Person:
    """Whoever the provider proved, with the role that it gives them now; where it gives none, every session ends.

    They keep the name they first came by, since it stands in the log. Raises NoAccess without a role, or where the name
    is another account's.
    """
    person = session.scalars(select(Person).where(Person.subject == proven.subject)).first()
    named = person or session.get(Person, proven.name)
    if proven.role is None:
        if person is not None:
            person.sessions += 1
        raise NoAccess("You are known there, but were given no access to the lists.")
    if named is not None and named.subject not in (None, proven.subject):
        raise NoAccess("Another account signed in by your name before. Ask whoever runs Holdfast to revoke it.")
    found = _with_role(session, named, proven.name, proven.role, proven.account_manager)
    found.subject = proven.subject
    return found


def revoke(session: Session, name: str, now: datetime) -> None:
    """End every session and link of `name`; what they recorded stays. Raises ConfigError where there is nobody such.

    Another account of the provider may then come by this name.
    """
    person = session.get(Person, name)
    if person is None:
        raise ConfigError(f"--user {name}: nobody of this name was invited.")
    person.sessions += 1
    person.subject = None
    _end_invitations(session, name, now)
    note(session, now, name, REVOKED, "by the command line")


def redeem(session: Session, secret: str, now: datetime) -> Person | None:
    """Whoever the link with this secret was for, if it is neither used nor expired; it is used from now on."""
    invitation = session.get(Invitation, _hash(secret), with_for_update=True)
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= now:
        return None
    invitation.used_at = now
    return session.get(Person, invitation.person)


def end_sessions(session: Session, name: str) -> None:
    """End every session of `name`, on whatever device."""
    person = session.get(Person, name)
    if person is not None:
        person.sessions += 1


def _with_role(session: Session, person: Person | None, name: str, role: str, account_manager: str | None) -> Person:
    if person is None:
        person = Person(name=name, role=role, account_manager=account_manager, sessions=0)
        session.add(person)
    if (person.role, person.account_manager) != (role, account_manager):
        person.role, person.account_manager, person.sessions = role, account_manager, person.sessions + 1
    session.flush()
    return person


def _end_invitations(session: Session, name: str, now: datetime) -> None:
    unused: Sequence[Invitation] = session.scalars(
        select(Invitation).where(Invitation.person == name, Invitation.used_at.is_(None))
    ).all()
    for invitation in unused:
        invitation.used_at = now


def _hash(secret: str) -> str:
    # The secret is drawn at random from 2**256, so nothing slower or salted is needed.
    return hashlib.sha256(secret.encode()).hexdigest()
