"""What pages load beside their text, and the parts of pages that htmx asks for."""

import re
from hashlib import sha256

import pytest

from pipelines.web.assets import ADDRESSES, HERE, HTMX
from tests.pipelines.web.conftest import Browser, SignedIn

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_htmx_is_as_it_was_published_and_has_its_licence() -> None:
    assert sha256(HTMX.read_bytes()).hexdigest() == "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
    assert (HERE / "htmx-4.0.1.LICENSE").read_text().startswith("Zero-Clause BSD")


def test_a_page_loads_one_style_sheet_and_one_script_of_its_own_site(anna: Browser) -> None:
    page = anna.get("/").text
    assert re.findall(r"<(?:script|link)[^>]*?(?:src|href)=\"([^\"]+)\"", page) == [
        ADDRESSES["app.css"],
        ADDRESSES["app.js"],
        "data:,",
    ]
    for address, begins in ((ADDRESSES["app.css"], ":root"), (ADDRESSES["app.js"], "var htmx=")):
        answer = anna.client.get(address)
        assert answer.status_code == 200 and answer.text.startswith(begins)
        assert answer.headers["cache-control"] == "max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/?state=all&sort=risk", "/customer?id=A-1", "/team", "/audit"])
def test_a_part_is_what_stands_in_the_middle_of_the_page(signed_in: SignedIn, path: str) -> None:
    dora = signed_in("dora", "data")

    whole, part = dora.client.get(path).text, dora.client.get(path, headers=PART).text

    middle = whole.split('innerMorph">\n', 1)[1].split("</main>")[0]
    title = whole.split("<title>")[1].split("</title>")[0]
    assert part == f"<title>{title}</title>\n{middle}"


def test_an_answer_to_htmx_is_the_part_of_the_page_that_it_leads_to(anna: Browser) -> None:
    anna.client.headers.update(PART)
    told = anna.answer("A-1", "saved", back="/?band=high")
    assert told.url.query == b"band=high&told=1" and told.url.fragment == "told"
    assert told.text.startswith("<title>My list") and "<strong>Saved.</strong> Recorded." in told.text

    again = anna.answer("A-1", "lost")  # another answer by a form that is out of date
    assert (again.status_code, again.headers["hx-push-url"]) == (409, "false")
    assert again.text.startswith("<title>Not recorded")


def test_a_page_that_cannot_be_shown_takes_the_place_of_the_whole(anna: Browser) -> None:
    anna.client.headers.update(PART)
    gone = anna.answer("B-1", "saved")
    anna.client.cookies.clear()
    over = anna.client.get("/")
    for answer, status in ((gone, 404), (over, 401)):
        assert answer.status_code == status and answer.text.startswith("<!doctype html>")
        assert (answer.headers["hx-retarget"], answer.headers["hx-push-url"]) == ("body", "false")
