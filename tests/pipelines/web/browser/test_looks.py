"""Every page on a wide and a narrow screen: nothing runs over the edge, axe finds nothing serious."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from pipelines.elements.report import keep
from pipelines.web.app import create_app
from pipelines.web.schema import LEAD
from tests.pipelines.web.browser.conftest import Open, names, served
from tests.pipelines.web.conftest import ANNA, Clock, Company
from tests.pipelines.web.oidc import SECRET, OidcProvider, settings_of
from tests.pipelines.web.test_report import REPORT


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
