"""A customer who is erased is nowhere any more, and never comes back; nobody else is touched."""

import re
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from configs.errors import LockError
from configs.settings import Settings
from features.time import Cutoff
from pipelines import storage
from pipelines.elements.report import MOVERS_FILE, PAGE, WORKBOOK
from pipelines.erase import erase
from pipelines.ingest import ingest
from pipelines.outreach.digest import write_digests
from pipelines.outreach.leave_alone import leave_alone
from pipelines.outreach.lists import ListContext, write_lists
from pipelines.publish import set_rights
from pipelines.reports.validation import write_results
from pipelines.storage import (
    MANIFEST,
    TOMBSTONES,
    commit,
    erasing_lock,
    hashes_below,
    read_json,
    run_lock,
    staged,
)
from pipelines.validation import RESULTS_FILE
from tests.pipelines.outreach.conftest import CUSTOMER, SCHEMA
from tests.pipelines.outreach.test_leave_alone import ROW as ALONE

GONE, LIKE = "X-4711", "X-47112"
TODAY = date(2026, 6, 16)
# openpyxl does not know the data bars of newer Excel versions, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
SettingsFor = Callable[..., Settings]


def below(root: Path, text: str) -> list[str]:
    """Files under `root` that hold the text, or a row of that customer."""
    found = []
    for file in (path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        if file.suffix == ".parquet":
            held = any(f"'{text}'" in str(column.to_list()) for column in pl.read_parquet(file))
        elif file.suffix == ".xlsx":
            sheets = openpyxl.load_workbook(file).worksheets
            held = any(text in row for sheet in sheets for row in sheet.values)
        else:
            held = text.encode() in file.read_bytes().replace(LIKE.encode(), b"")
        found += [file.name] if held else []
    return sorted(found)


def write_cell(text: str, file: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append([text])
    book.save(file)


@pytest.fixture
def settings(settings_for: SettingsFor, cutoff: Cutoff) -> Settings:
    """A store, a feature matrix and a publication in which two customers of like ids stand."""
    sales = pl.DataFrame({"transaction_id": ["1", "2", "3"], "customer_id": [GONE, LIKE, GONE]})
    sales = sales.with_columns(occurred_at=pl.lit("2024-05-01"), amount=pl.lit("1"))
    bad = sales.with_columns(transaction_id="bad " + pl.col("transaction_id"), amount=pl.Series(["one", None, "one"]))
    settings = settings_for({"transactions": pl.concat([sales, bad])})
    store = ingest(settings, cutoff, lambda _: None)
    (settings.root / "features").mkdir()
    pl.DataFrame({"customer_id": [GONE]}).write_parquet(settings.root / "features" / "matrix.parquet")
    pl.DataFrame({"customer_id": [GONE, LIKE]}).write_parquet(settings.root / "realised_examples.parquet")
    (settings.root / "realised.html").write_text(f"<td>{GONE}</td>")
    pl.DataFrame({"customer_id": [LIKE, GONE]}).write_parquet(settings.root / MOVERS_FILE)
    (settings.root / PAGE).write_text(f"<td>{GONE}</td>")
    write_cell(GONE, settings.root / WORKBOOK)
    rows = [
        {**CUSTOMER, "customer_id": GONE, "display_name": None},
        {**CUSTOMER, "customer_id": LIKE, "display_name": "A\u2028B\x85C"},
    ]
    rows += [{**CUSTOMER, "customer_id": "B-1", "account_manager": "Bert Blum"}]
    risk_list = pl.DataFrame(rows, schema=SCHEMA)
    alone = pl.DataFrame([{**ALONE, "customer_id": name, "account_manager": "Cleo Carr"} for name in (GONE, LIKE)])
    alone = leave_alone(alone, "20%", 0.0, "EUR")
    context = ListContext("Shop", TODAY, 90, 30, 90, "EUR", "1", "A", 3, datetime(2026, 6, 15, tzinfo=UTC), "20%")
    root = settings.root / "published"
    with staged(root, "2026-06-15") as folder:
        risk_list.write_parquet(folder / "risk_list.parquet")
        alone.write_parquet(folder / "leave_alone.parquet")
        write_lists(risk_list, context, folder / "lists", alone)
        due = pl.DataFrame(schema={"customer_id": pl.String(), "due_on": pl.Date()})
        write_digests(risk_list, due, context, folder / "lists" / "digests")
        write_results(pl.read_parquet(store / RESULTS_FILE), settings, folder)
        set_rights(folder)
        commit(root, "2026-06-15", folder, {"lists": asdict(context)})
    return settings


def test_nothing_of_the_customer_is_left_and_manifests_are_true(settings: Settings) -> None:
    before = below(settings.root, GONE)
    assert {
        "risk_list.parquet",
        "matrix.parquet",
        *(f"anna-schmidt.{ending}" for ending in ("html", "csv", "xlsx", "txt")),
        *("cleo-carr.html", "cleo-carr.xlsx", MOVERS_FILE, PAGE, WORKBOOK),
    } <= set(before)

    lists = settings.root / "published" / "2026-06-15" / "lists"
    other = (lists / "bert-blum.html").read_bytes()
    assert "bad 1, bad 3" in (lists.parent / "validation.html").read_text(encoding="utf-8")

    removed = erase(settings, GONE, TODAY, lambda _: None)

    # Store: 2 rows and the customer's own, 2 in quarantine, 2 examples of these; published: 1 set of lists,
    # 1 row of those to call and 1 of those to leave alone, 2 examples.
    assert removed | {"store": 7, "features": 1, "published": 5, "realised": 1, "report": 3} == removed
    assert below(settings.root, GONE) == [TOMBSTONES]
    assert (settings.root / MOVERS_FILE).stat().st_mode & 0o077 == 0
    names = [
        f"{manager}.{ending}"
        for manager in ("anna-schmidt", "bert-blum", "cleo-carr")
        for ending in ("csv", "html", "xlsx")
    ]
    assert sorted(path.name for path in lists.iterdir()) == [*names, "digests", "index.html"]
    assert sorted(path.name for path in (lists / "digests").iterdir()) == [
        *("bert-blum.html", "bert-blum.txt", "index.csv")
    ]
    index = (lists / "digests" / "index.csv").read_text(encoding="utf-8")
    assert "Bert Blum" in index and "Anna Schmidt" not in index
    for manager in ("anna-schmidt", "cleo-carr"):
        assert LIKE in (lists / f"{manager}.html").read_text(encoding="utf-8")
    assert (lists / "bert-blum.html").read_bytes() == other
    assert not re.search("bad [13]", (lists.parent / "validation.html").read_text(encoding="utf-8"))
    published = settings.root / "published" / "2026-06-15"
    assert read_json(published / MANIFEST)["files"] == hashes_below(published)
    rights = {path.name: path.stat().st_mode & 0o777 for path in (*published.iterdir(), *lists.iterdir())}
    others = {"lists": 0o750, "digests": 0o750} | dict.fromkeys(
        ("validation.html", "validation.parquet", "leave_alone.parquet"), 0o600
    )
    assert rights == dict.fromkeys(rights, 0o640) | others | {MANIFEST: rights[MANIFEST]}
    assert (settings.root / TOMBSTONES).stat().st_mode & 0o777 == 0o600


def test_the_index_leads_to_lists_that_are_there(settings: Settings) -> None:
    erase(settings, "B-1", TODAY, lambda _: None)  # whom Bert Blum's list named alone
    lists = settings.root / "published" / "2026-06-15" / "lists"

    linked = re.findall(r'href="([^"]+)"', (lists / "index.html").read_text(encoding="utf-8"))

    assert sorted([*linked, "index.html"]) == sorted(path.name for path in lists.glob("*.*"))
    assert not [name for name in linked if name.startswith("bert")]


def test_nobody_is_erased_while_a_run_of_any_day_goes_on(settings: Settings) -> None:
    with run_lock(settings.root, date(2020, 1, 1)), run_lock(settings.root, TODAY):
        with pytest.raises(LockError, match="a run is under way"):
            erase(settings, GONE, TODAY, lambda _: None)
    assert not (settings.root / TOMBSTONES).exists()
    erase(settings, GONE, TODAY, lambda _: None)


def test_a_run_waits_until_somebody_is_erased(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def night() -> None:
        with run_lock(settings.root, TODAY):
            begun.set()

    waiting = threading.Thread(target=night)
    with erasing_lock(settings.root):
        waiting.start()
        assert not begun.wait(0.5)
    waiting.join()
    assert begun.is_set()

    monkeypatch.setattr(storage, "ERASING_SECONDS", 0)
    with erasing_lock(settings.root), pytest.raises(LockError, match="being erased"), run_lock(settings.root, TODAY):
        pass


def test_a_report_that_does_not_name_the_customer_stays(settings: Settings) -> None:
    pl.DataFrame({"customer_id": [LIKE]}).write_parquet(settings.root / MOVERS_FILE)
    assert erase(settings, GONE, TODAY, lambda _: None)["report"] == 0
    assert (settings.root / PAGE).exists() and (settings.root / WORKBOOK).exists()


def test_a_second_time_removes_nothing(settings: Settings) -> None:
    erase(settings, GONE, TODAY, lambda _: None)
    assert set(erase(settings, GONE, TODAY, lambda _: None).values()) == {0}
    assert pl.read_parquet(settings.root / TOMBSTONES).rows() == [(GONE, TODAY)]


def test_the_next_ingest_takes_no_row_of_the_customer(settings: Settings, cutoff: Cutoff) -> None:
    erase(settings, GONE, TODAY, lambda _: None)
    store = ingest(settings, cutoff, lambda _: None)
    assert pl.read_parquet(store / "transactions")["customer_id"].to_list() == [LIKE]
    assert read_json(store / MANIFEST)["tables"]["transactions"]["rows"] == 2
