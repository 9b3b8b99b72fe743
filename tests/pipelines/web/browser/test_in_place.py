"""What htmx does: the list changes in place, nobody loses theirs on it, and what goes wrong is said."""

from playwright.sync_api import expect

from tests.pipelines.web.browser.conftest import Open
from tests.pipelines.web.conftest import LIST_DAY, Clock, Company


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
