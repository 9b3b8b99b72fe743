"""Who gets in, for how long, and what every answer carries."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from configs.errors import ConfigError
from pipelines.web.people import invite, revoke
from pipelines.web.provider import Pending
from pipelines.web.schema import Event, Invitation, Try
from pipelines.web.security import Seal, Visit
from pipelines.web.tries import FAILURES
from tests.pipelines.web.conftest import ANNA, Browser, Clock, Company, SignedIn

SecretFor = Callable[..., str]


def test_a_link_works_once(browser: Browser, secret_for: SecretFor) -> None:
    secret = secret_for("anna", "manager", ANNA)
    browser.get(f"/sign-in?secret={secret}")
    browser.get(f"/sign-in?secret={secret}")  # only looking uses nothing up
    assert "Call these customers first" in browser.post("/sign-in", secret=secret).text

    browser.get(f"/sign-in?secret={secret}")
    again = browser.post("/sign-in", secret=secret)

    assert (again.status_code, "no longer works" in again.text) == (403, True)


def test_a_link_expires_and_a_new_one_ends_it(browser: Browser, secret_for: SecretFor, clock: Clock) -> None:
    first, second, third = secret_for("anna"), secret_for("anna"), secret_for("bo")
    browser.get("/sign-in?secret=x")
    assert "no longer works" in browser.post("/sign-in", secret=first).text
    assert browser.post("/sign-in", secret=third).status_code == 200
    clock.later(hours=72)
    browser.get("/sign-in?secret=x")
    assert "no longer works" in browser.post("/sign-in", secret=second).text


def test_no_secret_is_kept(app: Any, secret_for: SecretFor) -> None:
    secret = secret_for("anna")
    kept = app.state.site.database.read(lambda session: session.scalars(select(Invitation.secret_hash)).all())
    assert len(kept) == 1 and len(kept[0]) == 64 and secret not in kept[0]


def test_a_session_ends_by_time_by_signing_out_and_by_revoking(signed_in: SignedIn, clock: Clock, app: Any) -> None:
    anna = signed_in("anna", "manager", ANNA)
    cookie = anna.client.cookies["holdfast_session"]
    clock.later(hours=11.9)
    assert anna.get("/").status_code == 200
    clock.later(hours=0.1)
    assert anna.get("/").status_code == 401

    anna = signed_in("anna", "manager", ANNA)
    kept = anna.client.cookies["holdfast_session"]
    assert kept != cookie
    anna.post("/sign-out")
    anna.client.cookies["holdfast_session"] = kept  # a stolen copy is of no use afterwards
    assert anna.get("/").status_code == 401

    anna = signed_in("anna", "manager", ANNA)
    app.state.site.database.write(lambda session: revoke(session, "anna", clock()))
    assert anna.get("/").status_code == 401


def test_another_role_ends_the_sessions_of_the_old_one(signed_in: SignedIn, secret_for: SecretFor) -> None:
    lena = signed_in("lena", "data")
    secret_for("lena", "data")
    assert lena.get("/").status_code == 200
    secret_for("lena", "manager", ANNA)
    assert lena.get("/").status_code == 401


def test_a_forged_cookie_is_nobody(anna: Browser) -> None:
    value = anna.client.cookies["holdfast_session"]
    anna.client.cookies.clear()
    anna.client.cookies["holdfast_session"] = value[:-1] + ("A" if value[-1] != "A" else "B")
    assert anna.get("/").status_code == 401


def test_the_key_is_drawn_once_and_only_its_owner_reads_it(tmp_path: Path, clock: Clock) -> None:
    first, second = Seal(tmp_path), Seal(tmp_path)
    visit = first.begin("anna", 0, clock.now + timedelta(hours=1))
    assert second.read(Visit, first.cookie(visit), clock.now) == visit
    assert second.read(Pending, first.cookie(visit), clock.now) is None  # a cookie of one kind is not one of another
    (file,) = tmp_path.iterdir()
    assert (file.name, file.stat().st_mode & 0o777, len(file.read_text())) == ("web.key", 0o600, 64)


def test_guessing_is_slowed_down(browser: Browser, secret_for: SecretFor, clock: Clock) -> None:
    secret = secret_for("anna", "manager", ANNA)
    browser.get("/sign-in?secret=x")
    assert [browser.post("/sign-in", secret=str(n)).status_code for n in range(FAILURES)] == [403] * FAILURES
    assert browser.post("/sign-in", secret=secret).status_code == 429
    clock.later(minutes=5.1)
    assert browser.post("/sign-in", secret=secret).status_code == 200


def test_no_address_is_kept_in_the_clear_nor_for_long(browser: Browser, app: Any, clock: Clock) -> None:
    def kept() -> list[str]:
        return list(app.state.site.database.read(lambda session: session.scalars(select(Try.address_hash)).all()))

    browser.get("/sign-in?secret=x")
    browser.post("/sign-in", secret="wrong")
    assert len(kept()) == 1 and "testclient" not in kept()[0] and len(kept()[0]) == 64
    clock.later(minutes=5.1)
    browser.post("/sign-in", secret="wrong")
    assert len(kept()) == 1


def test_the_log_tells_who_was_there_and_of_no_customer(
    anna: Browser, browser: Browser, signed_in: SignedIn, app: Any, clock: Clock
) -> None:
    browser.get("/sign-in?secret=x")
    browser.post("/sign-in", secret="wrong")
    anna.get("/export.csv?find=quarry")
    anna.get("/customer?id=B-1")
    anna.get("/team")
    anna.answer("B-1", "lost")
    anna.client.post("/answer", data={"token": "x", "customer_id": "A-1", "seen": 0})
    browser.client.post("/answer", data={"token": "x"})  # of nobody known: the log would grow without end
    anna.post("/sign-out")
    app.state.site.database.write(lambda session: revoke(session, "anna", clock()))

    found = app.state.site.database.read(lambda session: session.scalars(select(Event).order_by(Event.id)).all())

    assert [(event.person, event.kind, event.detail) for event in found] == [
        ("anna", "invited", "as manager, for 72 h"),
        ("anna", "signed_in", "by a link"),
        (None, "refused", "sign-in by a link that does not work"),
        ("anna", "exported", "1 rows of the list of 2026-06-15"),
        ("anna", "refused", "a customer of others, or of nobody"),
        ("anna", "refused", "the team's page"),
        ("anna", "refused", "a customer of others, or of nobody"),
        ("anna", "refused", "a form that no page of theirs held"),
        ("anna", "signed_out", "on every device"),
        ("anna", "revoked", "by the command line"),
    ]
    assert {event.at for event in found} == {clock.now}
    with pytest.raises(DBAPIError, match="events stay as they are"):
        app.state.site.database.write(lambda session: session.execute(text("update events set person = 'bo'")))


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/answer", "/undo"])
def test_a_forged_form_is_refused(anna: Browser, signed_in: SignedIn, path: str) -> None:
    fields = {"customer_id": "A-1", "seen": 0, "status": "lost", "secret": "x"}
    others = signed_in("bo").token
    for token in ("", "x", others):
        assert anna.client.post(path, data={"token": token, **fields}).status_code == 403
    assert "<strong>0</strong> of" in anna.get("/").text


def test_every_answer_carries_the_headers(anna: Browser, browser: Browser) -> None:
    answers = [anna.get("/"), anna.get("/customer?id=nobody"), browser.get("/"), anna.get("/static/app.css")]
    answers += [
        anna.client.post("/answer", content=b"x" * 70_000),
        anna.client.get("/", headers={"Host": "evil.example"}),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'") and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert [answer.status_code for answer in answers] == [200, 404, 401, 200, 413, 400]
    assert answers[0].headers["cache-control"] == "no-store"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.get("/sign-in").headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie


def test_behind_https_the_cookie_is_for_https_only(company: Company, clock: Clock) -> None:
    from pipelines.web.app import create_app

    web = company.settings.web.model_copy(update={"address": "https://lists.example"})
    with TestClient(
        create_app(company.settings.model_copy(update={"web": web}), clock), "https://lists.example"
    ) as client:
        assert "Secure" in client.get("/sign-in").headers["set-cookie"]


def test_a_wrong_role_is_refused(app: Any, clock: Clock) -> None:
    with pytest.raises(ConfigError, match="--role boss: no such role. Use one of manager, lead, data"):
        app.state.site.database.write(lambda session: invite(session, "x", "boss", None, clock(), 1))
    with pytest.raises(ConfigError, match="only for the role manager"):
        app.state.site.database.write(lambda session: invite(session, "x", "lead", ANNA, clock(), 1))
