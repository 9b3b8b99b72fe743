"""What a new revision of a day says otherwise than the one before."""

from pathlib import Path

import polars as pl

from pipelines.outreach.difference import COMPARED, difference, report_difference
from pipelines.outreach.history import DECISIONS_FILE


def decided(*rows: tuple[str, str, str, float, str | None]) -> pl.DataFrame:
    """Decisions: customer, decision, code, chance of leaving and account manager; all are worth the same."""
    columns = ["customer_id", "decision", "code", "churn_probability", "account_manager"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(value_at_risk=10.0).select("customer_id", *COMPARED)


BEFORE = decided(
    ("A", "listed", "new_item", 0.5, "Anna"),
    ("B", "listed", "new_item", 0.5, "Anna"),
    ("C", "left_alone", "cool_down", 0.5, None),
    ("D", "listed", "new_item", 0.5, "Anna"),
)
AFTER = decided(
    ("A", "listed", "new_item", 0.5, "Anna"),
    ("B", "control", "control", 0.5, "Anna"),
    ("C", "left_alone", "cool_down", 0.75, None),
    ("E", "listed", "new_item", 0.5, "Anna"),
)


def test_customers_that_differ_come_and_go() -> None:
    found = difference(BEFORE, AFTER)
    assert found.select("customer_id", "decision_before", "decision", "churn_probability").rows() == [
        ("B", "listed", "control", 0.5),
        ("C", "left_alone", "left_alone", 0.75),
        ("D", "listed", None, None),
        ("E", None, "listed", 0.5),
    ]
    assert difference(AFTER, AFTER).is_empty()


def test_a_second_revision_is_reported(tmp_path: Path) -> None:
    for number, decisions in ((1, BEFORE), (2, AFTER)):
        folder = tmp_path / ".revisions" / "2026-03-31" / str(number)
        folder.mkdir(parents=True)
        decisions.write_parquet(folder / DECISIONS_FILE)
    said: list[str] = []

    report_difference(tmp_path, tmp_path / ".revisions" / "2026-03-31" / "1", said.append)
    assert said == []
    report_difference(tmp_path, tmp_path / ".revisions" / "2026-03-31" / "2", said.append)
    file = tmp_path / "differences" / "2026-03-31-2.csv"
    assert said == [
        f"revision 2 of 2026-03-31 against 1: 4 customers differ, 1 came onto the lists, 2 left them; see {file}"
    ]
    assert pl.read_csv(file)["customer_id"].to_list() == ["B", "C", "D", "E"]
