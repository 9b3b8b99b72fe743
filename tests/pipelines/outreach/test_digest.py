"""The body of the morning's mail: who comes under which heading, promises that count, and texts that stay texts."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from features.time import Cutoff
from pipelines import publish
from pipelines.outreach import listing
from pipelines.outreach.digest import parts_of, promises_due, write_digests
from tests.pipelines.outreach.nights import MadeUp, Nights, on

TODAY = date(2026, 6, 15)
UTC_ZONE = ZoneInfo("UTC")
NOTHING = pl.DataFrame(schema={"customer_id": pl.String(), "due_on": pl.Date()})


def due(*promises: tuple[str, date]) -> pl.DataFrame:
    return pl.DataFrame(list(promises), schema=NOTHING.schema, orient="row")


def test_each_heading_names_whom_it_is_about(listed) -> None:
    part = listed(
        {"customer_id": "A", "rank": 1, "value_at_risk": 50.0, "act_by": date(2026, 6, 12)},
        {"customer_id": "B", "rank": 2, "value_at_risk": None, "act_by": date(2026, 6, 11), "change": "new"},
        {"customer_id": "C", "rank": 3, "value_at_risk": 70.0, "act_by": TODAY},  # today is not too late
        {"customer_id": "D", "rank": 4, "value_at_risk": 60.0, "act_by": None},
        {"customer_id": "E", "rank": 5, "value_at_risk": 10.0},
    )

    parts = parts_of(part, due(("D", date(2026, 6, 10)), ("X", TODAY), ("D", date(2026, 6, 16))), TODAY)

    assert [(one.heading, [row["customer_id"] for row in one.rows]) for one in parts] == [
        ("The most valuable", ["C", "D", "A"]),
        ("Promises due", ["D", "D"]),
        ("Overdue", ["B", "A"]),  # the longest first
        ("New since the last list", ["B"]),
    ]


def test_long_headings_say_how_many_there_are(listed, list_context, tmp_path: Path) -> None:
    risk_list = listed(*({"customer_id": f"C{n}", "rank": n, "change": "new"} for n in range(1, 8)))
    write_digests(risk_list, NOTHING, list_context, tmp_path)
    for name in ("anna-schmidt.txt", "anna-schmidt.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "5 of 7" in text and "C5" in text and "C6" not in text
        assert "Overdue" not in text  # nothing comes under it


def test_the_mail_reads_well(listed, list_context, tmp_path: Path) -> None:
    risk_list = listed({"customer_id": "C/1 ä"}, {"customer_id": "B", "account_manager": "Bo Li", "change": "new"})

    written = write_digests(risk_list, due(("C/1 ä", date(2026, 6, 14))), list_context, tmp_path, "https://l.example")

    assert [path.name for path in written] == ["anna-schmidt.html", "anna-schmidt.txt", "bo-li.html", "bo-li.txt"] + [
        "index.csv"
    ]
    assert (tmp_path / "anna-schmidt.txt").read_text(encoding="utf-8") == (
        "Anna Schmidt, your list of 15 Jun 2026: 1 customer, €1,500 at risk.\n"
        "\n"
        "The most valuable (1)\n"
        "- Blue Mill Ltd (C/1 ä): 75% chance of leaving, €1,500 at risk, act by 19 Jun 2026\n"
        "  Last order 64 days ago; usually every 21 days\n"
        "  To do: Keep the overdue promise today, or agree on a new day that will be kept\n"
        "  https://l.example/customer?id=C%2F1%20%C3%A4\n"
        "\n"
        "Promises due (1)\n"
        "- Blue Mill Ltd (C/1 ä): promised for 14 Jun 2026, overdue for 1 day\n"
        "  https://l.example/customer?id=C%2F1%20%C3%A4\n"
        "\n"
        "The whole list: https://l.example/\n"
        "Personal data: share only with those who look after these customers.\n"
    )
    index = list(csv.reader((tmp_path / "index.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert index[1:] == [
        ["Anna Schmidt", "1 customer to call (Northlight, 15 Jun 2026)", "anna-schmidt.txt", "anna-schmidt.html"],
        ["Bo Li", "1 customer to call: 1 new (Northlight, 15 Jun 2026)", "bo-li.txt", "bo-li.html"],
    ]
    without = tmp_path / "without"
    write_digests(risk_list, NOTHING, list_context, without)
    assert "http" not in (without / "bo-li.txt").read_text() + (without / "bo-li.html").read_text()


def test_texts_of_the_data_stay_texts(listed, list_context, tmp_path: Path) -> None:
    payload = "\"'><img src=x onerror=alert(1)>\n<script>alert(2)</script>"
    texts = dict.fromkeys(["display_name", "action", "reason_1", "account_manager"], payload)
    write_digests(listed({**texts, "customer_id": payload}), NOTHING, list_context, tmp_path, "https://l.example")
    (page,) = tmp_path.glob("*.html")
    assert "<script" not in page.read_text() and "<img" not in page.read_text()
    assert "&lt;script&gt;" in page.read_text()


def test_promises_count_while_they_are_due_or_lately_overdue(tmp_path: Path) -> None:
    def at(month: int, day: int, hour: int = 0) -> datetime:
        return datetime(2026, month, day, hour, tzinfo=UTC)

    kept_later = at(6, 16)
    promises = [
        ("A", at(3, 16, 23), None),  # 91 days ago
        ("A", at(3, 17), None),  # 90 days ago
        ("A", at(6, 14, 12), at(6, 14, 13)),  # kept
        ("A", at(6, 14, 23), kept_later),  # which is not known yet
        ("A", at(6, 21, 23), None),
        ("A", at(6, 22), None),  # more than a week ahead
        ("OTHER", at(6, 14), None),  # not listed
    ]
    (tmp_path / "promises").mkdir()
    schema = {"customer_id": pl.String, "due_at": pl.Datetime("us", "UTC"), "kept_at": pl.Datetime("us", "UTC")}
    pl.DataFrame(promises, schema=schema, orient="row").write_parquet(tmp_path / "promises" / "0.parquet")

    found = promises_due(tmp_path, pl.Series(["A"]), Cutoff(TODAY, UTC_ZONE))

    assert found.rows() == [("A", date(2026, 3, 17)), ("A", date(2026, 6, 14)), ("A", date(2026, 6, 21))]
    assert promises_due(tmp_path / "none", pl.Series(["A"]), Cutoff(TODAY, UTC_ZONE)).rows() == []


def test_a_night_writes_digests_with_the_rights_of_the_lists_and_no_control_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listing, publish):
        monkeypatch.setattr(module, "explainer", lambda *_: MadeUp())
    figures = {f"C{number:02d}": (0.5, 100.0) for number in range(20)}
    promised = "promise_id | customer_id | promised_at | due_at | kept_at\n"
    promised += "\n".join(f"p{name} | {name} | {on(-9)} | {on(-1)} | -" for name in figures)
    company = Nights(tmp_path, figures, tables={"promises": promised}, outreach={"control_share": 0.25})

    folder = company.publish(0) / "lists" / "digests"

    (text,) = [path.read_text() for path in folder.glob("*.txt")]
    by_decision = {name: row["decision"] for name, row in company.decisions(0).items()}
    assert list(by_decision.values()).count("control") == 5
    assert "Promises due (5 of 15)" in text and "overdue for 1 day" in text
    assert not [name for name, decision in by_decision.items() if decision == "control" and name in text]
    assert folder.stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o640}
