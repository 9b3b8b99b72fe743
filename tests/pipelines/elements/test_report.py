"""Every figure of a shop's report, worked out by hand from its tables as drawn in conftest."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.elements.figures import SCHEMA
from pipelines.elements.report import FIGURES_FILE, MOVERS_FILE, Report, keep, latest, make_report
from pipelines.ingest import ingest
from pipelines.reports.elements import drawn_sections, elements_page
from tests.features.drawn_tables import cutoff
from tests.pipelines.elements.conftest import AS_OF, report_of, shop_in, told


@pytest.mark.parametrize(
    ("figure", "group", "expected"),
    [
        ("CSAT", "", (2, 0.5)),  # 5 and 3
        ("CSAT, mean", "", (2, 4.0)),
        ("NPS", "", (4, 25.0)),  # 10 and 9 promote, 7 does not, 2 detracts
        ("CES, mean", "", None),
        ("response rate", "CSAT", (2, 1.0)),
        ("response rate", "NPS", (5, 0.8)),
        ("complaints", "", (3, 3.0)),
        ("first response in time", "", (3, 2 / 3)),  # eve waited two days
        ("resolved in time", "", (3, 2 / 3)),  # ada waited 15 days
        ("rating afterwards", "", (2, 3.0)),
        ("complaints", "delay", (1, 1.0)),
        ("first response in time", "quality", (2, 0.5)),
        ("resolved in time", "delay", (1, 0.0)),
        ("rating afterwards", "quality", (1, 4.0)),
        ("kept informed", "", None),  # without updates nobody can tell
        ("promises kept", "", (3, 1 / 3)),
    ],
)
def test_satisfaction(report: Report, figure: str, group: str, expected: tuple[int, float] | None) -> None:
    assert told(report, "satisfaction", figure, group) == (expected and pytest.approx(expected))


def test_satisfaction_a_month_before(report: Report) -> None:
    assert told(report, "satisfaction", "NPS", compared="month before") == (1, -100.0)
    assert told(report, "satisfaction", "promises kept", compared="month before") == (1, 1.0)
    assert told(report, "satisfaction", "first response in time", "delay", "month before") == (1, 0.0)
    assert told(report, "satisfaction", "NPS", compared="year before") is None


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        # Of ada, bea, cid and dan in the year: 2, 1, 2 and 1 purchases.
        ("repeat rate", (4, 0.5)),
        ("purchases a customer", (4, 1.5)),
        ("enrolment", (4, 0.5)),  # ada and bea
        ("members who redeem", (2, 0.5)),
        ("redemption", (2, 0.5)),  # 200 of 400 points
        ("referrals", (4, 2.0)),
        ("advocates", (4, 0.25)),
        # ada wrote 60 days before, one half-life; bea answered 29 days before.
        ("tie strength", (4, (0.5 + 0.5 ** (29 / 60)) / 4)),
        ("in touch both ways", (4, 0.5)),
        ("messages answered", (3, 1 / 3)),
    ],
)
def test_loyalty(report: Report, figure: str, expected: tuple[int, float]) -> None:
    assert told(report, "loyalty", figure) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        # May, eve included: sales 300, 10, 20 and 1,000, a return of 50.
        ("revenue", (5, 1280.0)),
        ("returns", (5, 50 / 1330)),
        ("margin", (5, 1280.0 - 180 + 30 - 8 - 10 - 500)),
        ("margin share", (5, 612 / 1280)),
        ("cost to serve", (5, 100.0)),
        ("net value", (5, 512.0)),
        # Of a year, without eve. Spent: ada 350, bea 40, cid 70, dan 20; cost of goods 210, 20, 8, 10; to serve 20, 90.
        ("revenue a customer", (4, 480 / 4)),
        ("margin a customer", (4, (140 + 20 + 62 + 10) / 4)),
        ("cost to serve a customer", (4, 110 / 4)),
        ("net value a customer", (4, (120 + 20 - 28 + 10) / 4)),
        # A fifth of four customers is 0.8 of ada.
        ("held by the best 20 %: revenue", (4, 0.8 * 350 / 480)),
        ("held by the best 20 %: net value", (4, 0.8 * 120 / 122)),
        ("unprofitable customers", (4, 0.25)),
        ("lost on unprofitable customers", (4, 28.0)),
    ],
)
def test_profitability(report: Report, figure: str, expected: tuple[int, float]) -> None:
    assert told(report, "profitability", figure) == pytest.approx(expected)


def test_profitability_before(report: Report) -> None:
    assert told(report, "profitability", "revenue", compared="month before") == (1, 100.0)
    assert told(report, "profitability", "revenue", compared="year before") == (1, 100.0)
    # A year before, a year would begin before the log does.
    assert told(report, "profitability", "revenue a customer", compared="month before") is not None
    assert told(report, "profitability", "revenue a customer", compared="year before") is None
    curve = [told(report, "profitability", "revenue held by the best", share) for share in ("25%", "50%", "100%")]
    assert curve == [(4, pytest.approx(350 / 480)), (4, pytest.approx(420 / 480)), (4, pytest.approx(1))]


def test_retention(report: Report) -> None:
    # On 2 May ada, bea and cid had bought in the year before; within 30 days ada and cid did. eve is nowhere.
    assert told(report, "retention", "retention rate") == (3, pytest.approx(2 / 3))
    assert told(report, "retention", "churn rate") == (3, pytest.approx(1 / 3))
    # 2 April to 1 May: ada 100 - 60 - 10 = 30. In May: ada 300 - 180 - 50 + 30 - 10 = 90, cid 10 - 8 - 90 = -88.
    assert told(report, "retention", "value kept") == (3, pytest.approx(1.0))
    assert told(report, "retention", "value after over before") == (3, pytest.approx(2 / 30))


def test_how_long_customers_stay(report: Report) -> None:
    # ada and bea left 30 days after 2 March 2024, cid after 10 January; dan has been seen for 12 days: too few to tell.
    assert report.figures.filter(pl.col("figure").is_in(["still there", "there", "left"])).is_empty()


def test_segments(report: Report) -> None:
    # Recency in days: dan 12, ada 22 (the return is no purchase), cid 30, bea 73; bounds 18, 23.6, 28.4, 47.2
    # -> R 5, 4, 2, 1. Orders 1, 2, 2, 1, bounds 1, 1.2, 1.8, 2 -> F 1, 4, 4, 1. Spent 20, 350, 70, 40, bounds 32, 46,
    # 64, 182 -> M 1, 5, 4, 2. V: dan 1, ada 5, cid 4, bea 2.
    shares = {"champions": 0.25, "new": 0.25, "at risk": 0.25, "hibernating": 0.25, "loyal": 0.0}
    for segment, share in shares.items():
        assert told(report, "segments", "share of customers", segment) == (4, share)
    assert told(report, "segments", "customers", "new") == (1, 1)
    assert told(report, "segments", "share of revenue", "champions") == (1, pytest.approx(350 / 480))
    assert told(report, "segments", "spend", "at risk") == (1, 70)
    assert told(report, "segments", "spend", "loyal") is None


def test_who_moved(report: Report) -> None:
    # On 1 May by the same bounds: ada 21 days, 2 orders (of May 2024 and April), 200 spent -> R 4, F 4, M 5; bea 42, 1,
    # 40 -> R 2, V 2; cid 111, 1, 60 -> R 1, F 1, M 3: V 2. dan had not bought.
    assert told(report, "segments", "from champions", "champions") == (1, 1)
    assert told(report, "segments", "from hibernating", "at risk") == (2, 1)
    assert told(report, "segments", "from hibernating", "hibernating") == (2, 1)
    assert told(report, "segments", "moved up") == (3, pytest.approx(1 / 3))
    assert told(report, "segments", "slipped") == (3, 0)
    assert told(report, "segments", "kept", "hibernating") == (2, 1.0)
    assert report.movers.rows() == [(AS_OF.day, "cid", "Bert", "moved up", "hibernating", "at risk", 70.0)]


def test_the_plan(tmp_path: Path) -> None:
    targets = [
        {"segment": "champions", "figure": "share", "short": 0.25, "long": 0.5},
        {"segment": "hibernating", "figure": "customers", "aim": "at most", "medium": 0},
        {"segment": "loyal", "figure": "spend", "short": 10},
    ]
    report = report_of(shop_in(tmp_path, report={"targets": targets, "short_months": 2}))

    planned = report.figures.filter(element="plan").select("figure", "group", "value", "target", "reached")
    assert planned.rows() == [
        ("share of customers, short term by 2025-08-01", "champions", 0.25, 0.25, True),
        ("share of customers, long term by 2028-06-01", "champions", 0.25, 0.5, False),
        ("customers, medium term by 2026-06-01", "hibernating", 1.0, 0.0, False),
        ("spend of loyal", "", None, None, None),
    ]
    assert "at least so much by 2025-08-01" in report.figures.filter(element="plan")["definition"][0]


def test_what_is_absent_is_said_and_nothing_else(report: Report) -> None:
    absent = report.figures.filter(pl.col("value").is_null()).select("figure", "definition").rows()
    assert absent == [
        ("kept informed", "no table complaint_updates"),
        ("what outreach added", "nobody was listed yet"),
        ("targets by segment", "none are configured, under [[report.targets]]"),
    ]


def test_orders_alone(tmp_path: Path) -> None:
    every = ("customers", "costs", "loyalty", "interactions", "complaints", "promises", "surveys", "objections")
    report = report_of(shop_in(tmp_path, without=every))
    said = report.figures.filter(pl.col("value").is_null())
    assert said["definition"].to_list()[:7] == [
        *(f"no table {name}" for name in ("surveys", "complaints", "complaint_updates", "promises")),
        *(f"no table {name}" for name in ("loyalty", "interactions", "costs")),
    ]
    assert set(report.figures.drop_nulls("value")["element"]) == {"loyalty", "profitability", "retention", "segments"}
    assert told(report, "profitability", "cost to serve") is None
    assert told(report, "loyalty", "repeat rate") == (5, 0.6)  # eve did not object any more


def test_every_figure_says_what_it_is(report: Report) -> None:
    figures = report.figures.drop_nulls("value")
    assert report.figures.schema == SCHEMA
    for column in ("element", "figure", "period", "unit", "definition"):
        assert (figures[column].str.len_chars() > 2).all()
    estimated = figures.filter(unit="share", compared="now").filter(
        ~pl.col("definition").str.contains("counted|part of")
    )
    assert estimated.filter(pl.col("low").is_null() & (pl.col("population") > 1))["figure"].unique().to_list() == []
    assert figures.filter(figure="NPS", compared="now")["period"].to_list() == ["2025-05-01..2025-05-31"]
    assert figures.filter(figure="repeat rate", compared="month before")["period"].to_list() == [
        "2024-05-01..2025-04-30"
    ]


def test_a_report_replaces_that_of_its_own_day_only(tmp_path: Path) -> None:
    settings, root = shop_in(tmp_path), tmp_path / "data"
    assert latest(root) is None
    reports = []
    for day in ("2025-06-01", "2025-05-01"):
        ingest(settings, cutoff(day), lambda _: None)
        reports.append(make_report(settings, cutoff(day)))
    for report in (*reports, reports[1]):
        keep(root, report)

    kept = pl.read_parquet(root / FIGURES_FILE)
    assert kept.equals(pl.concat([reports[1].figures, reports[0].figures]))
    assert pl.read_parquet(root / MOVERS_FILE).equals(reports[0].movers)  # of the latest only
    found = latest(root)
    assert found is not None and found.as_of == date(2025, 6, 1) and found.figures.equals(reports[0].figures)
    # As of 1 May eve had not objected, and nothing of May is known.
    assert told(reports[1], "profitability", "revenue") == (1, 100.0)
    assert told(reports[1], "profitability", "revenue") == told(
        reports[0], "profitability", "revenue", compared="month before"
    )


@pytest.mark.parametrize(
    ("day", "further"),
    [
        ("2024-03-03", {}),  # the day after the log began
        ("2030-01-01", {}),  # years after it ended
        ("2025-06-01", {"churn": {"definition": "contract"}}),
    ],
)
def test_days_and_companies_with_little_to_tell(day: str, further: dict[str, Any], tmp_path: Path) -> None:
    settings = shop_in(tmp_path, without=() if further else ("contracts",), **further)
    ingest(settings, cutoff(day), lambda _: None)

    report = make_report(settings, cutoff(day))

    assert elements_page(report, drawn_sections(report, settings.currency, {}), settings).startswith("<!doctype html>")
    alive = report.figures.drop_nulls("value").filter(compared="now")
    assert alive.height and not alive["value"].is_nan().any()
    if day == "2024-03-03":
        assert set(alive["period"]) == {"2024-03-02..2024-03-02"}
