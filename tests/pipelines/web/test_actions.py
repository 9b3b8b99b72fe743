"""Recording, undoing, two people at once, and what the next ingest makes of it."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from features.time import Cutoff
from pipelines.erase import erase
from pipelines.ingest import ingest
from pipelines.web.database import Database
from pipelines.web.entries import history
from pipelines.web.people import redeem
from pipelines.web.recorded import forget, outcomes
from pipelines.web.schema import Entry
from tests.pipelines.web.conftest import (
    ANNA,
    CUSTOMERS,
    LIST_DAY,
    Browser,
    Clock,
    Company,
    SignedIn,
    cells,
    with_the_first_version,
)

Stored = Callable[[Path, str], pl.DataFrame]


def log(app: Any, customer_id: str) -> list[tuple[int, str, str | None, str | None, str]]:
    entries: list[Entry] = app.state.site.database.read(lambda session: history(session, customer_id))
    return [(e.number, e.kind, e.status, e.note, e.person) for e in entries]


def test_an_outcome_is_recorded_shown_and_undone(anna: Browser, app: Any) -> None:
    page = anna.answer("A-1", "saved", note="  Called\ntwice ", back="/?band=high").text
    assert "<strong>Quarry:</strong> saved. Recorded." in page
    assert "<strong>1</strong> of <strong>3 customers</strong> dealt with" in page
    assert log(app, "A-1") == [(1, "answer", "saved", "Called twice", "anna")]

    page = anna.post("/undo", customer_id="A-1", seen=1).text
    assert "undone, now nothing recorded" in page and "<strong>0</strong> of" in page
    assert log(app, "A-1")[0] == (2, "undo", None, None, "anna")
    assert anna.post("/undo", customer_id="A-1", seen=2).status_code == 409  # there is nothing to undo


def test_undoing_a_second_answer_brings_the_first_back(anna: Browser, app: Any) -> None:
    anna.answer("A-1", "contacted", note="first")
    anna.answer("A-1", "lost", seen=1)
    anna.post("/undo", customer_id="A-1", seen=2)
    assert log(app, "A-1")[0] == (3, "undo", "contacted", "first", "anna")
    assert "Contacted" in anna.get("/?state=done").text


@pytest.mark.parametrize(
    ("status", "fields", "said"),
    [
        ("snooze", {"note": "Holiday"}, "Say until which day"),
        ("snooze", {"snooze_until": "2026-06-15", "note": "Holiday"}, "Snooze until a day after today"),
        ("snooze", {"snooze_until": "2027-06-17", "note": "Holiday"}, "within a year"),
        ("snooze", {"snooze_until": "2026-07-01"}, "Say why to snooze"),
        ("sold", {}, "Choose one of the outcomes"),
        ("lost", {"note": "x" * 1001}, "Shorten it to 1,000"),
    ],
)
def test_what_cannot_be_recorded_comes_back_filled_in(
    anna: Browser, app: Any, status: str, fields: dict[str, str], said: str
) -> None:
    answer = anna.answer("A-1", status, **fields)
    assert (answer.status_code, said in answer.text, log(app, "A-1")) == (400, True, [])
    assert all(value in answer.text for value in fields.values())


def test_the_second_of_two_is_told_and_may_go_on(anna: Browser, signed_in: SignedIn, app: Any) -> None:
    lena = signed_in("lena", "lead")
    anna.answer("A-1", "saved", note="Signed again")

    told = lena.answer("A-1", "lost", note="Left us")

    assert told.status_code == 409
    assert "anna was faster" in told.text and "saved" in told.text and "Signed again" in told.text
    assert 'name="seen" value="1"' in told.text and "Left us" in told.text
    assert [entry[2] for entry in log(app, "A-1")] == ["saved"]
    assert lena.post("/undo", customer_id="A-1", seen=0).status_code == 409

    assert lena.answer("A-1", "lost", seen=1, note="Left us").status_code == 200
    assert [entry[2:] for entry in log(app, "A-1")] == [
        ("lost", "Left us", "lena"),
        ("saved", "Signed again", "anna"),
    ]


def test_back_leads_to_pages_of_the_app_only(anna: Browser) -> None:
    for number, (back, place) in enumerate(
        {
            "/?band=high&told=9": "/?band=high&told=",
            "/customer?id=A-1": "/customer?id=A-1&told=",
            "https://evil.example/": "/",
            "//evil.example": "/",
            "/\\evil.example": "/",
            "javascript:alert(1)": "/",
        }.items()
    ):
        answer = anna.answer("A-1", "lost", seen=number, back=back, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(place)
        assert answer.headers["location"].count("told=") <= 1 and "evil" not in answer.headers["location"]


def test_an_answer_of_an_earlier_item_does_not_answer_a_new_one(anna: Browser, company: Company, clock: Clock) -> None:
    anna.answer("A-1", "contacted")
    anna.answer("A-2", "no_answer")
    next_day = LIST_DAY + timedelta(days=1)
    clock.later(hours=1)
    # Both are listed again: the first as a new item, the second as the one it was.
    company.publish(next_day, {**CUSTOMERS[0], "item_opened": next_day}, {**CUSTOMERS[1], "item_opened": LIST_DAY})

    page = anna.get("/").text  # whoever was not reached is to be tried again

    assert "<strong>0</strong> of <strong>2 customers</strong> dealt with" in page
    assert "No answer" in page and "anna, 15 Jun 2026" in page


def test_what_is_recorded_flows_into_the_next_ingest(
    anna: Browser, company: Company, clock: Clock, stored: Stored
) -> None:
    anna.answer("A-1", "saved", note="=1+1")
    anna.answer("A-2", "snooze", snooze_until="2026-07-01", note="Holiday")
    anna.answer("A/3", "lost")
    clock.later(hours=1)
    anna.post("/undo", customer_id="A/3", seen=1)
    tomorrow, lines = Cutoff(date(2026, 6, 16), company.settings.zone), []

    found = stored(ingest(company.settings, tomorrow, lines.append), "outcomes").sort("customer_id")

    assert "outcomes: 2 rows = 2 kept + 0 quarantined + 0 not yet known" in lines
    assert found.select("customer_id", "status", "reason", "arm", "action", "by").rows() == [
        (
            "A-1",
            "saved",
            "=1+1",
            "treat",
            "Keep the overdue promise today, or agree on a new day that will be kept",
            "anna",
        ),
        ("A-2", "snooze", "Holiday", "treat", found["action"][1], "anna"),
    ]
    assert found["list_date"].to_list() == [datetime(2026, 6, 15, tzinfo=UTC)] * 2
    assert found["snooze_until"].to_list() == [None, datetime(2026, 7, 1, tzinfo=UTC)]
    assert found["at"][0] == datetime(2026, 6, 15, 9, tzinfo=UTC)


def test_a_past_day_knows_only_what_was_recorded_by_then(signed_in: SignedIn, company: Company, clock: Clock) -> None:
    clock.now = datetime(2026, 6, 15, 22, tzinfo=UTC)
    anna = signed_in("anna", "manager", ANNA)
    anna.answer("A-1", "saved")
    clock.now = datetime(2026, 6, 16, 9, tzinfo=UTC)
    anna.post("/undo", customer_id="A-1", seen=1)
    anna.answer("A-2", "lost")

    by_day = {
        day: [
            (row["customer_id"], row["known_at"] < cutoff.instant)
            for row in outcomes(company.settings, cutoff).to_dicts()
        ]
        for day in (15, 16, 17)
        for cutoff in [Cutoff(date(2026, 6, day), company.settings.zone)]
    }

    assert by_day == {
        15: [("A-1", False), ("A-2", False)],  # not yet known
        16: [("A-1", True), ("A-2", False)],  # still believed: it was undone only later
        17: [("A-2", True)],
    }


def test_without_the_app_ingest_makes_no_database_and_no_outcomes(company: Company) -> None:
    (company.settings.root / "web.db").unlink(missing_ok=True)
    store = ingest(company.settings, Cutoff(date(2026, 6, 16), company.settings.zone), lambda _: None)
    assert not (store / "outcomes").exists() and not (company.settings.root / "web.db").exists()


def test_an_erased_customer_is_gone_from_the_app(anna: Browser, company: Company, app: Any) -> None:
    anna.answer("A-2", "lost", note="Keep-me")
    anna.answer("A-1", "lost", note="Secret-word")

    removed = erase(company.settings, "A-1", LIST_DAY, lambda _: None)

    assert removed["web"] == 1 and log(app, "A-1") == []
    assert [entry[3] for entry in log(app, "A-2")] == ["Keep-me"]
    held = b"".join(path.read_bytes() for path in company.settings.root.glob("web.db*"))
    assert b"Keep-me" in held and b"Secret-word" not in held
    assert anna.get("/customer?id=A-1").status_code == 404


def test_the_log_cannot_be_rewritten(anna: Browser, app: Any) -> None:
    anna.answer("A-1", "lost")
    with pytest.raises(DBAPIError, match="entries stay as they are"):
        app.state.site.database.write(lambda session: session.execute(text("update entries set status = 'saved'")))


def test_leads_see_how_far_the_lists_are_worked(
    anna: Browser, signed_in: SignedIn, company: Company, clock: Clock
) -> None:
    anna.answer("A-1", "saved")
    clock.now = datetime(2026, 6, 20, 9, tzinfo=UTC)  # the day to act by was the 19th
    week_ago = LIST_DAY - timedelta(days=8)
    company.publish(week_ago, CUSTOMERS[0], {**CUSTOMERS[1], "customer_id": "A-9"})
    company.publish(LIST_DAY, *CUSTOMERS)

    text = signed_in("otto", "lead").get("/team").text
    page = " ".join(text.split())

    assert "<strong>1</strong> of <strong>4 customers</strong> dealt with (25%)" in page
    assert "<strong>3</strong> overdue" in page
    assert "€2,000</strong> of €2,900 at risk still to do" in page  # 900 + 500 + 1,500, less the 900 of the saved
    assert "Against the list of 7 Jun 2026: <strong>3 customers</strong> came, <strong>1 customer</strong> left" in page
    assert "Outcomes recorded since: 1 saved." in page
    assert cells(text, "By account manager") == [
        [ANNA, "3", "1 (33%)", "", "2", "€1,400", "€500"],
        ["Bo Berg", "1", "0 (0%)", "", "1", "€1,500", "€1,500"],
    ]
    # Silence raises everybody's risk; complaints that of A-2, who counts under both, and lower that of the others.
    assert cells(text, "By reason") == [
        ["The time without an order", "4", "1", "3", "€2,900", ""],
        ["Complaints", "1", "0", "1", "€500", ""],
    ]
    assert cells(text, "Value at risk by account manager and reason") == [
        [ANNA, "€1,400", "€500"],
        ["Bo Berg", "€1,500", "€0.00"],
    ]
    # Then A-1 (900) and A-9 (500); now 900 + 500 + unknown of Anna's.
    assert cells(text, "Since last week") == [
        [ANNA, "2", "1", "€1,400", "€1,400"],
        ["Bo Berg", "1", "0", "€0.00", "€1,500"],
    ]


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


def test_a_night_only_reads_and_makes_no_tables(anna: Browser, company: Company) -> None:
    tomorrow = Cutoff(date(2026, 6, 16), company.settings.zone)
    anna.answer("A-1", "saved")
    with sqlite3.connect(company.settings.root / "web.db", isolation_level=None) as writing:
        writing.execute("BEGIN IMMEDIATE")  # whoever wanted to write would have to wait
        assert outcomes(company.settings, tomorrow)["customer_id"].to_list() == ["A-1"]

    fresh = company.settings.model_copy(update={"root": company.settings.root / "fresh"})
    fresh.root.mkdir()
    (fresh.root / "web.db").touch()
    assert outcomes(fresh, tomorrow).is_empty() and forget(fresh, "A-1") == 0
    with sqlite3.connect(fresh.root / "web.db") as database:
        assert database.execute("select count(*) from sqlite_master").fetchone() == (0,)


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
