"""What was recorded stays: through kills, migrations, and attempts to rewrite it."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipelines.web.database import Database
from pipelines.web.entries import history
from pipelines.web.people import redeem
from tests.pipelines.web.conftest import Browser, Clock, Company, with_the_first_version


def test_the_log_cannot_be_rewritten(anna: Browser, app: Any) -> None:
    anna.answer("A-1", "lost")
    with pytest.raises(DBAPIError, match="entries stay as they are"):
        app.state.site.database.write(lambda session: session.execute(text("update entries set status = 'saved'")))


WRITER = """
import sys
from datetime import UTC, datetime
from configs.settings import Settings
from pipelines.web.database import Database
from pipelines.web.people import invite
from pipelines.web.entries import Answer, record
settings = Settings.model_validate_json(sys.argv[1])
database = Database(settings)
database.migrate()
database.write(lambda session: invite(session, "anna", "manager", None, datetime.now(UTC), 1))
item = {"customer_id": "A-1", "action": None, "account_manager": "Anna"}
for number in range(100_000):
    answer = Answer("contacted", str(number), None)
    database.write(lambda s: record(s, item, datetime.now(UTC).date(), answer, number, "anna", datetime.now(UTC)))
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(company: Company) -> None:
    arguments = [sys.executable, "-c", WRITER, company.settings.model_dump_json()]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(25)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()

    database = Database(company.settings)
    kept = [entry.note for entry in database.read(lambda session: history(session, "A-1"))][::-1]
    database.close()

    acknowledged = [line.strip() for line in told if line.endswith("\n")]
    assert len(acknowledged) >= 25
    # At most the one write that was under way when it died is kept without having been acknowledged.
    assert kept[: len(acknowledged)] == acknowledged and len(kept) - len(acknowledged) <= 1


def test_migrations_lead_from_nothing_to_what_the_code_needs(company: Company) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from pipelines.web.schema import Base

    database = Database(company.settings)
    database.migrate()
    database.migrate()  # a second time changes nothing
    differences = database.read(lambda s: compare_metadata(MigrationContext.configure(s.connection()), Base.metadata))
    database.close()
    assert differences == []


def test_what_was_kept_before_survives_the_migration(company: Company, clock: Clock) -> None:
    database = Database(company.settings)
    database.migrate("0001")
    with_the_first_version(database)

    database.migrate()

    (entry,) = database.read(lambda session: history(session, "A-1"))
    assert (entry.status, entry.note, entry.person, entry.at) == ("saved", "Ärger", "anna", clock.now)
    assert database.write(lambda session: redeem(session, "secret", clock.now)).sessions == 3
    with pytest.raises(DBAPIError, match="entries stay as they are"):
        database.write(lambda session: session.execute(text("update entries set status = 'lost'")))
    database.close()
