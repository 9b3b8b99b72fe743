"""The page of how past lists turned out: every figure, treated apart, and the surest mistakes with their reasons."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from configs.settings import Settings, Source
from pipelines.reports.realised import PAGE_FILE, TURNED_OUT, realised_page, write_page

DAYS = [date(2026, month, 1) for month in (1, 2, 3, 4)]
AUC = [0.80, 0.82, 0.70, 0.72]
FIXED = {
    "lift_at_list_length": 2.5, "mean_probability": 0.31, "churn_rate": 0.29, "calibration_error": 0.04,
    "value_captured_20": 0.7, "value_ratio": 1.1, "coverage_80": 0.79, "auc of recency": 0.6,
    "customers": 90, "hit": 6, "false_alarm": 4, "miss": 7, "passed_over": 3, "passed_over: over_capacity": 3,
    "quiet": 70, "treated_left": 2, "treated_stayed": 8,
}  # fmt: skip


def figures(of: str = "all customers") -> pl.DataFrame:
    rows = []
    for day, auc in zip(DAYS, AUC, strict=True):
        found = FIXED | {"auc": auc, "auc ahead of recency": auc - 0.6}
        rows += [(day, of, name, float(value), value - 0.15, value + 0.15) for name, value in found.items()]
    return pl.DataFrame(rows, schema=["day", "of", "figure", "value", "low", "high"], orient="row")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(name="shop", company="Shop & Sons", root=tmp_path, sources={"transactions": Source(path="x.csv")})


EXAMPLES = pl.DataFrame(
    {
        "customer_id": ["C1", "C2"], "cutoff": [DAYS[3]] * 2, "turned_out": ["false_alarm", "miss"],
        "account_manager": ["Anna", "<b>Bo"], "churn_probability": [0.93, 0.04], "predicted_clv": [10.0, 90.0],
        "value": [55.5, 0.0], "reason_1": ["No order for 80 days", None],
    }
)  # fmt: skip


def test_what_is_said_first_and_what_is_shown(settings: Settings) -> None:
    everything = pl.concat([figures(), figures("account_manager: Anna"), figures("segment: trade")])

    page = realised_page(settings, everything, EXAMPLES)

    # 0.02 .. 0.22 ahead with +-0.15: beyond noise where it is more than 0.15, on the first two nights.
    assert "AUC ahead of recency by +0.160 on average: beyond noise on 2 of 4 nights, behind it on 0." in page
    assert "Trend: AUC 0.810 over the earlier half of the nights, 0.710 over the later half." in page
    assert "31.0% were predicted to leave and 29.0% did; the predicted value was 1.10 of the actual." in page
    for heading in ("Who leaves: ranking", "Lift of the list", "Calibration error", "Value captured", "By segment"):
        assert f"<h2>{heading}</h2>" in page
    assert all(text in page for text in TURNED_OUT.values()) and "passed over, and left: others come first" in page
    assert "No order for 80 days" in page and "Shop &amp; Sons" in page and "&lt;b&gt;Bo" in page
    assert "<script" not in page


def test_few_nights_and_no_opponents(settings: Settings) -> None:
    one = figures().filter(pl.col("day") == DAYS[0], ~pl.col("figure").str.contains("recency"))
    page = realised_page(settings, one, EXAMPLES.clear())
    assert "Too few nights to say where the AUC goes." in page
    assert "False alarms: the surest" not in page and "ahead of" not in page


def test_everybody_treated(settings: Settings) -> None:
    counts = figures().filter(pl.col("figure").is_in(["treated_left", "treated_stayed"]))
    assert "set outreach.control_share above 0" in realised_page(settings, counts, EXAMPLES.clear())


def test_the_page_is_for_its_owner(settings: Settings) -> None:
    file = write_page(settings, figures(), EXAMPLES)
    assert file == settings.root / PAGE_FILE and file.stat().st_mode & 0o777 == 0o600
