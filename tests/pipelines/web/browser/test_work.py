"""The work of account managers, with scripts and without: two presses, undo, snooze, the keyboard, two at once."""

from playwright.sync_api import expect

from pipelines.web.schema import LEAD
from tests.pipelines.web.browser.conftest import Open, either_way, names


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
