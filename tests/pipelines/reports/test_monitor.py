"""The page of the monitor: what is wrong comes first, in words; every check has its figures."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from configs.settings import Settings
from pipelines.monitoring.history import NIGHT
from pipelines.outreach.wording import day as in_words
from pipelines.reports.monitor import monitor_page

DAY = date(2026, 7, 2)


@pytest.fixture
def settings() -> Settings:
    sources = {"transactions": {"path": "x.csv"}}
    return Settings.model_validate({"name": "shop", "company": "Shop & Sons", "sources": sources})


def figure(day: date, check: str, name: str | None, level: str = "ok", of: str | None = None, **more: Any) -> dict:
    row = {"day": day, "check": check, "table": "costs", "name": name, "of": of, "value": 0.31, "usual": 0.01, "p": 0.5}
    return row | {"beyond": level != "ok", "says": f"says {name}", "nights": 1, "level": level} | more


def test_what_is_wrong_first_and_figures_of_every_check(settings: Settings) -> None:
    rows = []
    for day in (DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)):
        rows += [
            figure(day, "features", "costs__sum_30d", "alarm" if day >= DAY else "ok", of="all customers"),
            figure(day, "columns", "amount", of=None),
            figure(day, "base rate", "scored as leaving", of="all customers", p=None),
            figure(day, "base rate", "left", of="all customers", p=None, value=0.27),
            figure(day, "volume", None, "warn", p=None, says="<b>7</b> new rows"),
        ]
    history = pl.DataFrame(rows, schema=NIGHT, orient="row")

    page = monitor_page(settings, DAY, history, ["features of costs: much higher"], ["volume of costs: fewer"])

    assert page.index("Alarm: features of costs: much higher.") < page.index("Warning: volume of costs: fewer.")
    assert page.index("Warning: volume of costs: fewer.") < page.index("What is beyond the usual")
    assert f"Shop &amp; Sons, {in_words(DAY)}" in page
    assert "2026-07-03" not in page  # a night that is run again sees no later one
    for shown in ("31.0%", "27.0%", "costs__sum_30d", "costs amount", "&lt;b&gt;7&lt;/b&gt; new rows"):
        assert shown in page
    assert "How it is judged" in page and "<script" not in page


def test_a_quiet_first_night_without_a_champion_that_kept_anything(settings: Settings) -> None:
    history = pl.DataFrame([figure(DAY, "volume", None, p=None)], schema=NIGHT, orient="row")
    page = monitor_page(settings, DAY, history, [], [])
    assert "Nothing is unlike what it usually is." in page and page.count("Nothing to compare with.") == 3
