"""The page of how past publications turned out: night by night against opponents, by group, and whom they got wrong."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from configs.settings import Settings
from models.realised import EVERYBODY, FALSE_ALARM, HIT, MISS, PASSED_OVER, QUIET, TREATED_LEFT, TREATED_STAYED
from pipelines.outreach.policy import IN_WORDS
from pipelines.outreach.wording import day as date_in_words
from pipelines.reports.charts import Chart, lines_by_day, pairs
from pipelines.reports.page import Section, render
from pipelines.storage import write_bytes_whole

PAGE_FILE = "realised.html"
MODEL = "model"
TURNED_OUT = {
    HIT: "would have been listed, and left",
    FALSE_ALARM: "would have been listed, and stayed",
    MISS: "risk not seen, and left",
    PASSED_OVER: "risk seen, passed over, and left",
    QUIET: "not listed, and stayed",
    TREATED_LEFT: "treated, and left",
    TREATED_STAYED: "treated, and stayed",
}
FEWEST_NIGHTS = 4  # below which nothing is said of a trend
AXES = {
    "auc": "AUC",
    "lift_at_list_length": "times as many as by chance",
    "churn_rate": "share of the customers",
    "calibration_error": "mean distance",
    "value_captured_20": "share of the best possible",
    "value_ratio": "predicted / actual",
    "coverage_80": "share of the customers",
}


def write_page(settings: Settings, figures: pl.DataFrame, examples: pl.DataFrame) -> Path:
    """Write `realised.html` under the root, for its owner only, since it names customers and controls; returns it.

    `figures` and `examples`: what `pipelines.realised.realise` keeps.
    """
    file = settings.root / PAGE_FILE
    write_bytes_whole(file, realised_page(settings, figures, examples).encode(), 0o600)
    return file


def realised_page(settings: Settings, figures: pl.DataFrame, examples: pl.DataFrame) -> str:
    """The HTML text of the page."""
    everybody = figures.filter(of=EVERYBODY)
    sections = [
        _against(
            everybody, "auc", "Who leaves: ranking",
            "AUC: the chance that a customer who left had been scored higher than one who stayed.",
        ),
        _against(
            everybody, "lift_at_list_length", "Lift of the list",
            "Leavers among as many customers with the highest scores as lists had places for, over what as many by "
            "chance would hold.",
        ),
        _lines(
            everybody, "Calibration: the level", "Share of customers predicted to leave, and the share that left.",
            {"predicted": "mean_probability", "happened": "churn_rate"}, ends="churn_rate",
        ),
        _lines(
            everybody, "Calibration error",
            "Mean distance between predicted and observed share over ten groups of like probability.",
            {MODEL: "calibration_error"}, ends="calibration_error",
        ),
        _against(
            everybody, "value_captured_20", "Value captured",
            "Value of the 20 % of customers predicted most valuable, as a share of that of the truly best 20 %.",
        ),
        _lines(
            everybody, "Value: total", "Predicted over actual value of all customers together.",
            {"predicted / actual": "value_ratio"}, ends="value_ratio", rules=(1.0,),
        ),
        _lines(
            everybody, "Value: intervals", "Share of customers whose value fell within their 80 % interval.",
            {MODEL: "coverage_80"}, ends="coverage_80", rules=(0.8,),
        ),
        _turned_out(everybody),
        *(_groups(figures, by, heading) for by, heading in GROUPED.items()),
        *(_examples(examples, kind, heading) for kind, heading in EXAMPLES.items()),
    ]  # fmt: skip
    title = f"How past lists turned out: {settings.company or settings.name}"
    shown = [section for section in sections if section is not None]
    return render(title, in_words(everybody), shown, _tiles(everybody))


GROUPED = {"account_manager": "By account manager", "segment": "By segment"}
EXAMPLES = {
    FALSE_ALARM: "False alarms: the surest of them, untreated, who stayed",
    MISS: "Misses: who left though least expected to",
}


def in_words(everybody: pl.DataFrame) -> list[str]:
    """How the latest night did, and where things go."""
    days = everybody["day"].unique().sort()
    last, lines = _of_day(everybody, days[-1]), []
    if "auc" not in last:
        return ["Of the latest night everybody was treated: set outreach.control_share above 0."]
    lines.append(
        f"{len(days):,} publications whose horizons are over, {date_in_words(days[0])} to {date_in_words(days[-1])}. "
        f"Figures are of untreated customers, whom controls stand for; those treated are set apart."
    )
    lines.append(
        f"The latest: AUC {_with_ends(last['auc'])}, lift of the list {_with_ends(last['lift_at_list_length'])}."
    )
    lines += [f"{name}." for name in _ahead(everybody, "auc", "AUC")]
    lines.append(
        f"Of its customers {last['mean_probability'][0]:.1%} were predicted to leave and {last['churn_rate'][0]:.1%} "
        f"did; the predicted value was {last['value_ratio'][0]:.2f} of the actual."
    )
    return lines + [_trend(everybody, "auc", "AUC"), _trend(everybody, "calibration_error", "calibration error")]


def _ahead(everybody: pl.DataFrame, figure: str, words: str) -> list[str]:
    """On how many nights the model was ahead of each opponent beyond noise, and on how many behind."""
    said = []
    for (name,), rows in everybody.filter(pl.col("figure").str.starts_with(f"{figure} ahead of ")).group_by(
        "figure", maintain_order=True
    ):
        opponent = str(name).removeprefix(f"{figure} ahead of ")
        ahead, behind = (rows["low"] > 0).sum(), (rows["high"] < 0).sum()
        said.append(
            f"{words} ahead of {opponent} by {rows['value'].mean():+.3f} on average: beyond noise on {ahead:,} of "
            f"{rows.height:,} nights, behind it on {behind:,}"
        )
    return said


def _trend(everybody: pl.DataFrame, figure: str, words: str) -> str:
    """Whether the later half of the nights did better or worse than the earlier half."""
    values = everybody.filter(figure=figure).sort("day")["value"].drop_nulls().drop_nans()
    if len(values) < FEWEST_NIGHTS:
        return f"Too few nights to say where the {words} goes."
    half = len(values) // 2
    before, after = values[:half].to_numpy().mean(), values[-half:].to_numpy().mean()
    return f"Trend: {words} {before:.3f} over the earlier half of the nights, {after:.3f} over the later half."


def _tiles(everybody: pl.DataFrame) -> dict[str, str]:
    last = _of_day(everybody, everybody["day"].max())
    shown = {"auc": "AUC", "lift_at_list_length": "lift of the list", "calibration_error": "calibration error"}
    return {f"{words}, latest night": f"{last[name][0]:.3f}" for name, words in shown.items() if name in last}


def _of_day(everybody: pl.DataFrame, day: object) -> dict[str, tuple[float, float, float]]:
    rows = everybody.filter(pl.col("day") == day).select("figure", "value", "low", "high").iter_rows()
    return {name: (value, low, high) for name, value, low, high in rows if value is not None}


def _with_ends(figure: tuple[float, float, float]) -> str:
    return f"{figure[0]:.3f} ({figure[1]:.3f} to {figure[2]:.3f})"


def _against(everybody: pl.DataFrame, figure: str, heading: str, sentence: str) -> Section | None:
    """The model's figure and its opponents', with how far it is ahead of each in the table."""
    names = everybody["figure"].unique(maintain_order=True)
    opponents = {name.removeprefix(f"{figure} of "): name for name in names if name.startswith(f"{figure} of ")}
    ahead = [name for name in names if name.startswith(f"{figure} ahead of ")]
    return _lines(everybody, heading, sentence, {MODEL: figure} | opponents, figure, more=ahead)


def _lines(
    everybody: pl.DataFrame,
    heading: str,
    sentence: str,
    columns: dict[str, str],
    ends: str,
    rules: tuple[float, ...] = (),
    more: Sequence[str] = (),
) -> Section | None:
    """A line for each of `columns` (name -> figure) over the nights; the table also has `more`, and ends of `ends`."""
    shown = everybody.filter(pl.col("figure").is_in([*columns.values(), *more]))
    if ends not in shown["figure"]:
        return None
    wide = (
        shown.pivot("figure", index="day", values="value")
        .sort("day")
        .rename({old: new for new, old in columns.items()})
    )
    drawn = wide.select("day", *columns)
    interval = shown.filter(figure=ends).select("day", "low", "high")
    table = drawn.join(interval, on="day", how="left").sort("day")
    for name in more:
        of_name = shown.filter(figure=name).select("day", pl.concat_str(*_ends_as_text(), separator="").alias(name))
        table = table.join(of_name, on="day", how="left").sort("day")
    return Section(heading, [sentence], lines_by_day(drawn, AXES[ends], rules=rules), table)


def _ends_as_text() -> list[pl.Expr]:
    parts = [pl.col(name).round(3).cast(pl.String) for name in ("value", "low", "high")]
    return [parts[0], pl.lit(" ("), parts[1], pl.lit(" to "), parts[2], pl.lit(")")]


def _turned_out(everybody: pl.DataFrame) -> Section:
    """Customers by how they turned out, night by night; those passed over by why in the table."""
    rows = everybody.filter(pl.col("figure").str.split(": ").list.first().is_in(list(TURNED_OUT)))
    wide = rows.pivot("figure", index="day", values="value").sort("day").fill_null(0)
    drawn = wide.select("day", *(kind for kind in (HIT, FALSE_ALARM, MISS, PASSED_OVER) if kind in wide.columns))
    words = {kind: text for kind, text in TURNED_OUT.items()}
    codes = {f"{PASSED_OVER}: {code}": f"passed over, and left: {text}" for code, text in IN_WORDS.items()}
    named = {name: new for name, new in (words | codes).items() if name in wide.columns}
    sentences = [
        "Untreated customers by what was foreseen and what happened. A miss is a risk not seen; whom policy or "
        "a full list left alone is counted apart. The table tells the treated too, and why others were passed over."
    ]
    chart: Chart | None = None
    if drawn.width > 1:
        chart = lines_by_day(drawn.rename({name: words[name] for name in drawn.columns[1:]}), "customers")
    return Section("False alarms and misses", sentences, chart, wide.select("day", *named).rename(named))


def _groups(figures: pl.DataFrame, by: str, heading: str) -> Section | None:
    """Predicted and happened share of each group on the latest night, with its other figures in the table."""
    last = figures.filter(pl.col("day") == figures["day"].max(), pl.col("of").str.starts_with(f"{by}: "))
    shown = [
        "customers",
        "auc",
        "lift_at_list_length",
        "mean_probability",
        "churn_rate",
        "calibration_error",
        "value_ratio",
    ]
    rows = last.filter(pl.col("figure").is_in(shown)).with_columns(pl.col("of").str.strip_prefix(f"{by}: "))
    if rows.is_empty():
        return None
    wide = rows.pivot("figure", index="of", values="value")
    happened = rows.filter(figure="churn_rate").select("of", "low", "high")
    table = wide.join(happened, on="of", how="left").sort("of")
    drawn = table.rename({"mean_probability": "predicted", "churn_rate": "happened"})
    sentence = (
        f"Of the latest night, {figures['day'].max()}: share predicted to leave and share that left, with its 95 % "
        "interval. Groups of fewer than 30 untreated customers are left out."
    )
    columns = [name for name in shown if name in table.columns]
    chart = pairs(drawn, "of", ("predicted", "happened"), "share that leaves")
    return Section(heading, [sentence], chart, table.select("of", *columns))


def _examples(examples: pl.DataFrame, kind: str, heading: str) -> Section | None:
    found = examples.filter(turned_out=kind).sort("cutoff", descending=True, maintain_order=True)
    if found.is_empty():
        return None
    sentence = "Of each night up to ten, by customer number, with the reasons of the estimate; for the data team only."
    columns = ["cutoff", "customer_id", "account_manager", "churn_probability", "predicted_clv", "value"]
    table = found.select(*columns, *(name for name in found.columns if name.startswith("reason_")))
    return Section(heading, [sentence], None, table, True)
