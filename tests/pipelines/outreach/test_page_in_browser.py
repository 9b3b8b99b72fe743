"""The page of a list in a real browser: sorting by keyboard, a narrow screen, accessibility, hostile texts."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from pipelines.outreach.columns import COLUMNS, WRITTEN_HERE
from pipelines.outreach.leave_alone import leave_alone
from pipelines.outreach.lists import ListContext, write_lists
from tests.pipelines.outreach.test_leave_alone import ROW as ALONE

PAYLOAD = '"><img src=x onerror="document.title=1"><script>document.title=2</script>'
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
Shown = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def shown(browser: Any, listed: Callable[..., pl.DataFrame], list_context: ListContext, tmp_path: Path) -> Shown:
    """The page of a list with these rows, and these of whoever is left alone, in a window of this width."""

    def show(*rows: dict[str, Any], width: int = 1280, left_alone: Sequence[dict[str, Any]] = ()) -> Page:
        days = [date(2026, 6, 1) + timedelta(days=day) for day in range(15)]
        history = [{"day": day, "churn_probability": 0.5 + number / 40} for number, day in enumerate(days)]
        risk_list = listed(*rows).with_columns(
            probability_history=pl.Series([history] * len(rows), dtype=pl.List(pl.Struct(HISTORY)))
        )
        alone = pl.DataFrame([{**ALONE, "account_manager": "Anna Schmidt", **row} for row in left_alone])
        write_lists(risk_list, list_context, tmp_path, leave_alone(alone, "", 2.0, "EUR") if left_alone else None)
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((tmp_path / "anna-schmidt.html").as_uri())
        return page

    return show


HISTORY = {"day": pl.Date, "churn_probability": pl.Float64}
ROWS: list[dict[str, Any]] = [
    {"rank": 1, "customer_id": "A", "display_name": "Mill", "churn_probability": 0.7, "last_purchase_on": None},
    {"rank": 2, "customer_id": "B", "display_name": "Ärger", "churn_probability": 0.9},
    {"rank": 3, "customer_id": "C", "display_name": "Zoo", "churn_probability": 0.8},
]


def names(page: Page) -> list[str]:
    return page.locator("tbody .name").all_inner_texts()


def test_headings_sort_by_keyboard_and_say_so(shown: Shown) -> None:
    page = shown(*ROWS)
    chance = page.get_by_role("columnheader", name="Chance of leaving")
    chance.get_by_role("button").focus()

    page.keyboard.press("Enter")
    assert (names(page), chance.get_attribute("aria-sort")) == (["Ärger", "Zoo", "Mill"], "descending")
    page.keyboard.press("Space")
    assert (names(page), chance.get_attribute("aria-sort")) == (["Mill", "Zoo", "Ärger"], "ascending")
    assert page.locator("[aria-sort]").count() == 1

    page.get_by_role("button", name="Customer").press("Enter")
    assert names(page) == ["Ärger", "Mill", "Zoo"]
    page.get_by_role("button", name="Last order").press("Enter")
    assert names(page)[-1] == "Mill"  # unknown


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_runs_over_the_edge_and_axe_finds_nothing_serious(shown: Shown, width: int) -> None:
    wide = {"display_name": "W" * 80}
    page = shown(*ROWS, {"rank": 4, "reason_1": "x" * 200, **wide}, width=width, left_alone=[{}, wide])

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert max(page.locator(".percent").evaluate_all("all => all.map(one => one.offsetHeight)")) < 30  # on one line
    assert page.get_by_role("button", name="Chance of leaving").is_visible()
    found = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not found, [(violation["id"], violation["nodes"][0]["html"]) for violation in found]


def test_hostile_texts_are_shown_as_texts(shown: Shown) -> None:
    texts = [column.name for column in COLUMNS if column.kind == "text" and column.name not in WRITTEN_HERE]
    left_alone = [dict.fromkeys(("customer_id", "display_name"), PAYLOAD)]
    page = shown(dict.fromkeys(set(texts) - {"account_manager"}, PAYLOAD), left_alone=left_alone)

    page.get_by_role("button", name="Customer").press("Enter")
    page.locator("summary").click()
    assert page.title().startswith("Call these customers first")
    assert page.locator("img").count() == 0
    assert names(page) == [PAYLOAD]
    assert page.locator(".alone tbody th").inner_text().replace("\n", "") == PAYLOAD + PAYLOAD
    assert page.locator(".draft").inner_text() == PAYLOAD
