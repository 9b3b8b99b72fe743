"""Signing in through the company's own sign-in, and what is tried against it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from pipelines.web.app import create_app
from pipelines.web.people import invite, revoke
from pipelines.web.provider import Provider
from pipelines.web.schema import Event, Person
from pipelines.web.tries import FAILURES
from tests.pipelines.web.conftest import ANNA, Browser, Clock, Company
from tests.pipelines.web.oidc import CLIENT, SECRET, Account, OidcProvider, new_key, settings_of, shared_key

SALES = {"sub": "s-1", "preferred_username": "anna", "name": ANNA, "groups": ["staff", "sales"]}


@pytest.fixture
def provider(clock: Clock) -> Iterator[OidcProvider]:
    started = OidcProvider(clock)
    started.account = Account(dict(SALES))
    yield started
    started.close()


@pytest.fixture
def app(company: Company, clock: Clock, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("SMALL_OIDC_SECRET", SECRET)
    web = company.settings.web.model_copy(update={"oidc": settings_of(provider)})
    made = create_app(company.settings.model_copy(update={"web": web}), clock)
    yield made
    made.state.site.database.close()


def there_and_back(browser: Browser) -> tuple[str, str]:
    """The addresses at the provider and of the way back."""
    away = browser.client.get("/sign-in/provider", follow_redirects=False).headers["location"]
    back = httpx.get(away).headers["location"]
    return away, back.removeprefix("http://127.0.0.1:8000")


def people(app: Any) -> list[tuple[str, str, str | None]]:
    found = app.state.site.database.read(lambda session: session.scalars(select(Person)).all())
    return [(person.name, person.role, person.account_manager) for person in found]


def log(app: Any) -> list[tuple[str | None, str, str]]:
    found = app.state.site.database.read(lambda session: session.scalars(select(Event)).all())
    return [(event.person, event.kind, event.detail) for event in found]


def test_somebody_signs_in_through_the_provider_and_sees_their_own(browser: Browser, app: Any) -> None:
    assert "Sign in with your company account" in browser.get("/sign-in").text
    assert 'href="/sign-in"' in browser.get("/").text

    away, back = there_and_back(browser)
    page = browser.get(back)

    asked = parse_qs(urlsplit(away).query)
    assert asked["scope"] == ["openid profile email"] and asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"] and len(asked["state"][0]) >= 32 and len(asked["nonce"][0]) >= 32
    assert (page.status_code, page.url.path) == (200, "/")
    assert "Quarry" in page.text and "Bakery" not in page.text
    assert people(app) == [("anna", "manager", ANNA)]
    assert log(app) == [("anna", "signed_in", "through the provider")]


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": "leads"}, ("anna", "lead", None)),
        ({"groups": ["sales", "analysts", "leads"]}, ("anna", "data", None)),  # the one that sees most
        ({"name": None}, ("anna", "manager", None)),
    ],
)
def test_the_claims_say_the_role(browser: Browser, provider: OidcProvider, app: Any, claims: Any, role: Any) -> None:
    provider.account.claims |= claims
    assert browser.get(there_and_back(browser)[1]).status_code == 200
    assert people(app) == [role]


def test_claims_that_the_token_lacks_are_asked_for(browser: Browser, provider: OidcProvider, app: Any) -> None:
    provider.further["userinfo_endpoint"] = "/userinfo"
    del provider.account.claims["groups"], provider.account.claims["name"]
    provider.account.info = {"sub": "s-1", "groups": ["sales"], "name": ANNA, "preferred_username": "eve"}

    assert browser.get(there_and_back(browser)[1]).status_code == 200
    assert people(app) == [("anna", "manager", ANNA)]  # what the signed token says comes first

    provider.account.info["sub"] = "s-2"
    assert browser.get(there_and_back(browser)[1]).status_code == 403  # told of somebody else
    provider.account.claims |= {"groups": ["sales"], "name": ANNA}
    assert browser.get(there_and_back(browser)[1]).status_code == 200
    assert sum(path.endswith("/userinfo") for path in provider.asked) == 2  # not where the token says it all


def test_signing_out_leads_on_to_the_provider(browser: Browser, provider: OidcProvider, app: Any, clock: Clock) -> None:
    provider.further["end_session_endpoint"] = "/logout"
    browser.get(there_and_back(browser)[1])
    browser.get("/")

    page = browser.post("/sign-out").text

    after = "post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fsign-in"
    assert f'href="{provider.issuer}/logout?client_id={CLIENT}&amp;{after}"' in page
    assert browser.get("/").status_code == 401

    secret = app.state.site.database.write(lambda session: invite(session, "bo", "manager", "Bo Berg", clock(), 72))
    browser.get(f"/sign-in?secret={secret}")
    browser.post("/sign-in", secret=secret)
    browser.get("/")
    assert "/logout" not in browser.post("/sign-out").text  # whoever came by a link has no session there


@pytest.mark.parametrize("away", [False, True])
def test_signing_out_works_without_the_provider(browser: Browser, provider: OidcProvider, app: Any, away: bool) -> None:
    browser.get(there_and_back(browser)[1])
    browser.get("/")
    site = app.state.site
    site.provider = Provider(site.settings.web.oidc, site.settings.web.address)  # as after a restart
    if away:
        provider.close()

    page = browser.post("/sign-out")
    assert (page.status_code, "Signed out" in page.text, "Sign out there too" in page.text) == (200, True, False)
    assert browser.get("/").status_code == 401


@pytest.mark.parametrize(
    ("header", "lies", "signer"),
    [
        ({}, {"nonce": "another"}, None),
        ({}, {"aud": "another-app"}, None),
        ({}, {"aud": "another-app", "azp": CLIENT}, None),
        ({}, {"iss": "https://evil.example"}, None),
        ({}, {"exp": 1}, None),
        ({}, {"sub": None}, None),
        ({}, {"preferred_username": ""}, None),
        ({}, {}, new_key("1")),  # a key of this name, but another
        ({"kid": "9"}, {}, new_key("9")),
        ({"alg": "HS256"}, {}, shared_key()),
    ],
    ids=[
        "nonce",
        "audience",
        "audience though asked for by us",
        "issuer",
        "expired",
        "nobody",
        "nameless",
        "forged",
        "unknown key",
        "shared key",
    ],
)
def test_a_token_that_proves_nothing_is_refused(
    browser: Browser, provider: OidcProvider, app: Any, header: Any, lies: Any, signer: Any
) -> None:
    provider.account.header |= header
    provider.account.lies, provider.account.signed_by = lies, signer

    answer = browser.get(there_and_back(browser)[1])

    assert (answer.status_code, people(app)) == (403, [])
    assert [(person, kind) for person, kind, _ in log(app)] == [(None, "refused")]
    assert browser.get("/").status_code == 401


def test_an_unsigned_token_is_refused(browser: Browser, provider: OidcProvider, app: Any, monkeypatch: Any) -> None:
    import tests.pipelines.web.oidc as served

    real = served.jwt.encode
    unsigned = "eyJhbGciOiJub25lIn0."  # {"alg":"none"}
    monkeypatch.setattr(served.jwt, "encode", lambda *a, **k: unsigned + real(*a, **k).split(".")[1] + ".")
    assert browser.get(there_and_back(browser)[1]).status_code == 403 and people(app) == []


def test_keys_that_changed_are_fetched_anew(browser: Browser, provider: OidcProvider) -> None:
    assert browser.get(there_and_back(browser)[1]).status_code == 200
    provider.key, provider.account.header = new_key("2"), {"alg": "ES256", "kid": "2"}
    assert browser.get(there_and_back(browser)[1]).status_code == 200
    assert [path for path in provider.asked if path.endswith("/keys")] == ["/realms/shop/keys"] * 2
    assert sum("well-known" in path for path in provider.asked) == 1


def test_only_the_browser_that_began_can_come_back_and_once(browser: Browser, app: Any, clock: Clock) -> None:
    _, back = there_and_back(browser)
    other = Browser(TestClient(app, base_url="http://127.0.0.1"))
    assert other.get(back).status_code == 403  # a link that would sign somebody in as another
    assert browser.get(back.replace("state=", "state=x")).status_code == 403
    _, back = there_and_back(browser)
    assert browser.get(back).status_code == 200
    assert browser.get(back).status_code == 403  # nobody was sent

    _, back = there_and_back(browser)
    clock.later(minutes=10)
    assert browser.get(back).status_code == 403


def test_a_code_intercepted_is_worth_nothing_to_another_browser(browser: Browser, app: Any) -> None:
    _, theirs = there_and_back(browser)
    thief = Browser(TestClient(app, base_url="http://127.0.0.1"))
    _, own = there_and_back(thief)
    code, state = parse_qs(urlsplit(theirs).query)["code"][0], parse_qs(urlsplit(own).query)["state"][0]
    stolen = f"/sign-in/back?code={code}&state={state}"
    assert thief.get(stolen).status_code == 403 and people(app) == []


def test_whoever_loses_the_role_is_out(browser: Browser, provider: OidcProvider, app: Any) -> None:
    browser.get(there_and_back(browser)[1])
    provider.account.claims["groups"] = ["staff"]
    other = Browser(TestClient(app, base_url="http://127.0.0.1"))

    answer = other.get(there_and_back(other)[1])

    assert (answer.status_code, "given no access" in answer.text) == (403, True)
    assert browser.get("/").status_code == 401  # sessions begun before end too
    assert log(app)[-1] == ("anna", "refused", "sign-in through the provider: no access")


def test_a_name_belongs_to_the_account_that_came_first(
    browser: Browser, provider: OidcProvider, app: Any, clock: Clock
) -> None:
    database = app.state.site.database
    database.write(lambda session: invite(session, "anna", "manager", ANNA, clock(), 72))  # by a link, before
    assert browser.get(there_and_back(browser)[1]).status_code == 200
    provider.account.claims["sub"] = "s-2"
    assert "Another account" in browser.get(there_and_back(browser)[1]).text

    provider.account.claims |= {"sub": "s-1", "preferred_username": "anna.schmidt"}
    assert browser.get(there_and_back(browser)[1]).status_code == 200
    assert people(app) == [("anna", "manager", ANNA)]  # the name stays that of the log

    database.write(lambda session: revoke(session, "anna", clock()))
    provider.account.claims |= {"sub": "s-2", "preferred_username": "anna"}
    assert browser.get(there_and_back(browser)[1]).status_code == 200


def test_failing_often_is_slowed_down_in_every_process(
    browser: Browser, app: Any, company: Company, clock: Clock
) -> None:
    other = create_app(app.state.site.settings, clock)  # as another process would serve it
    _, back = there_and_back(browser)
    for number in range(FAILURES):
        served = (app, other)[number % 2]
        assert TestClient(served, base_url="http://127.0.0.1").get(back).status_code == 403
    assert TestClient(other, base_url="http://127.0.0.1").get(back).status_code == 429
    assert browser.get(back).status_code == 429
    other.state.site.database.close()
    clock.later(minutes=5.1)
    assert browser.get(there_and_back(browser)[1]).status_code == 200


def test_a_provider_that_is_away_is_said(browser: Browser, provider: OidcProvider, app: Any) -> None:
    provider.close()
    answer = browser.get("/sign-in/provider")
    assert (answer.status_code, "Try again soon" in answer.text) == (503, True)


def test_links_still_work_beside_it(browser: Browser, app: Any, clock: Clock) -> None:
    secret = app.state.site.database.write(lambda session: invite(session, "bo", "manager", "Bo Berg", clock(), 72))
    browser.get(f"/sign-in?secret={secret}")
    assert "Bakery" in browser.post("/sign-in", secret=secret).text
    assert log(app)[1:] == [("bo", "signed_in", "by a link")]
