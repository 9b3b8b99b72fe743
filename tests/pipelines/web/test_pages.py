"""What each role sees, in which order, and that no text of the data becomes markup."""

import re
import shutil
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipelines.web.assets import ADDRESSES
from pipelines.web.query import Query
from tests.pipelines.web.conftest import ANNA, CUSTOMERS, LIST_DAY, Browser, Clock, Company, SignedIn

LATER = date(2026, 6, 16)
PAYLOAD = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>"


def names(text: str) -> list[str]:
    return re.findall(r'<a class="name"[^>]*>([^<]*)</a>', text)


@pytest.mark.parametrize(
    ("person", "sees"),
    [
        (("anna", "manager", ANNA), {"Quarry", "Ärger", "Zoo"}),
        (("Bo Berg", "manager"), {"Bakery"}),
        (("stranger", "manager"), set()),
        (("lena", "lead"), {"Quarry", "Ärger", "Zoo"}),  # her team is configured
        (("otto", "lead"), {"Quarry", "Ärger", "Zoo", "Bakery"}),
        (("dora", "data"), {"Quarry", "Ärger", "Zoo", "Bakery"}),
    ],
)
def test_everybody_sees_their_own(signed_in: SignedIn, person: tuple[str, ...], sees: set[str]) -> None:
    browser = signed_in(*person)

    assert set(names(browser.get("/?state=all").text)) == sees
    exported = browser.get("/export.csv?state=all").text
    for row in CUSTOMERS:
        seen = row["display_name"] in sees
        assert browser.get(f"/customer?id={row['customer_id']}").status_code == (200 if seen else 404)
        assert (row["display_name"] in exported) == seen
        assert browser.answer(row["customer_id"], "lost").status_code == (200 if seen else 404)
        undone = browser.post("/undo", customer_id=row["customer_id"], seen=1)
        assert undone.status_code == (200 if seen else 404)
    assert browser.get("/team").status_code == (404 if person[1] == "manager" else 200)


def test_a_page_without_a_session_tells_nothing(browser: Browser) -> None:
    for path in ("/", "/customer?id=A-1", "/team", "/export.csv", "/nothing"):
        answer = browser.get(path)
        assert answer.status_code == (404 if path == "/nothing" else 401)
        assert not any(row["display_name"] in answer.text for row in CUSTOMERS)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["Quarry", "Ärger", "Zoo"]),
        ("?sort=risk", ["Ärger", "Quarry", "Zoo"]),
        ("?sort=risk&order=up", ["Zoo", "Quarry", "Ärger"]),
        ("?sort=value", ["Quarry", "Ärger", "Zoo"]),  # what is unknown comes last, either way
        ("?sort=value&order=up", ["Ärger", "Quarry", "Zoo"]),
        ("?band=medium", ["Zoo"]),
        ("?reason=complaints", ["Ärger"]),
        ("?find=%C3%84RG", ["Ärger"]),
        ("?find=a-1", ["Quarry"]),
        ("?manager=Bo+Berg", []),
        ("?state=done", []),
        ("?sort=nonsense&band=x&state=y&page=-1", ["Quarry", "Ärger", "Zoo"]),
    ],
)
def test_the_url_filters_and_sorts(anna: Browser, asked: str, found: list[str]) -> None:
    assert names(anna.get(f"/{asked}").text) == found


def test_a_heading_leads_to_its_order_and_back() -> None:
    asked = Query.of({"band": "high", "page": "3"})
    assert asked.sorted_by("risk") == "/?band=high&sort=risk"
    assert Query.of({"sort": "risk"}).sorted_by("risk") == "/?sort=risk&order=up"
    assert Query.of({"sort": "risk", "order": "up"}).sorted_by("risk") == "/?sort=risk&order=down"


def test_ten_thousand_rows_are_paged(company: Company, anna: Browser) -> None:
    company.publish(LIST_DAY, *({"customer_id": f"C{n}", "rank": n, "display_name": None} for n in range(1, 10_001)))

    last = anna.get("/?page=400").text

    assert names(last) == [f"C{n}" for n in range(9976, 10_001)]
    assert "9976 to 10000 of 10000" in last and "Next" not in last
    assert len(last) < 200_000


def test_a_new_publication_is_seen_at_once(company: Company, anna: Browser) -> None:
    company.publish(LIST_DAY, {**CUSTOMERS[0], "display_name": "Renamed"})
    assert names(anna.get("/").text) == ["Renamed"]


