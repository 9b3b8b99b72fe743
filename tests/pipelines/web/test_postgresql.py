"""The same on PostgreSQL: migrations, recording, two people at once, what ingest reads, an address that is wrong."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from configs.errors import DependencyError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.web.audit import access, audit, note
from pipelines.web.board import Boards
from pipelines.web.database import Database
from pipelines.web.entries import Answer, Overtaken, history, record, undo
from pipelines.web.people import invite, redeem
from pipelines.web.publication import Publications
from pipelines.web.recorded import forget, outcomes
from pipelines.web.schema import Base
from pipelines.web.tries import FAILURES, failed, too_many
from tests.pipelines.web.conftest import with_the_first_version

NOW = datetime(2026, 6, 15, 9, 0, 0, 123456, tzinfo=UTC)
DAY = date(2026, 6, 15)
ITEM = {"customer_id": "A-1", "action": "Call", "account_manager": "Anna"}


@pytest.fixture
def settings(postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SMALL_WEB_DATABASE", postgresql)
    web = {"database": "${SMALL_WEB_DATABASE}"}
    return Settings.model_validate(
        {"name": "small", "root": str(tmp_path), "sources": {"transactions": {"path": "none"}}, "web": web}
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """Empty but for anna, who is invited."""
    made = Database(settings)
    made.migrate()
    made.write(lambda session: invite(session, "anna", "manager", None, NOW, 1))
    yield made
    made.close()


def test_migrations_lead_from_nothing_to_what_the_code_needs(database: Database) -> None:
    database.migrate()
    found = database.read(lambda s: compare_metadata(MigrationContext.configure(s.connection()), Base.metadata))
    assert found == []


def test_what_was_kept_before_survives_the_migration(database: Database) -> None:
    for statement in ("drop schema public cascade", "create schema public"):
        database.write(lambda session, statement=statement: session.execute(text(statement)))
    database.migrate("0001")
    with_the_first_version(database)

    database.migrate()

    (entry,) = database.read(lambda session: history(session, "A-1"))
    assert (entry.status, entry.note, entry.person) == ("saved", "Ärger", "anna")
    assert database.write(lambda session: redeem(session, "secret", NOW)).sessions == 3
    for log in ("entries", "events"):
        database.write(lambda session: note(session, NOW, "anna", "signed_in", "by a link"))
        with pytest.raises(DBAPIError, match=f"{log} stay as they are"):
            database.write(lambda session, log=log: session.execute(text(f"update {log} set person = 'bo'")))


def test_the_audit_reads_both_logs(database: Database) -> None:
    database.write(lambda session: note(session, NOW, "anna", "signed_in", "by a link"))
    answer = Answer("lost", "Ärger", None)
    database.write(lambda session: record(session, ITEM, DAY, answer, 0, "anna", NOW + timedelta(minutes=1)))

    lines, count = database.read(lambda session: audit(session, "anna", "", 0, 10))
    (anna,) = database.read(lambda session: access(session, NOW))

    assert [(line.at, line.kind, line.detail, line.customer_id, line.note) for line in lines] == [
        (NOW + timedelta(minutes=1), "answer", "lost", "A-1", "Ärger"),
        (NOW, "invited", "as manager, for 1 h", None, None),
        (NOW, "signed_in", "by a link", None, None),
    ]
    assert (count, anna.person.name, anna.seen_at, anna.open_until) == (3, "anna", NOW, NOW + timedelta(hours=1))


def test_the_limit_of_tries_holds_for_all_who_serve(database: Database, settings: Settings) -> None:
    other = Database(settings)
    for number in range(FAILURES):
        (database, other)[number % 2].write(lambda session: failed(session, "somewhere", NOW))
    later = NOW + timedelta(minutes=5, seconds=1)
    assert [other.read(lambda session, at=at: too_many(session, "somewhere", at)) for at in (NOW, later)] == [
        True,
        False,
    ]
    assert not other.read(lambda session: too_many(session, "elsewhere", NOW))
    other.close()


def test_a_link_works_once_also_for_two_at_the_same_moment(database: Database) -> None:
    secret = database.write(lambda session: invite(session, "bo", "manager", None, NOW, 1))
    found: list[Any] = []
    people = [
        threading.Thread(target=lambda: found.append(database.write(lambda session: redeem(session, secret, NOW))))
        for _ in range(8)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert [person.name for person in found if person] == ["bo"] and len(found) == 8


def test_answers_are_recorded_undone_read_by_ingest_and_forgotten(database: Database, settings: Settings) -> None:
    boards = Boards(Publications(settings))
    assert boards.current() is None and boards.entries == {}  # before the first night
    answer = Answer("snooze", "Ärger", date(2026, 7, 1))
    database.write(lambda session: record(session, ITEM, DAY, answer, 0, "anna", NOW))
    with pytest.raises(Overtaken) as told:
        database.write(lambda session: record(session, ITEM, DAY, answer, 0, "bo", NOW))
    assert (told.value.entry.number, told.value.entry.at) == (1, NOW)
    database.read(boards.read_on)
    assert boards.entries["A-1"].note == "Ärger"
    tomorrow = Cutoff(date(2026, 6, 16), settings.zone)
    assert outcomes(settings, tomorrow).select("status", "at").rows() == [("snooze", NOW)]

    database.write(lambda session: undo(session, "A-1", 1, "anna", NOW))

    assert [entry.kind for entry in database.read(lambda session: history(session, "A-1"))] == ["undo", "answer"]
    assert outcomes(settings, tomorrow).is_empty()
    with pytest.raises(DBAPIError, match="entries stay as they are"):
        database.write(lambda session: session.execute(text("update entries set status = 'saved'")))
    assert forget(settings, "A-1") == 2


def test_a_database_that_is_away_is_said_without_its_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMALL_WEB_DATABASE", "postgresql://shop:hunter2@127.0.0.1:1/web")
    database = Database(settings)
    with pytest.raises(DependencyError, match="web.database: does not answer") as said:
        database.migrate()
    database.close()
    assert "hunter2" not in str(said.value) and said.value.__suppress_context__
