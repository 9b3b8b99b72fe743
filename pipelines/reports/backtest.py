"""The page of a backtest: day by day against the opponents, and how well probabilities and values kept their word."""

import polars as pl

from models.evaluate import WHAT_IS_SEEN, flat_name, further_days
from pipelines.backtest import Backtest, summary
from pipelines.reports.charts import lines_by_day
from pipelines.reports.page import Section, render

DAY = "cutoff"


def backtest_page(found: Backtest, company: str) -> str:
    """The HTML text of the page."""
    days = found.cutoffs
    names = {flat_name(name): name for name in found.ahead["opponent"]}
    opponents = [column for column in days.columns if column.removeprefix("auc_") in names]
    captured = [column for column in days.columns if column.removeprefix("value_captured_20_") in names]
    sections = [
        _section(
            days,
            "Who leaves: ranking",
            "AUC: the chance that a customer who left had been scored higher than one who stayed.",
            {"model": "auc"} | {names[column.removeprefix("auc_")]: column for column in opponents},
            intervals="auc",
        ),
        _section(
            days,
            "The level of the probabilities",
            "The share of customers predicted to leave, and the share that left.",
            {"predicted": "mean_probability", "happened": "churn_rate"},
        ),
        _section(
            days,
            "Calibration error",
            "Mean distance between predicted and observed share over ten groups of like probability.",
            {"model": "calibration_error"},
            intervals="calibration_error",
        ),
        *(
            _section(
                days,
                f"Within {further} days",
                f"Of {WHAT_IS_SEEN}: the share predicted for the first {further} days, and the share that happened.",
                {kind: f"within_{further}d_{kind}" for kind in ("predicted", "happened")},
            )
            for further in further_days(days.columns)
        ),
        _section(
            days,
            "Value: ranking",
            "Value of the 20 % of customers predicted most valuable, as a share of that of the truly best 20 %.",
            {"model": "value_captured_20"}
            | {names[column.removeprefix("value_captured_20_")]: column for column in captured},
            intervals="value_captured_20",
        ),
        _section(
            days,
            "Value: total",
            "Predicted over actual value of all customers together.",
            {"predicted / actual": "value_ratio"},
            intervals="value_ratio",
            rules=(1.0,),
        ),
        _section(
            days,
            "Value: intervals",
            "Share of customers whose value fell within their 80 % interval.",
            {"model": "coverage_80"},
            intervals="coverage_80",
            rules=(0.8,),
        ),
        Section(
            "Against each opponent", ["Mean difference over all days, 95 % interval over customers."], None, found.ahead
        ),
    ]
    return render(f"Backtest: {company}", summary(found), sections)


def _section(
    days: pl.DataFrame,
    heading: str,
    sentence: str,
    columns: dict[str, str],
    intervals: str | None = None,
    rules: tuple[float, ...] = (),
) -> Section:
    drawn = days.select(DAY, *(pl.col(column).alias(name) for name, column in columns.items()))
    ends = [] if intervals is None else [days[f"{intervals}_low"].alias("low"), days[f"{intervals}_high"].alias("high")]
    return Section(heading, [sentence], lines_by_day(drawn, heading, rules=rules), drawn.with_columns(ends))
