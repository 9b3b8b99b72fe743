"""What the nights make of what was recorded in the app: items go on, are closed, rest, and come back, once each."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipelines import publish
from pipelines.outreach import listing
from pipelines.web.app import create_app
from pipelines.web.people import invite
from tests.pipelines.outreach.nights import FIRST_NIGHT, MadeUp, Nights, on
from tests.pipelines.web.conftest import Browser, Clock

FIGURES = {
    "CONTACTED": (0.5, 100.0),
    "SNOOZED": (0.5, 101.0),
    "RISK-GONE": (0.5, 102.0),
    "NO-ANSWER": (0.5, 103.0),
    "OPEN": (0.5, 104.0),
    "UNDONE": (0.5, 105.0),
}


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    for module in (listing, publish):
        monkeypatch.setattr(module, "explainer", lambda *_: MadeUp())
    anna = dict.fromkeys(FIGURES, "Anna")
    return Nights(tmp_path, dict(FIGURES), managers=anna, outreach={"control_share": 0.0, "cool_down_days": 2})


@pytest.fixture
def anna(nights: Nights, clock: Clock) -> Iterator[Browser]:
    nights.publish(0)
    clock.now = datetime.combine(FIRST_NIGHT, time(9), UTC)
    week_long = nights.settings.web.model_copy(update={"session_hours": 168})
    app: Any = create_app(nights.settings.model_copy(update={"web": week_long}), clock)
    browser = Browser(TestClient(app, base_url="http://127.0.0.1"))
    secret = app.state.site.database.write(lambda s: invite(s, "anna", "manager", "Anna", clock(), 72))
    browser.get(f"/sign-in?secret={secret}")
    browser.post("/sign-in", secret=secret)
    browser.get("/")
    yield browser
    app.state.site.database.close()


def shown(browser: Browser, asked: str = "") -> list[str]:
    """The customers on the page, each as often as it stands there."""
    return sorted(re.findall(r'href="/customer\?id=([^"]+)"', browser.get(f"/{asked}").text))


def test_the_next_nights_take_up_what_was_recorded(nights: Nights, anna: Browser, clock: Clock) -> None:
    assert shown(anna) == sorted(FIGURES)
    anna.answer("CONTACTED", "contacted")
    anna.answer("SNOOZED", "snooze", snooze_until=on(3), note="On holiday")
    anna.answer("NO-ANSWER", "no_answer")
    anna.answer("UNDONE", "lost")
    anna.post("/undo", customer_id="UNDONE", seen=1)
    assert shown(anna) == ["OPEN", "RISK-GONE", "UNDONE"]

    nights.figures["RISK-GONE"] = (0.01, 102.0)
    nights.publish(1)
    clock.later(days=1)

    # Each item that is open stands there once, as the one it was; whoever was not reached is to be tried again.
    assert shown(anna) == shown(anna, "?state=all") == ["NO-ANSWER", "OPEN", "UNDONE"]
    assert {row["item_opened"] for row in nights.listed(1).values()} == {FIRST_NIGHT}
    assert {row["change"] for row in nights.listed(1).values()} == {"still"}
    codes = nights.codes(1)
    assert [codes[name] for name in ("CONTACTED", "SNOOZED", "RISK-GONE")] == [
        *("cool_down", "snoozed", "unlikely_to_leave")
    ]
    # What was recorded of those who have left the list is still there to be read, and to be undone.
    gone = anna.get("/customer?id=SNOOZED").text
    assert "Not on the list of 2 Jul 2026 any more" in gone and "On holiday" in gone

    for night in (2, 3):
        nights.publish(night)
        clock.later(days=1)
        anna.get("/")
        assert ("SNOOZED" in nights.listed(night)) == (night == 3), night  # the pause is kept to the day

    # Both are new items by now: what was recorded of the old ones does not answer them.
    assert nights.listed(3)["SNOOZED"]["item_opened"] == FIRST_NIGHT + timedelta(days=3)
    assert "SNOOZED" in shown(anna) and "CONTACTED" in shown(anna)
    assert shown(anna, "?state=done") == []
