"""Cohorts, the survival curve and what outreach added, as figures."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import pipelines.elements.retention as retention
from configs.errors import DataError
from configs.settings import Settings
from features.time import Month
from models.effect import Return
from pipelines.build import open_store
from pipelines.effect import Measured
from pipelines.elements.figures import Figure
from pipelines.elements.gather import Gathered, gather
from pipelines.elements.report import make_report
from pipelines.elements.retention import outreach, since_signing_up
from pipelines.ingest import ingest
from pipelines.outreach import listing
from tests.pipelines.elements.conftest import AS_OF
from tests.pipelines.outreach.nights import MadeUp, Nights

FIRST = date(2025, 1, 1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Twenty customers whose first purchase is on 1 January 2025; half of them buy again every 20 days."""
    sales = [
        {"customer_id": f"C{number:02d}", "occurred_at": FIRST + timedelta(days=20 * order), "amount": 10}
        for number in range(20)
        for order in range(7 if number % 2 else 1)
    ]
    frame = pl.DataFrame(sales).with_columns(transaction_id=pl.int_range(pl.len()).cast(pl.String))
    frame.write_parquet(tmp_path / "sales.parquet")
    source = {"transactions": {"path": str(tmp_path / "sales.parquet")}}
    given = {"name": "twenty", "root": str(tmp_path / "data"), "sources": source, "churn": {"horizon_days": 30}}
    return Settings.model_validate(given | {"ingest": {"buckets": 3}})


@pytest.fixture
def gathered(settings: Settings) -> Gathered:
    ingest(settings, AS_OF, lambda _: None)
    return gather(settings, open_store(settings, AS_OF), Month(AS_OF))


def by_group(found: list[Figure], figure: str) -> dict[str, tuple[int, float | None]]:
    return {f.group: (f.estimate.population, f.estimate.value) for f in found if f.figure == figure}


def test_cohorts_and_survival(settings: Settings, gathered: Gathered) -> None:
    found = since_signing_up(gathered, gathered.facts["now"], settings)

    # The ten who go on buy on days 0, 20, 40 ... 120, in each of five periods of 30 days, of which 151 days hold five.
    there = by_group(found, "there")
    assert there == {
        "2025-Q1, days 0 to 29": (20, 1.0),
        **{f"2025-Q1, days {first} to {first + 29}": (20, 0.5) for first in (30, 60, 90, 120)},
    }
    left = by_group(found, "left")
    assert left["2025-Q1, days 30 to 59"] == (20, 0.5) and left["2025-Q1, days 60 to 89"] == (10, 0.0)
    # Those who bought once left on day 30, the others on day 150, which is over on 1 June (day 151).
    still = by_group(found, "still there")
    assert still["0 days"] == (20, 1.0) and still["30 days"] == (20, 0.5) and still["120 days"] == (10, 0.5)
    assert still["150 days"] == (10, 0.0)


def test_groups_of_too_few_are_left_out(settings: Settings, gathered: Gathered) -> None:
    few = replace(gathered, cohorts=gathered.cohorts.with_columns(customers=pl.lit(9)), stays=gathered.stays.head(9))
    assert since_signing_up(few, gathered.facts["now"], settings) == []


def test_what_outreach_added(settings: Settings, gathered: Gathered, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pl.DataFrame({"cutoff": [date(2025, 3, 2), date(2025, 1, 5)]})
    measured = [
        {"of": "all customers", "measure": name, "treated": 90, "control": 10}
        | {"difference": gain, "low": low, "high": high}
        for name, gain, low, high in (("retained", 0.1, 0.02, 0.18), ("value", 3.0, -1.0, 7.0))
    ]
    found = Measured(pl.DataFrame(measured), Return(270.0, -90.0, 630.0, 90.0), 90, True, 5, None)
    monkeypatch.setattr(retention, "arms", lambda *_: (found, rows))

    figures, absent = outreach(settings, gathered.facts["now"])

    assert absent == [] and [(f.figure, f.unit) for f in figures] == [
        ("retention added by outreach", "share"),
        ("value added by outreach, a customer", "money"),
        ("value added by outreach", "money"),
    ]
    ends = [(f.estimate.population, f.estimate.value, f.estimate.low, f.estimate.high) for f in figures]
    assert ends == [(100, 0.1, 0.02, 0.18), (100, 3.0, -1.0, 7.0), (90, 270.0, -90.0, 630.0)]
    assert {str(f.span) for f in figures} == {"2025-01-05..2025-05-31"}


@pytest.mark.parametrize("why", ["not enough yet: about 3 more weeks", None])
def test_why_it_is_not_known(
    why: str | None, settings: Settings, gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare(settings: Settings, cutoff: Any, by: None, log: Callable[[str], None]) -> None:
        if why is None:
            raise DataError("no publication")
        log(why)

    monkeypatch.setattr(retention, "arms", compare)
    figures, (absent,) = outreach(settings, gathered.facts["now"])
    assert figures == [] and absent.why == (why or "nobody was listed yet")


def test_what_outreach_added_by_published_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred customers are listed one night, half of them as controls; who stayed follows from their names."""
    names = [f"C{number:03d}" for number in range(200)]
    risks = {name: (0.5, 100.0) for name in names}
    nights = Nights(tmp_path, risks, outreach={"control_share": 0.5}, lists={"customers_per_manager": 200})
    monkeypatch.setattr(listing, "explainer", lambda *_: MadeUp())
    nights.publish(0)
    treated = {name for name, row in nights.decisions(0).items() if row["arm"] == "treat"}
    staying = {name for name in names if name in treated or int(name[1:]) % 2}
    nights.bought = dict.fromkeys(staying, date(2026, 7, 20))
    cutoff, _ = nights.score(90)

    report = make_report(nights.settings, cutoff)

    controls = set(names) - treated
    share = 1 - len(controls & staying) / len(controls)  # all treated stayed
    found = report.figures.filter(figure="retention added by outreach").row(0, named=True)
    assert 80 < len(controls) < 120 and found["population"] == 200
    assert found["value"] == pytest.approx(share, abs=1e-9) and 0 < found["low"] < share < found["high"]
    # A purchase of 10 each: the treated brought as much more together.
    total = report.figures.filter(figure="value added by outreach").row(0, named=True)
    assert total["value"] == pytest.approx(len(treated) * 10 * share)