def test_nothing_is_read_again_while_nothing_is_new(anna: Browser, app: Any, company: Company) -> None:
    boards = app.state.site.boards
    before = boards.current()
    anna.get("/?sort=risk")
    assert boards.current() is before
    anna.answer("A-1", "lost")
    after = boards.current()
    assert after is not before and after.publication is before.publication
    assert after.table.filter("done")["customer_id"].to_list() == ["A-1"] and not before.table["done"].any()
    company.publish(LIST_DAY, CUSTOMERS[0])
    assert boards.current().publication is not after.publication


def test_an_old_list_says_so(anna: Browser, clock: Clock, company: Company, signed_in: SignedIn) -> None:
    assert "days old" not in anna.get("/").text
    clock.later(days=2)
    assert "This list is 2 days old" in signed_in("anna", "manager", ANNA).get("/").text


def test_old_data_on_a_new_list_say_so(clock: Clock, company: Company, signed_in: SignedIn) -> None:
    shutil.copytree(company.settings.folder_of("store", LIST_DAY), company.settings.folder_of("store", LATER))
    company.publish(LATER, CUSTOMERS[0])
    said = []
    for day in (15, 16):  # the newest order is of 1 June, 00:00; it may be 14 days old
        clock.now = datetime(2026, 6, day, 9, tzinfo=UTC)
        said.append(re.findall(r"the newest order in them is (\d+) days old", signed_in("bo").get("/").text))
    assert said == [[], ["15"]]


def test_somebody_without_customers_is_told_why(signed_in: SignedIn) -> None:
    page = signed_in("eve", "manager", "Eve <i>").get("/").text
    assert "None of your customers is on the list of 15 Jun 2026." in page and "“Eve &lt;i&gt;”" in page
    assert "Filter" not in page and "Everything is dealt with" not in page


def test_the_customer_page_tells_why_and_what_happened(anna: Browser) -> None:
    page = anna.get("/customer?id=A%2F3").text

    assert "Last order 64 days ago; usually every 21 days" in page
    assert "The time without an order" in page and "+1.20" in page and "-0.60" in page
    assert "Order of €74.50" in page and "1 Jun 2026" in page
    assert "Nothing recorded yet" in page


def test_texts_of_the_data_stay_texts(company: Company, anna: Browser, signed_in: SignedIn) -> None:
    texts = dict.fromkeys(
        ["display_name", "phone", "email", "preferred_channel", "act_by_why", "action", "action_channel", "draft"]
        + ["change_why", "gain_basis", "reason_1", "reason_2", "reason_3", "customer_id", "risk_band", "change"],
        PAYLOAD,
    )
    company.publish(LIST_DAY, {**CUSTOMERS[0], **texts, "change": "new"})
    anna.answer(PAYLOAD, "lost", note=PAYLOAD)
    lead = signed_in("lena", "lead")
    pages: list[Any] = [anna.get("/?state=all"), anna.get("/?" + "find=" + PAYLOAD), anna.answer(PAYLOAD, "lost")]
    pages += [anna.client.get("/customer", params={"id": PAYLOAD}), lead.get("/team"), lead.get("/?state=all")]

    for page in pages:
        assert page.status_code in (200, 409)
        assert re.findall("<script[^>]*>", page.text) == [f'<script src="{ADDRESSES["app.js"]}" defer>']
        assert "<img" not in page.text
    assert "&lt;script&gt;" in pages[0].text and "&lt;script&gt;" in pages[3].text


def test_links_of_contacts_are_only_plain_numbers_and_addresses(company: Company, anna: Browser) -> None:
    company.publish(LIST_DAY, {**CUSTOMERS[0], "phone": "javascript:alert(1)", "email": "a@b.example?bcc=x@y.example"})
    page = anna.get("/").text
    assert "javascript:alert(1)" in page and 'href="javascript' not in page and "mailto:" not in page


def test_no_cell_of_the_csv_file_is_a_formula(company: Company, anna: Browser) -> None:
    company.publish(LIST_DAY, {**CUSTOMERS[0], "display_name": "=1+1", "customer_id": "@x"})
    anna.answer("@x", "lost", note="+cmd")
    lines = anna.get("/export.csv?state=all").content.decode("utf-8-sig").splitlines()
    assert '"\'=1+1"' in lines[1] and '"\'@x"' in lines[1] and '"\'+cmd"' in lines[1]


def test_before_the_first_night_there_is_no_list(company: Company, anna: Browser) -> None:
    (company.settings.root / "published" / "current").unlink()
    assert (anna.get("/").status_code, "No list yet" in anna.get("/").text) == (503, True)
