"""The report in the web app: for leads and the data team, and of the customers it names only those whom each sees."""

import re
from base64 import b64decode

import polars as pl
import pytest

from pipelines.elements.report import FIGURES_FILE, MOVERS_FILE, Report, keep
from pipelines.elements.segments import MOVERS_SCHEMA
from pipelines.erase import erase
from pipelines.reports.element_sections import sections
from pipelines.reports.write_elements import write_report
from tests.pipelines.reports.test_elements import DAY, FIGURES
from tests.pipelines.web.conftest import ANNA, BO, LIST_DAY, Browser, Company, SignedIn

MOVED = pl.DataFrame(
    [
        (DAY, "A-1", ANNA, "slipped", "champions", "loyal", 900.0),
        (DAY, "B-1", BO, "moved up", "loyal", "champions", 80.0),
        (DAY, "N-1<b>", None, "moved up", "lost", "new", 7.0),
    ],
    schema=MOVERS_SCHEMA,
    orient="row",
)
REPORT = Report(DAY, FIGURES, MOVED)


def named(page: str) -> set[str]:
    return set(re.findall(r"<td>([ABN]-1[^<]*)</td>", page))


def test_leads_and_the_data_team_see_the_same_sections(company: Company, signed_in: SignedIn, anna: Browser) -> None:
    keep(company.settings.root, REPORT)
    pages = {name: signed_in(name, role).get("/report") for name, role in (("lena", "lead"), ("dora", "data"))}
    pages["leo"] = signed_in("leo", "lead").get("/report")

    headings = [section.heading for section in sections(REPORT, "EUR")]
    for answer in pages.values():
        assert answer.status_code == 200
        assert re.findall(r'<h2 id="part-\d+">([^<]+)</h2>', answer.text) == headings
        assert "Left out: loyalty: tie strength" in answer.text and "€1,235" in answer.text
    # lena leads Anna's team only; whoever has no account manager belongs to nobody of hers.
    assert named(pages["lena"].text) == {"A-1"}
    assert named(pages["dora"].text) == named(pages["leo"].text) == {"A-1", "B-1", "N-1&lt;b&gt;"}
    assert anna.get("/report").status_code == 404
    assert 'href="/report"' in pages["lena"].text and 'href="/report"' not in anna.get("/").text


def test_charts_are_pictures_that_the_policy_of_the_page_allows(company: Company, signed_in: SignedIn) -> None:
    keep(company.settings.root, REPORT)
    answer = signed_in("dora", "data").get("/report")

    pictures = re.findall(r'(?:src|srcset)="data:image/svg\+xml;base64,([^"]+)"', answer.text)
    assert len(pictures) == 2 * 9 and all(b64decode(text).startswith(b"<svg") for text in pictures)
    assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
    assert "<svg" not in answer.text and " style=" not in answer.text


def test_charts_are_drawn_when_the_report_is_written(
    company: Company, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(REPORT, company.settings)
    written = re.findall(r"<svg.*?</svg>", (company.settings.root / "report.html").read_text(), re.DOTALL)
    monkeypatch.setattr("pipelines.reports.charts.as_svg", None)  # from here on nothing can be drawn

    shown = re.findall(r"svg\+xml;base64,([^\"]+)", signed_in("dora", "data").get("/report").text)

    assert sorted(b64decode(text).decode() for text in shown) == sorted(written)
    other_day = REPORT.figures.with_columns(as_of=pl.col("as_of").dt.offset_by("1mo"))
    keep(company.settings.root, Report(other_day["as_of"][0], other_day, MOVED))
    with pytest.raises(TypeError):  # those of another report are not taken
        signed_in("dora", "data").get("/report")


def test_an_erased_customer_is_named_no_more(company: Company, signed_in: SignedIn) -> None:
    keep(company.settings.root, REPORT)
    dora = signed_in("dora", "data")
    assert "A-1" in named(dora.get("/report").text)

    erase(company.settings, "A-1", LIST_DAY, lambda _: None)

    assert named(dora.get("/report").text) == {"B-1", "N-1&lt;b&gt;"}


def test_a_later_report_is_shown_at_once(company: Company, signed_in: SignedIn) -> None:
    dora = signed_in("dora", "data")
    assert dora.get("/report").status_code == 503 and "No report yet" in dora.get("/report").text
    keep(company.settings.root, REPORT)
    assert "the month before 1 Jun 2026" in dora.get("/report").text
    later = FIGURES.with_columns(as_of=pl.col("as_of").dt.offset_by("1mo"))
    keep(company.settings.root, Report(later["as_of"][0], later, MOVED.clear()))

    page = dora.get("/report").text
    assert "the month before 1 Jul 2026" in page and named(page) == set()
    assert {FIGURES_FILE, MOVERS_FILE} <= {path.name for path in company.settings.root.iterdir()}
