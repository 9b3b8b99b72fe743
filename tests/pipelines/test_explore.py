"""The feature matrix written for people who explore."""

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest

from configs.errors import ConfigError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.explore import explore
from pipelines.ingest import ingest

SettingsFor = Callable[..., Settings]


@pytest.fixture
def prepared(settings_for: SettingsFor, cutoff: Cutoff) -> Settings:
    """A store of two customers; the second one came in May."""
    sales = pl.DataFrame(
        [("T1", "C1", "2024-03-10", "10"), ("T2", "C1", "2024-05-20", "30"), ("T3", "C2", "2024-05-30", "20")],
        schema=["transaction_id", "customer_id", "occurred_at", "amount"],
        orient="row",
    )
    settings = settings_for({"transactions": sales})
    ingest(settings, cutoff, lambda line: None)
    return settings


def test_the_last_cutoffs_of_the_families_asked_for(prepared: Settings, cutoff: Cutoff) -> None:
    lines: list[str] = []
    folder = explore(prepared, cutoff, 3, 10, ["rfm"], lines.append)
    found = pl.read_parquet(folder).sort("customer_id", "cutoff")
    days = [date(2024, 5, 12), date(2024, 5, 22), date(2024, 6, 1)]
    assert found.select("customer_id", "cutoff").rows() == [*(("C1", day) for day in days), ("C2", days[-1])]
    assert {column.split("__")[0] for column in found.columns[2:]} == {"rfm"}
    assert found["rfm__spent_sum_lifetime"].to_list() == [10, 40, 40, 20]
    assert folder == prepared.root / "features"
    assert lines[-1].startswith("4 rows at 3 cutoffs, ")


def test_another_run_replaces_it_whole(prepared: Settings, cutoff: Cutoff) -> None:
    explore(prepared, cutoff, 2, 10, [], lambda line: None)
    lines: list[str] = []
    folder = explore(prepared, cutoff, 1, 30, [], lines.append)
    found = pl.read_parquet(folder)
    assert set(found["cutoff"]) == {cutoff.day}
    assert {"market__orders_per_buyer_90d", "btyd__alive", "calendar__month"} <= set(found.columns)
    # Two customers are too few for a model of all: said, and left empty.
    assert found["btyd__alive"].null_count() == found.height
    assert any(line.startswith("warning: features left empty: BG/NBD") for line in lines)


def test_an_unknown_family_is_named(prepared: Settings, cutoff: Cutoff) -> None:
    before = explore(prepared, cutoff, 1, 30, ["rfm"], lambda line: None)
    with pytest.raises(ConfigError, match="no family promises, rmf .* There are rhythm, trend, rfm"):
        explore(prepared, cutoff, 1, 30, ["rmf", "rfm", "promises"], lambda line: None)
    assert pl.read_parquet(before).height == 2


def test_a_day_that_was_not_ingested_is_refused(prepared: Settings, cutoff: Cutoff) -> None:
    with pytest.raises(Exception, match="holdfast ingest --as-of 2024-05-31"):
        explore(prepared, Cutoff(cutoff.day - timedelta(days=1), cutoff.zone), 1, 30, [], lambda line: None)
