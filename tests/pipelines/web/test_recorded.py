"""What the next ingest makes of what was recorded, and what an erasure leaves of it."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from features.time import Cutoff
from pipelines.erase import erase
from pipelines.ingest import ingest
from pipelines.web.entries import history
from pipelines.web.recorded import forget, outcomes
from tests.pipelines.web.conftest import ANNA, LIST_DAY, Browser, Clock, Company, SignedIn

Stored = Callable[[Path, str], pl.DataFrame]


def kept(app: Any, customer_id: str) -> list[str | None]:
    return [entry.note for entry in app.state.site.database.read(lambda session: history(session, customer_id))]


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

    assert removed["web"] == 1 and kept(app, "A-1") == []
    assert kept(app, "A-2") == ["Keep-me"]
    held = b"".join(path.read_bytes() for path in company.settings.root.glob("web.db*"))
    assert b"Keep-me" in held and b"Secret-word" not in held
    assert anna.get("/customer?id=A-1").status_code == 404


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
