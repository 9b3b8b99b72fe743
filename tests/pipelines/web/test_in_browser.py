"""The app as people use it, in a real browser, with scripts and without: two presses, the keyboard, a narrow screen."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

from pipelines.elements.report import keep
from pipelines.web.app import create_app
from pipelines.web.schema import LEAD, MANAGER
from tests.pipelines.web.conftest import ANNA, LIST_DAY, Clock, Company
from tests.pipelines.web.oidc import SECRET, OidcProvider, settings_of
from tests.pipelines.web.test_report import REPORT

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
Open = Callable[..., Page]
either_way = pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])


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
        listening.listen()  # whoever comes before the server does waits
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
        name: str = "anna",
        role: str = MANAGER,
        account_manager: str | None = ANNA,
        width: int = 1280,
        script: bool = True,
    ) -> Page:
        size = {"width": width, "height": 900}
        contexts.append(chromium.new_context(viewport=size, base_url=address, java_script_enabled=script))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"/sign-in?secret={secret_for(name, role, account_manager)}")
        page.get_by_role("button", name="Sign in").click()
        return page

    yield open_list
    for context in contexts:
        context.close()
    refused = ("401", "404", "409", "ERR_INTERNET_DISCONNECTED", "htmx:error: Failed to fetch")
    harmless = "Autofocus processing was blocked"  # the browser leaves it to htmx
    assert [text for text in said if not any(word in text for word in (*refused, harmless))] == []


def names(page: Page) -> list[str]:
    return page.locator("tbody a.name").all_inner_texts()


@either_way
def test_an_outcome_takes_two_presses_and_can_be_undone(opened: Open, script: bool) -> None:
    page = opened(script=script)
    assert names(page) == ["Quarry", "Ärger", "Zoo"]

    page.get_by_text("Record outcome of Quarry").click()
    page.get_by_role("button", name="Saved").locator("visible=true").click()

    told = page.locator("#told")
    expect(told).to_contain_text("Saved. Recorded.")
    expect(told).to_be_focused()  # read out, and Undo comes next
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("Undone: now nothing recorded")
    page.goto("/?state=done")
    assert names(page) == []


def test_recording_keeps_the_place_on_a_long_list(opened: Open, company: Company) -> None:
    rows = [{"customer_id": f"A-{n}", "display_name": f"Shop {n}", "rank": n} for n in range(1, 31)]
    company.publish(LIST_DAY, *rows)
    page = opened()
    page.evaluate("window.still = 'the same document'")
    page.get_by_text("Record outcome of Shop 12", exact=False).click()
    note = page.get_by_label("Note").locator("visible=true")
    note.fill("Will call back")
    before = page.evaluate("scrollY"), page.locator("#row-A-12").bounding_box()["y"]

    page.get_by_role("button", name="No answer").locator("visible=true").press("Enter")

    expect(page.locator("#row-A-12 #told")).to_contain_text("Will call back")
    expect(page.locator(".summary").first).to_contain_text("1 of 30 customers dealt with")
    assert before == (page.evaluate("scrollY"), page.locator("#row-A-12").bounding_box()["y"]) and before[0] > 0
    assert page.evaluate("window.still") == "the same document" and page.url.endswith("/?told=1")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Shop 13"  # past Undo, on to the next customer
    page.get_by_text("Record outcome of Shop 13").click()
    assert page.get_by_label("Note").locator("visible=true").input_value() == ""


def test_filters_and_orders_change_the_list_in_place_and_the_address_follows(opened: Open) -> None:
    page = opened()
    page.evaluate("window.still = 'the same document'")
    page.get_by_label("Risk").focus()
    page.keyboard.press("m")  # medium
    expect(page.locator("tbody a.name")).to_have_text(["Zoo"])
    expect(page.get_by_role("status").filter(has_text="customer")).to_have_text("1 customer")
    expect(page.get_by_label("Risk")).to_be_focused()
    page.get_by_label("Risk").select_option("any")
    expect(page.locator("tbody a.name")).to_have_count(3)
    heading = page.get_by_role("link", name="Chance of leaving")
    heading.press("Enter")
    expect(page.locator("tbody a.name")).to_have_text(["Ärger", "Quarry", "Zoo"])
    expect(heading).to_be_focused()
    assert "sort=risk" in page.url and page.evaluate("window.still") == "the same document"

    page.go_back()
    expect(page.locator("tbody a.name")).to_have_text(["Quarry", "Ärger", "Zoo"])
    page.go_back()
    expect(page.locator("tbody a.name")).to_have_text(["Zoo"])
    assert page.get_by_label("Risk").input_value() == "medium"


def test_a_press_that_gets_no_answer_says_so(opened: Open, address: str) -> None:
    page = opened()
    page.context.set_offline(True)
    page.get_by_text("Record outcome of Quarry").click()
    page.get_by_role("button", name="Saved").locator("visible=true").click()
    expect(page.get_by_role("alert")).to_contain_text("No answer came.")

    page.context.set_offline(False)
    page.get_by_role("button", name="Saved").locator("visible=true").click()
    expect(page.locator("#told")).to_contain_text("Saved. Recorded.")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_session_that_is_over_takes_the_place_of_the_list(opened: Open, clock: Clock) -> None:
    page = opened()
    clock.later(hours=13)
    page.get_by_text("Record outcome of Quarry").click()
    page.get_by_role("button", name="Saved").locator("visible=true").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please sign in")
    assert page.get_by_role("link", name="My list").count() == 0 and page.title().startswith("Please sign in")


@either_way
def test_snoozing_asks_for_a_day_and_a_reason(opened: Open, script: bool) -> None:
    page = opened(script=script)
    page.get_by_text("Record outcome of Quarry").click()
    page.get_by_role("button", name="Snooze").locator("visible=true").click()
    assert page.url.endswith("/") and names(page) == ["Quarry", "Ärger", "Zoo"]  # the browser asks for the day

    page.get_by_label("Or snooze until").locator("visible=true").fill("2026-07-01")
    page.get_by_label("Reason", exact=True).locator("visible=true").fill("On holiday")
    page.get_by_label("Reason", exact=True).locator("visible=true").press("Enter")

    expect(page.locator("#told")).to_contain_text("Snoozed until 1 Jul 2026. Recorded.")


@either_way
def test_the_customer_page_tells_why_and_takes_the_outcome(opened: Open, script: bool) -> None:
    page = opened(script=script)
    page.get_by_role("link", name="Ärger").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Ärger"
    assert page.get_by_role("row", name="Complaints +2.00").is_visible()
    page.get_by_label("Note").fill("Will think about it")
    page.get_by_role("button", name="Contacted").click()

    expect(page.locator("#told")).to_contain_text("Contacted. Recorded.")
    assert page.get_by_role("row", name="anna Contacted Will think about it").is_visible()
    assert page.get_by_label("Note").input_value() == ""


@either_way
def test_the_list_is_sorted_and_filtered_by_keyboard(opened: Open, script: bool) -> None:
    page = opened(script=script)
    page.get_by_role("link", name="Chance of leaving").press("Enter")
    expect(page.locator("tbody a.name")).to_have_text(["Ärger", "Quarry", "Zoo"])
    assert page.get_by_role("columnheader", name="Chance of leaving").get_attribute("aria-sort") == "descending"
    page.get_by_role("link", name="Chance of leaving").press("Enter")
    expect(page.locator("tbody a.name")).to_have_text(["Zoo", "Quarry", "Ärger"])

    page.get_by_label("Name or ID").fill("quar")
    page.get_by_label("Name or ID").press("Enter")
    expect(page.locator("tbody a.name")).to_have_text(["Quarry"])
    assert "find=quar" in page.url and "sort=risk" in page.url and "order=up" in page.url  # the address keeps all of it


@either_way
def test_the_second_of_two_people_is_told(opened: Open, script: bool) -> None:
    first, second = opened(script=script), opened("lena", LEAD, None, script=script)
    for page, outcome in ((first, "Saved"), (second, "Lost")):
        page.get_by_text("Record outcome of Quarry").click()
        page.get_by_role("button", name=outcome).locator("visible=true").click()
        page.locator("#told, [role=alert]:visible").wait_for()

    expect(second.locator("main [role=alert]")).to_contain_text("anna was faster")
    second.get_by_role("button", name="Lost").click()
    expect(second.locator("#told")).to_contain_text("Lost. Recorded.")


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
    page.locator("#told").wait_for()
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
        for summary in page.locator("summary:visible").all():
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
        each.locator("#told, main [role=alert]").wait_for()
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
