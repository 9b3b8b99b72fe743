"""Lists that come back: what is kept of them, what is refused, and what the next ingest makes of it."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from openpyxl import load_workbook

from configs.errors import DataError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.ingest import ingest
from pipelines.outcomes import import_outcomes
from pipelines.outreach.columns import BY_NAME
from pipelines.outreach.lists import ListContext, write_lists
from tests.pipelines.outreach.conftest import CUSTOMER, SCHEMA

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")

LIST_DAY = date(2026, 6, 15)
NEXT_DAY = Cutoff(date(2026, 6, 16), ZoneInfo("UTC"))
CONTEXT = ListContext(
    "Northlight", LIST_DAY, 90, 30, 365, "EUR", "1", "A", 3, datetime(2026, 6, 14, tzinfo=UTC), "assumed"
)
# An id of digits, one that would be a formula, one with a line break.
IDS = ["007", "=1+1", "A\nB"]
Fill = Callable[..., Path]
Keep = Callable[..., int]


def silent(_: str) -> None: ...


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    sales = pl.DataFrame({"transaction_id": ["T1", "T2", "T3"], "customer_id": IDS, "amount": [1, 1, 1]})
    (tmp_path / "raw").mkdir()
    sales.with_columns(occurred_at=pl.lit("2026-06-01")).write_parquet(tmp_path / "raw" / "transactions.parquet")
    raw = {"transactions": {"path": str(tmp_path / "raw" / "transactions.parquet")}}
    ingest = {"buckets": 1}
    return Settings.model_validate(
        {"name": "small", "company": "Northlight", "root": str(tmp_path / "data"), "sources": raw, "ingest": ingest}
    )


@pytest.fixture
def lists(settings: Settings, tmp_path: Path) -> Path:
    """The lists handed out on the day, of which the publication keeps the risk list."""
    rows = [{**CUSTOMER, "rank": rank, "customer_id": customer} for rank, customer in enumerate(IDS, start=1)]
    risk_list = pl.DataFrame(rows, schema=SCHEMA)
    revision = settings.root / "published" / ".revisions" / LIST_DAY.isoformat() / "1"
    revision.mkdir(parents=True)
    risk_list.write_parquet(revision / "risk_list.parquet")
    write_lists(risk_list, CONTEXT, tmp_path / "lists")
    return tmp_path / "lists"


@pytest.fixture
def workbook(lists: Path, tmp_path: Path) -> Fill:
    """Fills answers, by row, into the workbook as handed out; returns the file."""

    def fill(name: str, answers: dict[int, dict[str, Any]]) -> Path:
        book = load_workbook(BytesIO((lists / "anna-schmidt.xlsx").read_bytes()))
        sheet = book["Call list"]
        headings = {cell.value: cell.column for cell in sheet[1]}
        for row, answer in answers.items():
            for column, value in answer.items():
                cell = sheet.cell(row + 2, headings[BY_NAME[column].heading])
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"  # as Excel keeps it in a cell of text
        book.save(tmp_path / f"{name}.xlsx")
        return tmp_path / f"{name}.xlsx"

    return fill


@pytest.fixture
def csv_file(lists: Path, tmp_path: Path) -> Fill:
    """Fills answers, by row, into the CSV file as handed out; returns the file."""

    def fill(name: str, answers: dict[int, dict[str, Any]], separator: str = ",") -> Path:
        rows = list(csv.DictReader((lists / "anna-schmidt.csv").read_text("utf-8-sig").splitlines()))
        for row, answer in answers.items():
            rows[row].update(answer)
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter=separator)
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path / f"{name}.csv"

    return fill


@pytest.fixture
def keep(settings: Settings) -> Keep:
    return lambda *files, day=NEXT_DAY, log=silent: import_outcomes(settings, day, files, log)


def kept(settings: Settings) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(path) for path in sorted((settings.root / "outcomes").glob("*.parquet")))


def test_a_workbook_filled_in_becomes_outcomes(workbook: Fill, keep: Keep, settings: Settings) -> None:
    file = workbook(
        "back",
        {
            0: {"outcome": "saved", "note": "Called twice"},
            1: {"outcome": "snooze", "snooze_until": datetime(2026, 7, 1)},
            2: {"outcome": "not at risk", "note": "=is moving"},
        },
    )

    assert keep(file) == 3

    rows = kept(settings).sort("status")
    assert rows.select("customer_id", "status", "reason", "arm", "by").rows() == [
        ("A\nB", "not_at_risk", "=is moving", "treat", "Anna Schmidt"),
        ("007", "saved", "Called twice", "treat", "Anna Schmidt"),
        ("=1+1", "snooze", None, "treat", "Anna Schmidt"),
    ]
    assert rows["list_date"].unique().to_list() == [datetime(2026, 6, 15, tzinfo=UTC)]
    assert rows["snooze_until"].to_list() == [None, None, datetime(2026, 7, 1, tzinfo=UTC)]
    assert rows["at"].unique().to_list() == rows["known_at"].unique().to_list() == [NEXT_DAY.instant]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_csv_file_tells_the_same_whatever_kept_its_texts_from_being_formulas(
    csv_file: Fill, workbook: Fill, keep: Keep, settings: Settings, separator: str
) -> None:
    answered = {1: {"outcome": "No answer", "note": "'=asleep"}, 2: {"outcome": "snooze", "snooze_until": "1.7.2026"}}
    file = csv_file("back", answered, separator)
    assert "'=1+1" in file.read_text("utf-8-sig")

    assert keep(file) == 2

    assert kept(settings).select("customer_id", "status", "reason").rows() == [
        ("=1+1", "no_answer", "=asleep"),
        ("A\nB", "snooze", None),
    ]
    same = workbook(
        "same", {1: {"outcome": "no answer", "note": "=asleep"}, 2: {"outcome": "snooze", "snooze_until": "2026-07-01"}}
    )
    lines: list[str] = []
    assert keep(same, log=lines.append) == 0
    assert lines == ["file 1 of 1: imported before, nothing changed"]


def test_the_same_file_twice_changes_nothing(workbook: Fill, keep: Keep, settings: Settings) -> None:
    first = workbook("first", {0: {"outcome": "contacted"}})
    second = workbook("second", {0: {"outcome": "saved"}, 1: {"outcome": "lost"}})
    third = workbook("third", {0: {"outcome": "saved"}, 1: {"outcome": "lost"}, 2: {"outcome": "lost"}})
    later = Cutoff(date(2026, 6, 20), ZoneInfo("UTC"))
    assert [keep(first), keep(second), keep(third)] == [1, 2, 1]  # of the third only what is new
    files = {path: path.read_bytes() for path in (settings.root / "outcomes").iterdir()}

    assert [keep(first), keep(first, second, third, day=later)] == [0, 0]

    assert {path: path.read_bytes() for path in (settings.root / "outcomes").iterdir()} == files
    assert len(files) == 3


def test_ingest_knows_an_answer_from_the_day_after(
    workbook: Fill, keep: Keep, settings: Settings, stored: Callable[[Path, str], pl.DataFrame]
) -> None:
    keep(workbook("first", {0: {"outcome": "contacted"}}), workbook("second", {0: {"outcome": "saved"}}))
    day_after = Cutoff(date(2026, 6, 17), ZoneInfo("UTC"))

    assert stored(ingest(settings, NEXT_DAY, silent), "outcomes").is_empty()
    found = stored(ingest(settings, day_after, silent), "outcomes")

    assert found.select("customer_id", "status").rows() == [("007", "contacted"), ("007", "saved")]  # the later wins
    assert found["at"].is_sorted(descending=False) and found["at"].n_unique() == 2


def test_outcomes_of_a_source_and_of_lists_are_stored_together(
    workbook: Fill, keep: Keep, settings: Settings, stored: Callable[[Path, str], pl.DataFrame], tmp_path: Path
) -> None:
    keep(workbook("back", {0: {"outcome": "saved"}}))
    (tmp_path / "crm.csv").write_text(
        "customer_id,list_date,arm,action,status,reason,by,at\n"
        "007,2026-05-01,treat,call,lost,,Bo,2026-05-03\n007,2026-05-01,treat,call,saved,,Bo,soon\n"
    )
    raw = settings.model_dump(mode="json") | {"ingest": {"buckets": 1, "quarantined_share_limit": 1}}
    raw["sources"]["outcomes"] = {"path": str(tmp_path / "crm.csv")}
    lines: list[str] = []

    store = ingest(Settings.model_validate(raw), Cutoff(date(2026, 6, 17), ZoneInfo("UTC")), lines.append)

    found = stored(store, "outcomes")
    assert found.select("status", "by").rows() == [("lost", "Bo"), ("saved", "Anna Schmidt")]
    assert "outcomes: 3 rows = 2 kept + 1 quarantined + 0 not yet known" in lines


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({0: {"outcome": "sold"}}, "1 of 1 answered rows are with another outcome than contacted, saved, lost"),
        (
            {0: {"note": "Bo Li"}, 1: {"outcome": "lost"}},
            "1 of 2 answered rows are with a note or a day but no outcome",
        ),
        ({0: {"outcome": "lost", "customer_id": "7"}}, "1 of 1 answered rows are about a customer who was not on that"),
        ({0: {"outcome": "snooze"}}, "snoozed without a day after the list's"),
        ({0: {"outcome": "snooze", "snooze_until": "2026-06-15"}}, "snoozed without a day after the list's"),
        ({0: {"outcome": "snooze", "snooze_until": "7/1/2026"}}, "cannot be read. Write it as 2026-06-30"),
        ({0: {"outcome": "lost"}, 1: {"outcome": "lost", "customer_id": "007"}}, "answered twice for one customer"),
        ({0: {"outcome": "lost", "list": "2026-06-15 Southlight"}}, "not of a list of Northlight"),
        ({0: {"outcome": "lost", "list": None}}, "not of a list of Northlight"),
        ({0: {"outcome": "lost", "list": "2026-06-14 Northlight"}}, "of a day on which no list was published"),
    ],
)
def test_a_list_with_a_fault_is_refused_as_a_whole(
    workbook: Fill, keep: Keep, settings: Settings, answers: dict[int, dict[str, Any]], said: str
) -> None:
    good = workbook("good", {2: {"outcome": "lost"}})

    with pytest.raises(DataError) as error:
        keep(good, workbook("bad", answers))

    assert said in str(error.value) and str(error.value).startswith("file 2 of 2: ")
    assert not any(personal in str(error.value) for personal in ("Bo Li", "Anna", "Blue Mill"))
    assert not (settings.root / "outcomes").exists()


def test_a_day_before_the_list_is_refused(workbook: Fill, keep: Keep) -> None:
    with pytest.raises(DataError, match="of a list later than 2026-06-14. Give a later --as-of"):
        keep(workbook("back", {0: {"outcome": "lost"}}), day=Cutoff(date(2026, 6, 14), ZoneInfo("UTC")))


def test_what_is_no_list_is_refused(keep: Keep, tmp_path: Path) -> None:
    (tmp_path / "broken.xlsx").write_bytes(b"PK not a workbook")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "latin.csv").write_bytes("List,Note\n1,ä\n".encode("latin-1"))
    for file, said in {
        "broken.xlsx": "cannot be read as a workbook",
        "other.csv": "no column List, Customer ID, Outcome, Snooze until, Note",
        "latin.csv": "line 2 is not UTF-8 text",
        "absent.csv": "no such file",
    }.items():
        with pytest.raises(DataError, match=f"^file 1 of 1: .*{said}"):
            keep(tmp_path / file)


def test_a_list_without_answers_says_so(workbook: Fill, keep: Keep) -> None:
    lines: list[str] = []
    assert keep(workbook("back", {}), log=lines.append) == 0
    assert lines == ["file 1 of 1: 0 answers, 0 of them new"]


def test_lists_that_look_alike_differ_by_day_and_company() -> None:
    assert CONTEXT.list_name == "2026-06-15 Northlight"
    assert replace(CONTEXT, company="=1").list_name == "2026-06-15 =1"
