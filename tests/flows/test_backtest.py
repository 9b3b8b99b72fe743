"""Going back to earlier days within one store."""

from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from configs.errors import ConfigError, ModelError
from pipelines.backtest import backtest, backtest_days, outcomes
from pipelines.build import open_store
from pipelines.ingest import ingest
from pipelines.prepare import prepare
from pipelines.reports.backtest import backtest_page
from tests.flows.conftest import AS_OF, Company

pytestmark = pytest.mark.slow
THEN = AS_OF - timedelta(days=90)


def silent(_: str) -> None: ...


def test_a_past_day_learns_what_it_would_have_learned_then(company: Company) -> None:
    settings, then = company.settings, company.cutoff(THEN)
    went_back = prepare(settings, open_store(settings, company.cutoff()), then, silent)
    ingest(settings, then, silent)
    at_the_time = prepare(settings, open_store(settings, then), then, silent)
    keys = ["customer_id", "cutoff"]
    for found, expected in ((went_back.labelled, at_the_time.labelled), (went_back.cohort, at_the_time.cohort)):
        assert_frame_equal(found.sort(keys), expected.sort(keys), abs_tol=1e-9)
    assert went_back.labelled["cutoff"].max() + timedelta(days=90) <= THEN


def test_what_happened_is_what_the_orders_after_it_say(company: Company) -> None:
    settings, then = company.settings, company.cutoff(THEN)
    found = outcomes(settings, open_store(settings, company.cutoff()), then)
    raw = pl.read_parquet(settings.root / "simulated" / "raw" / "transactions.parquet")
    at = pl.col("occurred_at").dt.date()
    after = raw.filter((at >= THEN) & (at < AS_OF) & (pl.col("amount") > 0))["customer_id"].unique()
    stayed = found.filter(churned=0)["customer_id"]
    assert set(stayed) == set(after) & set(found["customer_id"])
    first = (
        raw.filter((at >= THEN) & (pl.col("amount") > 0)).group_by("customer_id").agg((at.min() - THEN).dt.total_days())
    )
    days = found.join(first, on="customer_id").filter(churned=0)
    assert days["event_days"].to_list() == days["occurred_at"].to_list()
    assert found.height > 250 and 0.1 < found["churned"].to_numpy().mean() < 0.9


def test_every_day_is_judged_and_the_page_shows_it(company: Company) -> None:
    lines: list[str] = []
    found = backtest(company.settings, company.cutoff(), [date(2024, 5, 1), THEN], lines.append, compare_value=True)
    assert found.cutoffs["cutoff"].to_list() == [THEN]
    assert any(line.startswith("warning: 2024-05-01 left out: the log is too short") for line in lines)
    row = found.cutoffs.row(0, named=True)
    assert 0.6 < row["auc"] < 0.95 and row["auc_low"] < row["auc"] < row["auc_high"]
    for days in (30, 60):
        predicted, happened = row[f"within_{days}d_predicted"], row[f"within_{days}d_happened"]
        assert 0.1 < happened < 1 and predicted == pytest.approx(happened, abs=0.15)
        assert any(line.startswith(f"within {days} days (the end of a contract or, ") for line in lines)
    assert row["within_30d_happened"] < row["within_60d_happened"]
    assert 0 < row["mean_probability"] < 1 and 0.5 < row["coverage_80"] <= 1
    by_auc = found.ahead.filter(figure="AUC")
    assert {"best of each cutoff", "recency", "logistic RFM", "BG/NBD", "Pareto/NBD"} == set(by_auc["opponent"])
    of_logistic = by_auc.filter(opponent="logistic RFM").row(0, named=True)
    assert of_logistic["ahead"] == pytest.approx(row["auc"] - row["auc_logistic_rfm"])
    others = {"value model tweedie", "value model lognormal"}
    assert set(found.ahead.filter(figure="closeness of the total")["opponent"]) == others
    assert row["value_ratio_hurdle"] == row["value_ratio"] != row["value_ratio_lognormal"]
    assert sum(line.startswith("value model ") for line in lines) == 3
    page = backtest_page(found, "Mills & <Sons>")
    assert page.count("<svg") == 2 * 8  # each drawn wide and narrow
    assert "Mills &amp; &lt;Sons&gt;" in page and "<script" not in page
    with pytest.raises(ModelError, match="too short for a backtest"):
        backtest(company.settings, company.cutoff(), [date(2024, 5, 1)], silent)


def test_days_by_default_and_days_not_yet_observed(company: Company) -> None:
    days = backtest_days(company.settings, AS_OF, None, None, 30)
    assert len(days) == 12 and days[-1] == THEN and days[-1] - days[-2] == timedelta(days=30)
    assert backtest_days(company.settings, AS_OF, date(2026, 1, 1), date(2026, 3, 1), 40) == [
        date(2026, 1, 1),
        date(2026, 2, 10),
    ]
    with pytest.raises(ConfigError, match="not known yet on 2026-06-30"):
        backtest_days(company.settings, AS_OF, None, THEN + timedelta(days=1), 30)
