"""A customer who is erased is nowhere any more, and never comes back; nobody else is touched."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from configs.settings import Settings
from features.time import Cutoff
from pipelines.elements.report import MOVERS_FILE, PAGE, WORKBOOK
from pipelines.erase import erase
from pipelines.ingest import ingest
from pipelines.outreach.lists import ListContext, write_lists
from pipelines.storage import MANIFEST, TOMBSTONES, commit, hashes_below, read_json, staged
from tests.pipelines.outreach.conftest import CUSTOMER, SCHEMA

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
            held = any(text in column.cast(pl.String).to_list() for column in pl.read_parquet(file))
        elif file.suffix == ".xlsx":
            cells = chain.from_iterable(openpyxl.load_workbook(file).worksheets[0].values)
            held = text in cells
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
    settings = settings_for({"transactions": sales})
    ingest(settings, cutoff, lambda _: None)
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
    context = ListContext("Shop", TODAY, 90, 30, 90, "EUR", "1", "A", 3, datetime(2026, 6, 15, tzinfo=UTC), "20%")
    root = settings.root / "published"
    with staged(root, "2026-06-15") as folder:
        risk_list.write_parquet(folder / "risk_list.parquet")
        write_lists(risk_list, context, folder / "lists")
        commit(root, "2026-06-15", folder, {})
    return settings


def test_nothing_of_the_customer_is_left_and_manifests_are_true(settings: Settings) -> None:
    before = below(settings.root, GONE)
    assert {
        "risk_list.parquet",
        "matrix.parquet",
        *(f"anna-schmidt.{ending}" for ending in ("html", "csv", "xlsx")),
        *(MOVERS_FILE, PAGE, WORKBOOK),
    } <= set(before)

    removed = erase(settings, GONE, TODAY, lambda _: None)

    assert removed | {"store": 3, "features": 1, "published": 4, "realised": 1, "report": 3} == removed
    assert below(settings.root, GONE) == [TOMBSTONES]
    lists = settings.root / "published" / "2026-06-15" / "lists"
    assert sorted(path.name for path in lists.iterdir()) == [
        *("anna-schmidt.csv", "bert-blum.csv", "bert-blum.html", "bert-blum.xlsx", "index.html")
    ]
    assert LIKE in (lists / "anna-schmidt.csv").read_text(encoding="utf-8")
    published = settings.root / "published" / "2026-06-15"
    assert read_json(published / MANIFEST)["files"] == hashes_below(published)


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
    assert read_json(store / MANIFEST)["tables"]["transactions"]["rows"] == 1
