"""Figures of a past publication of a simulated company against those worked out by hand from its truth file."""

import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from models.effect import CONTROL, TREAT
from pipelines.nightly import nightly
from pipelines.realised import EXAMPLES_FILE, realise
from tests.flows.conftest import AS_OF, Company

pytestmark = pytest.mark.slow
PAST = AS_OF - timedelta(days=90)


def test_figures_are_those_of_the_truth(company: Company, tmp_path: Path) -> None:
    root = tmp_path / "company"  # without the lists that others published, on which customers were treated too
    shutil.copytree(company.settings.root, root, symlinks=True, ignore=shutil.ignore_patterns("published"))
    settings = company.settings.model_copy(update={"root": root})
    nightly(settings, company.cutoff(PAST), company.log)
    figures = realise(settings, company.cutoff(), True, company.log).filter(day=PAST)
    decisions = pl.read_parquet(settings.folder_of("published", PAST) / "decisions.parquet")
    examples = pl.read_parquet(root / EXAMPLES_FILE)

    truth = pl.read_parquet(root / "simulated" / "truth.parquet").filter(cutoff=PAST).select("customer_id", "churned")
    refused = pl.read_parquet(root / "simulated" / "raw" / "objections.parquet").filter(kind="no_profiling")[
        "customer_id"
    ]
    known = decisions.filter(~pl.col("customer_id").is_in(refused.implode()))
    rows = known.join(truth, on="customer_id", how="inner", validate="1:1")
    assert rows.height == known.height > 200
    found = dict(figures.filter(of="all customers").select("figure", "value").iter_rows())
    listed, left = pl.col("would_list"), pl.col("churned") == 1
    treated, control = rows.filter(arm=TREAT), rows.filter(arm=CONTROL)
    unlikely = pl.col("code") == "unlikely_to_leave"
    by_hand = {
        "treated_stayed": treated.filter(~left).height,
        "treated_left": treated.filter(left).height,
        "false_alarm": control.filter(~left).height,
        "hit": control.filter(left).height,
        "miss": rows.filter(~listed, left, unlikely).height,
        "passed_over": rows.filter(~listed, left, ~unlikely).height,
        "quiet": rows.filter(~listed, ~left).height,
    }
    assert {kind: found.get(kind, 0) for kind in by_hand} == by_hand
    # The untreated; a control stands for as many as there were in both arms for each control.
    times = (treated.height + control.height) / control.height
    untreated = rows.filter(pl.col("arm").fill_null("") != TREAT)
    weights = untreated.select(pl.when("would_list").then(times).otherwise(1.0)).to_series().to_numpy()
    churned, score = untreated["churned"].to_numpy(), untreated["churn_probability"].to_numpy()
    assert found["customers"] == untreated.height
    # Parts of a whole are made up over the rows in order, so a figure may differ by a customer or two.
    assert found["auc"] == pytest.approx(roc_auc_score(churned, score, sample_weight=weights), abs=0.01)
    assert found["churn_rate"] == pytest.approx((churned * weights).sum() / weights.sum(), abs=0.01)
    assert found["mean_probability"] == pytest.approx((score * weights).sum() / weights.sum(), abs=0.01)
    assert set(examples.filter(turned_out="miss")["customer_id"]) <= set(
        rows.filter(~listed, left, unlikely)["customer_id"]
    )
