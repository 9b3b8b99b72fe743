"""The app as people use it, in a real browser: two presses, the keyboard, a narrow screen, accessibility."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from pipelines.elements.report import keep
from pipelines.web.app import create_app
from pipelines.web.schema import LEAD, MANAGER
from tests.pipelines.web.conftest import ANNA, Clock, Company
from tests.pipelines.web.oidc import SECRET, OidcProvider, settings_of
from tests.pipelines.web.test_report import REPORT

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def served(make: Callable[[str], Any]) -> Iterator[str]:
    """Where the app is served that `make` makes for this address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(make(address), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield address
        server.should_exit = True
        thread.join()


@pytest.fixture
def address(app: Any) -> Iterator[str]:
    """Where the app is served."""
    with served(lambda _: app) as address:
        yield address


@pytest.fixture
def opened(chromium: Any, address: str, secret_for: Callable[..., str]) -> Iterator[Open]:
    """The list of somebody who has just signed in, in a window of this width. No page may complain in the console."""
    said: list[str] = []
    contexts = []

    def open_list(
        name: str = "anna", role: str = MANAGER, account_manager: str | None = ANNA, width: int = 1280
    ) -> Page:
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, base_url=address))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"/sign-in?secret={secret_for(name, role, account_manager)}")
        page.get_by_role("button", name="Sign in").click()
        return page

    yield open_list
    for context in contexts:
        context.close()
    assert [text for text in said if "404" not in text and "409" not in text] == []


def names(page: Page) -> list[str]:
    return page.locator("tbody a.name").all_inner_texts()


def test_an_outcome_takes_two_presses_and_can_be_undone(opened: Open) -> None:
    page = opened()
    assert names(page) == ["Quarry", "Ärger", "Zoo"]

    page.get_by_text("Record outcome of Quarry").click()
    page.get_by_role("button", name="Saved").locator("visible=true").click()

    told = page.get_by_role("status")
    assert told.inner_text().startswith("Quarry: saved. Recorded.")
    assert names(page) == ["Ärger", "Zoo"]
    told.get_by_role("button", name="Undo").click()
    assert "undone" in page.get_by_role("status").inner_text()
    assert names(page) == ["Quarry", "Ärger", "Zoo"]


def test_snoozing_asks_for_a_day_and_a_reason(opened: Open) -> None:
    page = opened()
    page.get_by_text("Record outcome of Quarry").click()
    page.get_by_role("button", name="Snooze").locator("visible=true").click()
    assert page.url.endswith("/") and names(page) == ["Quarry", "Ärger", "Zoo"]  # the browser asks for the day

    page.get_by_label("Or snooze until").locator("visible=true").fill("2026-07-01")
    page.get_by_label("Reason", exact=True).locator("visible=true").fill("On holiday")
    page.get_by_label("Reason", exact=True).locator("visible=true").press("Enter")

    assert page.get_by_role("status").inner_text().startswith("Quarry: snoozed until 1 Jul 2026")


def test_the_customer_page_tells_why_and_takes_the_outcome(opened: Open) -> None:
    page = opened()
    page.get_by_role("link", name="Ärger").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Ärger"
    assert page.get_by_role("row", name="Complaints +2.00").is_visible()
    page.get_by_label("Note").fill("Will think about it")
    page.get_by_role("button", name="Contacted").click()

    assert "Ärger: contacted" in page.get_by_role("status").inner_text()
    assert page.get_by_role("row", name="anna Contacted Will think about it").is_visible()


def test_the_list_is_sorted_and_filtered_by_keyboard(opened: Open) -> None:
    page = opened()
    page.get_by_role("link", name="Chance of leaving").press("Enter")
    assert names(page) == ["Ärger", "Quarry", "Zoo"]
    assert page.get_by_role("columnheader", name="Chance of leaving").get_attribute("aria-sort") == "descending"
    page.get_by_role("link", name="Chance of leaving").press("Enter")
    assert names(page) == ["Zoo", "Quarry", "Ärger"]

    page.get_by_label("Name or ID").fill("quar")
    page.get_by_label("Name or ID").press("Enter")
    assert names(page) == ["Quarry"]
    assert "find=quar" in page.url and "sort=risk" in page.url and "order=up" in page.url  # the address keeps all of it


