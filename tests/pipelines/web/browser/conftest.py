"""A real browser, and the app served to it."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright

from pipelines.web.schema import MANAGER
from tests.pipelines.web.conftest import ANNA

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
CHROMIUM = shutil.which("chromium")
Open = Callable[..., Page]
expect.set_options(timeout=30_000)  # as long as Playwright waits elsewhere, for machines that are busy
either_way = pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")
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
        page.wait_for_url(lambda url: "/sign-in" not in url)  # a press does not wait for the page it leads to
        return page

    yield open_list
    for context in contexts:
        context.close()
    refused = ("401", "404", "409", "ERR_INTERNET_DISCONNECTED", "htmx:error: Failed to fetch")
    harmless = "Autofocus processing was blocked"  # the browser leaves it to htmx
    assert [text for text in said if not any(word in text for word in (*refused, harmless))] == []


def names(page: Page) -> list[str]:
    """The customers on the list that is shown."""
    return page.locator("tbody a.name").all_inner_texts()
