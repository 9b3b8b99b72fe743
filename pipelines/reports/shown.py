"""Figures of the report of the four elements as people read them: in a table, beside those of earlier months."""

from collections.abc import Sequence

import polars as pl

from pipelines.elements.figures import MONTH_BEFORE, NOW, YEAR_BEFORE
from pipelines.outreach.wording import day, money

KEY = ["figure", "group"]


def in_words(value: float | None, unit: str, currency: str) -> str:
    """A figure with its unit, e.g. "43.2%", "€4,210", "+32.0" points; nothing where it is not known."""
    if value is None:
        return ""
    if unit == "money":
        return money(value, currency)
    if unit == "share":
        return f"{100 * value:.1f}%"
    if unit == "points":
        return f"{value:+.1f}"
    return f"{value:,.0f}" if unit == "count" else f"{value:,.2f}"


def interval(low: float | None, high: float | None, unit: str, currency: str) -> str:
    """Both ends of an interval, e.g. "40.1% to 46.3%"; nothing where there is none."""
    if low is None or high is None:
        return ""
    return f"{in_words(low, unit, currency)} to {in_words(high, unit, currency)}"


def compared(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures of now, each with `month_before` and `year_before` (null: not known), in their order."""
    now = figures.filter(pl.col("value").is_not_null(), compared=NOW)
    for name in (MONTH_BEFORE, YEAR_BEFORE):
        earlier = figures.filter(compared=name).select(*KEY, pl.col("value").alias(name.replace(" ", "_")))
        now = now.join(earlier, on=KEY, how="left", maintain_order="left")
    return now


def moved(figures: pl.DataFrame, since: str, currency: str) -> list[str]:
    """The figures of now that differ from those of `since` (`figures.MONTH_BEFORE`, ...) by more than the intervals of
    both leave to chance, the widest apart first, each with both values."""
    now, before = (figures.filter(compared=name).drop_nulls("low") for name in (NOW, since))
    both = now.join(before.select("element", *KEY, "value", "low", "high"), on=["element", *KEY], suffix="_before")
    halves = [(pl.col(f"high{at}") - pl.col(f"low{at}")) / 2 for at in ("", "_before")]
    apart = both.with_columns(
        difference=(pl.col("value") - pl.col("value_before")).abs(),
        by_chance=(halves[0] ** 2 + halves[1] ** 2).sqrt(),
    ).filter(pl.col("difference") > pl.col("by_chance"))
    widest = apart.sort(pl.col("difference") / pl.col("by_chance"), descending=True)
    return [
        f"{row['figure']}{', ' + row['group'] if row['group'] else ''} {in_words(row['value'], row['unit'], currency)} "
        f"({in_words(row['value_before'], row['unit'], currency)})"
        for row in widest.iter_rows(named=True)
    ]


def table_of(figures: pl.DataFrame, currency: str) -> pl.DataFrame:
    """A row a figure: figure, now, 95 % interval, month before, a year before, of how many."""
    rows = [
        {
            "figure": f"{row['figure']}, {row['group']}" if row["group"] else row["figure"],
            "now": in_words(row["value"], row["unit"], currency),
            "95 % interval": interval(row["low"], row["high"], row["unit"], currency),
            "a month before": in_words(row["month_before"], row["unit"], currency),
            "a year before": in_words(row["year_before"], row["unit"], currency),
            "of how many": row["population"],
        }
        for row in compared(figures).iter_rows(named=True)
    ]
    columns = ("figure", "now", "95 % interval", "a month before", "a year before")
    return pl.DataFrame(rows, schema={**dict.fromkeys(columns, pl.String), "of how many": pl.Int64})


def meanings(figures: pl.DataFrame) -> Sequence[tuple[str, str]]:
    """Each figure of now with its definition and period."""
    now = figures.filter(pl.col("value").is_not_null(), compared=NOW).unique("figure", maintain_order=True)
    return [
        (name, f"{said[0].upper()}{said[1:]}. {in_days(period)}.")
        for name, said, period in now.select("figure", "definition", "period").iter_rows()
    ]


def in_days(period: str) -> str:
    """A period, e.g. "30 Aug 2026 to 29 Sep 2026"."""
    first, last = (day(end) for end in pl.Series(period.split("..")).str.to_date())
    return f"{first} to {last}"
