"""Real orders: trained on what was known before a day, judged on the 90 days after it."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from configs.load import load_settings
from features.time import Cutoff
from models.metrics import auc
from pipelines.nightly import nightly, training
from tests.flows.conftest import PROJECT

LINES = PROJECT.parent / "shared" / "data" / "online_retail_ii" / "lines.parquet"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LINES.exists(), reason=f"real data is not there: {LINES}"),
]
# Day, customers who bought in the 365 days before it, and the AUC of the best textbook opponent on the 90 days after.
JUDGED = [("2011-07-01", 4326, 0.806)]


@pytest.mark.parametrize(("day", "customers", "best_opponent"), JUDGED)
def test_ahead_of_the_textbook(
    day: str, customers: int, best_opponent: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    settings = load_settings(PROJECT / "configs" / "online_retail.toml", tmp_path)
    start = datetime.fromisoformat(day)
    cutoff = Cutoff(start.date(), settings.zone)
    training(settings, cutoff, print)
    scores = pl.read_parquet(nightly(settings, cutoff, print) / "scores.parquet")
    after = pl.scan_parquet(LINES).filter(
        pl.col("invoice_ts").is_between(start, start + timedelta(days=90), closed="left")
    )
    orders = after.group_by("invoice", "customer_id").agg(amount=(pl.col("quantity") * pl.col("unit_price")).sum())
    bought = orders.filter(pl.col("amount") > 0).select(pl.col("customer_id").cast(pl.String)).unique().collect()
    churned = ~scores["customer_id"].is_in(bought["customer_id"].implode())
    assert scores.height == customers
    assert auc(churned.to_numpy(), scores["churn_probability"].to_numpy()) >= best_opponent
