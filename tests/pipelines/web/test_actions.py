"""Recording what came of a customer, undoing it, and two people at once."""

import re
from datetime import timedelta
from typing import Any

import pytest

from pipelines.web.entries import history
from pipelines.web.schema import Entry
from tests.pipelines.web.conftest import CUSTOMERS, LIST_DAY, Browser, Clock, Company, SignedIn

NAMES = re.compile(r'<a class="name"[^>]*>([^<]*)</a>')


def log(app: Any, customer_id: str) -> list[tuple[int, str, str | None, str | None, str]]:
    entries: list[Entry] = app.state.site.database.read(lambda session: history(session, customer_id))
    return [(e.number, e.kind, e.status, e.note, e.person) for e in entries]


def test_an_outcome_is_recorded_shown_and_undone(anna: Browser, app: Any) -> None:
    page = anna.answer("A-1", "saved", note="  Called\ntwice ", back="/?band=high").text
    assert "<strong>Saved.</strong> Recorded." in page and "Called twice" in page
    assert "<strong>1</strong> of <strong>3 customers</strong> dealt with" in page
    assert log(app, "A-1") == [(1, "answer", "saved", "Called twice", "anna")]

    page = anna.post("/undo", customer_id="A-1", seen=1).text
    assert "<strong>Undone:</strong> now nothing recorded" in page and "<strong>0</strong> of" in page
    assert log(app, "A-1")[0] == (2, "undo", None, None, "anna")
    assert anna.post("/undo", customer_id="A-1", seen=2).status_code == 409  # there is nothing to undo


def test_whoever_was_just_dealt_with_keeps_their_place_until_the_list_is_loaded_anew(anna: Browser) -> None:
    page = anna.answer("A-2", "saved", back="/?state=todo").text
    assert NAMES.findall(page) == ["Quarry", "Ärger", "Zoo"]
    assert NAMES.findall(anna.answer("A-1", "lost", back="/?told=1").text) == ["Quarry", "Zoo"]
    assert NAMES.findall(anna.get("/").text) == ["Zoo"]


def test_the_same_press_twice_counts_once(anna: Browser, signed_in: SignedIn, app: Any) -> None:
    for _ in range(2):
        assert "Recorded." in anna.answer("A-1", "saved", note="Called").text
    assert [entry[:3] for entry in log(app, "A-1")] == [(1, "answer", "saved")]
    assert anna.answer("A-1", "lost", note="Called").status_code == 409  # another answer is no second press
    assert signed_in("lena", "lead").answer("A-1", "saved", note="Called").status_code == 409  # nor is another's
    for _ in range(2):
        assert "Undone:" in anna.post("/undo", customer_id="A-1", seen=1).text
    assert [entry[:2] for entry in log(app, "A-1")] == [(2, "undo"), (1, "answer")]


def test_undoing_a_second_answer_brings_the_first_back(anna: Browser, app: Any) -> None:
    anna.answer("A-1", "contacted", note="first")
    anna.answer("A-1", "lost", seen=1)
    anna.post("/undo", customer_id="A-1", seen=2)
    assert log(app, "A-1")[0] == (3, "undo", "contacted", "first", "anna")
    assert "Contacted" in anna.get("/?state=done").text


@pytest.mark.parametrize(
    ("status", "fields", "said"),
    [
        ("snooze", {"note": "Holiday"}, "Say until which day"),
        ("snooze", {"snooze_until": "2026-06-15", "note": "Holiday"}, "Snooze until a day after today"),
        ("snooze", {"snooze_until": "2027-06-17", "note": "Holiday"}, "within a year"),
        ("snooze", {"snooze_until": "2026-07-01"}, "Say why to snooze"),
        ("sold", {}, "Choose one of the outcomes"),
        ("lost", {"note": "x" * 1001}, "Shorten it to 1,000"),
    ],
)
def test_what_cannot_be_recorded_comes_back_filled_in(
    anna: Browser, app: Any, status: str, fields: dict[str, str], said: str
) -> None:
    answer = anna.answer("A-1", status, **fields)
    assert (answer.status_code, said in answer.text, log(app, "A-1")) == (400, True, [])
    assert all(value in answer.text for value in fields.values())


def test_the_second_of_two_is_told_and_may_go_on(anna: Browser, signed_in: SignedIn, app: Any) -> None:
    lena = signed_in("lena", "lead")
    anna.answer("A-1", "saved", note="Signed again")

    told = lena.answer("A-1", "lost", note="Left us")

    assert told.status_code == 409
    assert "anna was faster" in told.text and "saved" in told.text and "Signed again" in told.text
    assert 'name="seen" value="1"' in told.text and "Left us" in told.text
    assert [entry[2] for entry in log(app, "A-1")] == ["saved"]
    assert lena.post("/undo", customer_id="A-1", seen=0).status_code == 409

    assert lena.answer("A-1", "lost", seen=1, note="Left us").status_code == 200
    assert [entry[2:] for entry in log(app, "A-1")] == [
        ("lost", "Left us", "lena"),
        ("saved", "Signed again", "anna"),
    ]


def test_back_leads_to_pages_of_the_app_only(anna: Browser) -> None:
    for number, (back, place) in enumerate(
        {
            "/?band=high&told=9": "/?band=high&told=",
            "/customer?id=A-1": "/customer?id=A-1&told=",
            "https://evil.example/": "/",
            "//evil.example": "/",
            "/\\evil.example": "/",
            "javascript:alert(1)": "/",
        }.items()
    ):
        answer = anna.answer("A-1", "lost", seen=number, back=back, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(place)
        assert answer.headers["location"].count("told=") <= 1 and "evil" not in answer.headers["location"]


def test_an_answer_of_an_earlier_item_does_not_answer_a_new_one(anna: Browser, company: Company, clock: Clock) -> None:
    anna.answer("A-1", "contacted")
    anna.answer("A-2", "no_answer")
    next_day = LIST_DAY + timedelta(days=1)
    clock.later(hours=1)
    # Both are listed again: the first as a new item, the second as the one it was.
    company.publish(next_day, {**CUSTOMERS[0], "item_opened": next_day}, {**CUSTOMERS[1], "item_opened": LIST_DAY})

    page = anna.get("/").text  # whoever was not reached is to be tried again

    assert "<strong>0</strong> of <strong>2 customers</strong> dealt with" in page
    assert "No answer" in page and "anna, 15 Jun 2026" in page
