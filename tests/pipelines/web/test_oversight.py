"""The data team's page: who has access, the control group in numbers, and everything that was done."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.storage import MANIFEST, read_json, write_json
from tests.pipelines.web.conftest import ANNA, CUSTOMERS, LIST_DAY, Browser, Clock, Company, SignedIn, cells


@pytest.fixture
def dora(anna: Browser, signed_in: SignedIn, clock: Clock) -> Browser:
    """The data team, after a morning of work: an answer, an undo, an export, and a customer who is not Anna's."""
    anna.answer("A-1", "saved", note="Signed again")
    clock.later(minutes=1)
    anna.post("/undo", customer_id="A-1", seen=1)
    clock.later(minutes=1)
    anna.get("/export.csv")
    clock.later(minutes=1)
    anna.get("/customer?id=B-1")
    clock.later(minutes=1)
    return signed_in("dora", "data")


def test_the_whole_audit_is_there_latest_first(dora: Browser) -> None:
    assert cells(dora.get("/audit").text, "Everything that was done") == [
        ["15 Jun 2026, 09:04", "dora", "invited", "", "as data, for 72 h"],
        ["15 Jun 2026, 09:04", "dora", "signed in", "", "by a link"],
        ["15 Jun 2026, 09:03", "anna", "refused", "", "a customer of others, or of nobody"],
        ["15 Jun 2026, 09:02", "anna", "exported", "", "3 rows of the list of 2026-06-15"],
        ["15 Jun 2026, 09:01", "anna", "undo", "A-1", "nothing recorded"],
        ["15 Jun 2026, 09:00", "anna", "answer", "A-1", "saved: Signed again"],
        ["15 Jun 2026, 09:00", "anna", "invited", "", "as manager, for 72 h"],
        ["15 Jun 2026, 09:00", "anna", "signed in", "", "by a link"],
    ]


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ("?who=dora", ["invited", "signed in"]),
        ("?kind=signed_in", ["signed in", "signed in"]),
        ("?who=anna&kind=undo", ["undo"]),
        ("?who=nobody", []),
    ],
)
def test_the_audit_is_filtered(dora: Browser, asked: str, kinds: list[str]) -> None:
    found = cells(dora.get(f"/audit{asked}").text, "Everything that was done")
    assert [row[2] for row in found if len(row) > 1] == kinds


def test_the_audit_is_paged(dora: Browser, anna: Browser) -> None:
    for number in range(2, 102):
        anna.answer("A-1", "contacted", seen=number)
    first, second = (dora.get(f"/audit?page={page}&kind=answer").text for page in (1, 2))
    assert "1 to 100 of 101" in first and "/audit?who=&amp;kind=answer&amp;page=2" in first
    assert "101 to 101 of 101" in second and "Next" not in second


def test_it_says_who_has_access(dora: Browser, secret_for: Any, company: Company) -> None:
    secret_for("lena", "lead")
    assert cells(dora.get("/audit").text, "Who has access") == [
        ["anna", "manager", ANNA, "by a link (none is open)", "15 Jun 2026, 09:00"],
        ["dora", "data", "everybody", "by a link (none is open)", "15 Jun 2026, 09:04"],
        ["lena", "lead", ANNA, "by a link until 18 Jun 2026, 09:04", "never"],
    ]


def test_the_control_group_is_counted_and_not_named(dora: Browser, company: Company) -> None:
    folder: Path = company.publish(LIST_DAY, *CUSTOMERS[:2])
    drawn = {"customer_id": ["A-1", "A-2", "K-1"], "season": ["2026-Q2"] * 3, "arm": ["treat", "treat", "control"]}
    pl.DataFrame(drawn).write_parquet(folder / "assignments.parquet")
    counts = {"scored": 1200, "listed": 2, "control": 1, "left_alone": {"over_capacity": 1197}}
    write_json(folder / MANIFEST, read_json(folder / MANIFEST) | {"counts": counts})

    page = dora.get("/audit").text

    assert cells(page, "Control group, in numbers") == [
        ["Scored", "1,200"],
        ["Listed", "2"],
        ["Withheld as controls", "1"],
        ["Left alone: over capacity", "1,197"],
    ]
    assert "<td>2026-Q2</td><td>listed</td>" in page and "<td>2026-Q2</td><td>control</td>" in page
    assert "K-1" not in page


def test_nobody_else_sees_it(anna: Browser, signed_in: SignedIn) -> None:
    for browser in (anna, signed_in("lena", "lead")):
        assert browser.get("/audit").status_code == 404 and "/audit" not in browser.get("/").text
