"""Four months of real orders: enough to train on and to score, with a horizon of four weeks."""

from datetime import date, datetime
from pathlib import Path

import polars as pl

from configs.load import load_settings
from features.time import Cutoff
from models.metrics import auc, calibration_error
from pipelines.nightly import nightly, training
from tests.flows.conftest import PROJECT
from tests.flows.test_online_retail import LINES, pytestmark  # noqa: F401

FIRST, AS_OF, AFTER = datetime(2010, 5, 1), datetime(2010, 8, 29), datetime(2010, 9, 26)


def test_four_months_are_enough_for_a_horizon_of_four_weeks(tmp_path: Path) -> None:
    lines = pl.scan_parquet(LINES).filter(pl.col("invoice_ts") >= FIRST)
    lines.filter(pl.col("invoice_ts") < AFTER).sink_parquet(tmp_path / "lines.parquet")
    config = (PROJECT / "configs" / "online_retail.toml").read_text(encoding="utf-8")
    config = config.replace("../shared/data/online_retail_ii/lines.parquet", str(tmp_path / "lines.parquet"))
    (tmp_path / "short.toml").write_text(config.replace("horizon_days = 90", "horizon_days = 28"), encoding="utf-8")
    settings = load_settings(tmp_path / "short.toml", tmp_path / "out")
    cutoff, said = Cutoff(AS_OF.date(), settings.zone), list[str]()
    training(settings, cutoff, said.append)
    assert any("cutoffs 5 days apart with 42 days of history, not 20 and 90" in line for line in said)
    scores = pl.read_parquet(nightly(settings, cutoff, said.append) / "scores.parquet")

    later = pl.scan_parquet(tmp_path / "lines.parquet").filter(pl.col("invoice_ts") >= AS_OF)
    orders = later.group_by("invoice", "customer_id").agg(amount=(pl.col("quantity") * pl.col("unit_price")).sum())
    bought = orders.filter(pl.col("amount") > 0).select(pl.col("customer_id").cast(pl.String)).unique().collect()
    churned = (~scores["customer_id"].is_in(bought["customer_id"].implode())).to_numpy().astype(float)
    probability = scores["churn_probability"].to_numpy()
    assert scores.height == 2293 and scores["cutoff"].unique().to_list() == [date(2010, 8, 29)]
    assert auc(churned, probability) > 0.69  # a logistic regression on recency, frequency and value reaches 0.707
    assert calibration_error(churned, probability) < 0.05
