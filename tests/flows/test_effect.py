"""What was decided on past days, in a whole company: training without the treated, and the effect."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.build import open_store
from pipelines.effect import measure
from pipelines.prepare import prepare
from pipelines.reports.effect import write_effect
from tests.flows.conftest import AS_OF, Company

pytestmark = pytest.mark.slow
LISTED_ON = AS_OF - timedelta(days=120)
KEYS = ["cutoff", "customer_id"]


def silent(_: str) -> None: ...


@pytest.fixture
def decided(company: Company) -> Iterator[pl.DataFrame]:
    """On a past day, of the customers in order, two of three would have been treated and the third withheld."""
    ids = pl.read_parquet(company.settings.root / "simulated" / "raw" / "customers.parquet")["customer_id"].sort()
    arms = pl.Series(["treat", "treat", "control"]).gather(pl.int_range(len(ids), eager=True) % 3)
    decisions = pl.DataFrame({"customer_id": ids, "arm": arms}).with_columns(
        cutoff=pl.lit(LISTED_ON), season=pl.lit("then"), would_list=True, account_manager=pl.lit("Anna"),
        churn_probability=pl.lit(0.4), value_at_risk=pl.lit(20.0), predicted_clv=pl.lit(30.0),
    )  # fmt: skip
    folder = company.settings.root / "published" / LISTED_ON.isoformat()
    folder.mkdir()
    decisions.write_parquet(folder / "decisions.parquet")
    yield decisions
    shutil.rmtree(folder)


def test_controls_stand_for_the_treated_in_training(company: Company, decided: pl.DataFrame) -> None:
    settings, store = company.settings, open_store(company.settings, company.cutoff())
    found = prepare(settings, store, company.cutoff(), silent)
    as_if_on_the_day = prepare(settings, store, company.cutoff(LISTED_ON), silent)  # it was not decided before it

    touched = pl.col("cutoff") + timedelta(days=settings.observation_days) > LISTED_ON
    labelled = found.labelled.join(decided.select("customer_id", "arm"), on="customer_id", how="left")
    before, after = labelled.filter(~touched), labelled.filter(touched)
    assert set(before["arm"]) == {"treat", "control"} and set(after["arm"]) == {"control"}
    assert not before.select(KEYS).is_duplicated().any()
    assert after.group_by(KEYS).len()["len"].mean() == pytest.approx(3, abs=0.02)  # for two treated and themselves
    earlier = as_if_on_the_day.labelled.join(decided.select("customer_id", "arm"), on="customer_id")
    assert set(earlier["arm"]) == {"treat", "control"} and not earlier.select(KEYS).is_duplicated().any()
    assert found.test.height > 0 and found.labelled.columns == as_if_on_the_day.labelled.columns


def test_the_effect_is_measured_logged_and_written(company: Company, decided: pl.DataFrame) -> None:
    lines: list[str] = []
    found = measure(company.settings, company.cutoff(), "account_manager", lines.append)
    assert found is not None
    stayed = found.of_everybody("retained")
    objections = pl.read_parquet(company.settings.root / "simulated" / "raw" / "objections.parquet")
    refused = objections.filter(kind="no_profiling")["customer_id"]
    counted = decided.filter(~pl.col("customer_id").is_in(refused.implode()))
    assert 0 < counted.height < decided.height
    assert (stayed["treated"], stayed["control"]) == tuple(counted.filter(arm=a).height for a in ("treat", "control"))
    assert stayed["low"] < 0 < stayed["high"]  # nobody was called
    raw = pl.read_parquet(company.settings.root / "simulated" / "raw" / "transactions.parquet")
    at = pl.col("occurred_at").dt.date()
    bought = raw.filter((at >= LISTED_ON) & (at < LISTED_ON + timedelta(days=90)) & (pl.col("amount") > 0))
    treated = counted.filter(arm="treat")["customer_id"]
    assert stayed["mean_treated"] == pytest.approx(treated.is_in(bought["customer_id"].implode()).mean())
    folder: Path = write_effect(company.settings, company.cutoff(), found)
    assert "What acting brought" in (folder / "index.html").read_text()
    assert pl.read_csv(folder / "effect.csv")["of"].to_list()[::2] == ["all customers", "account_manager: Anna"]