def test_the_second_of_two_people_is_told(opened: Open) -> None:
    first, second = opened(), opened("lena", LEAD, None)
    for page, outcome in ((first, "Saved"), (second, "Lost")):
        page.get_by_text("Record outcome of Quarry").click()
        page.get_by_role("button", name=outcome).locator("visible=true").click()

    assert "anna was faster" in second.get_by_role("alert").inner_text()
    second.get_by_role("button", name="Lost").click()
    assert second.get_by_role("status").inner_text().startswith("Quarry: lost")


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_runs_over_the_edge_and_axe_finds_nothing_serious(opened: Open, width: int) -> None:
    page, lead = opened(width=width), opened("otto", LEAD, None, width=width)
    wrong: list[Any] = []

    def look(at: Page) -> None:
        found = [v for v in Axe().run(at).response["violations"] if v["impact"] in ("serious", "critical")]
        wrong.extend((at.url, violation["id"], violation["nodes"][0]["html"]) for violation in found)
        if (across := at.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append((at.url, f"{across} wide"))

    look(page)
    page.get_by_text("Record outcome of Quarry").click()
    look(page)
    page.get_by_role("button", name="Saved").locator("visible=true").click()
    look(page)
    for path in (
        "/?state=done",
        "/?find=nobody",
        "/customer?id=A-1",
        "/customer?id=A-2",
        "/customer?id=B-1",
        "/sign-in",
    ):
        page.goto(path)
        for summary in page.locator("summary").all():
            summary.click()
        look(page)
    for path in ("/", "/team"):
        lead.goto(path)
        look(lead)
    lead.goto("/")
    other = opened("dora", "data", None, width=width)
    other.goto("/audit")
    look(other)
    other.goto("/")
    for each in (other, lead):
        each.get_by_text("Record outcome of Ärger").click()
        each.get_by_role("button", name="Lost").locator("visible=true").click()
    look(lead)  # the page of whoever came second

    assert wrong == []


def test_somebody_signs_in_through_a_provider_on_another_site(
    chromium: Any, company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = OidcProvider(clock, "localhost")  # to a browser another site than 127.0.0.1
    provider.account.claims = {"sub": "s-1", "preferred_username": "anna", "name": ANNA, "groups": ["sales"]}
    monkeypatch.setenv("SMALL_OIDC_SECRET", SECRET)
    made: list[Any] = []

    def make(address: str) -> Any:
        web = company.settings.web.model_copy(update={"oidc": settings_of(provider), "address": address})
        made.append(create_app(company.settings.model_copy(update={"web": web}), clock))
        return made[0]

    with served(make) as address:
        context = chromium.new_context(base_url=address)
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Sign in").click()
        found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        page.get_by_role("link", name="Sign in with your company account").click()
        page.wait_for_url(f"{address}/")
        seen = names(page)
        context.close()
    provider.close()
    made[0].state.site.database.close()

    assert (seen, found) == (["Quarry", "Ärger", "Zoo"], [])


@pytest.mark.parametrize("width", [360, 1280])
def test_the_report_keeps_within_the_page_and_its_charts_are_seen(opened: Open, company: Company, width: int) -> None:
    keep(company.settings.root, REPORT)
    page = opened("dora", "data", None, width=width)
    page.goto("/report")
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    seen = page.locator("picture img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert len(seen) == 9 and set(seen) == {320 if width == 360 else 720}  # each drawn for the width
    found = Axe().run(page).response["violations"]
    assert [violation["id"] for violation in found] == []
