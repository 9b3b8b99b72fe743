"""The page of the monitor: what is wrong first, in words, then how every check stands and has stood."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from configs.monitoring import Monitoring
from configs.settings import Settings
from models.learned_from import EVERYBODY
from pipelines.monitoring.checks import (
    BASE_RATE,
    COLUMNS,
    FEATURES,
    FRESHNESS,
    OF_MODELS,
    QUARANTINED,
    SCORES,
    UNSEEN,
    VOLUME,
)
from pipelines.monitoring.history import ALARM, OK, WARN
from pipelines.outreach.wording import day as in_words
from pipelines.reports.charts import bars, lines_by_day
from pipelines.reports.page import Section, render
from pipelines.storage import write_bytes_whole

PAGE_FILE = "monitor.html"
SHOWN = 20
FIGURES = ["level", "nights", "table", "name", "of", "value", "usual", "p"]


def write_page(
    settings: Settings, day: date, history: pl.DataFrame, alarms: Sequence[str], warnings: Sequence[str]
) -> Path:
    """Write `monitor.html`, the page of `day`, under the root; returns its file. `history`: figures of all nights."""
    file = settings.root / PAGE_FILE
    write_bytes_whole(file, monitor_page(settings, day, history, alarms, warnings).encode())
    return file


def monitor_page(
    settings: Settings, day: date, history: pl.DataFrame, alarms: Sequence[str], warnings: Sequence[str]
) -> str:
    """The HTML text of the page."""
    night, until = history.filter(day=day), history.filter(pl.col("day") <= day)
    tiles = {
        "alarms": f"{night.filter(level=ALARM).height:,}",
        "warnings": f"{night.filter(level=WARN).height:,}",
        "figures looked at": f"{night.height:,}",
    }
    for name in ("scored as leaving", "left"):
        found = night.filter(check=BASE_RATE, name=name, of=EVERYBODY)
        if found.height:
            tiles[name if name != "left" else "left in the last window that is over"] = f"{found['value'][0]:.1%}"
    wrong = [f"Alarm: {line}." for line in alarms] + [f"Warning: {line}." for line in warnings]
    sections = [
        Section("What is beyond the usual", ["The figures behind what is said above."], None, _beyond(night)),
        _nights(until),
        _base_rate(until),
        _unlike("Scores and features", night, [SCORES, FEATURES], _of_features(settings.monitoring)),
        _unlike("Columns of the tables", night, [COLUMNS], _of_columns(settings.monitoring)),
        _tables(night, settings.monitoring),
        Section("How it is judged", _rules(settings.monitoring), None, None),
    ]
    summary = wrong or ["Nothing is unlike what it usually is."]
    return render(f"Is it still true? {settings.company or settings.name}, {in_words(day)}", summary, sections, tiles)


def _beyond(night: pl.DataFrame) -> pl.DataFrame:
    """The figures that are no longer ok, alarms first."""
    return night.filter(pl.col("level") != OK).sort("level", maintain_order=True).select("check", *FIGURES)


def _nights(until: pl.DataFrame) -> Section:
    """How many figures were beyond what is usual, night by night."""
    levels = until.group_by("day").agg(
        *(pl.col("level").eq(level).sum().alias(name) for level, name in ((ALARM, "alarms"), (WARN, "warnings")))
    )
    table = levels.sort("day")
    return Section("Nights", ["Figures beyond what is usual, of each night."], lines_by_day(table, "figures"), table)


def _base_rate(until: pl.DataFrame) -> Section:
    rates = until.filter(check=BASE_RATE, of=EVERYBODY)
    sentences = [
        "The share of customers scored as leaving, and the share that left in the last window that was over then. The "
        "table tells segments too; usual is the share that left on the last day learned from. Beyond is what lies "
        "outside the range of these days, and farther than they lay from each other (p)."
    ]
    if rates.is_empty():
        return Section("Base rate", [*sentences, "Nothing to compare with."], None, None)
    drawn = rates.pivot("name", index="day", values="value").sort("day")
    last = until.filter(pl.col("day") == until["day"].max(), check=BASE_RATE)
    return Section("Base rate", sentences, lines_by_day(drawn, "share"), last.select(FIGURES).drop("table"))


def _unlike(heading: str, night: pl.DataFrame, checks: list[str], sentences: list[str]) -> Section:
    found = night.filter(pl.col("check").is_in(checks)).sort("p", pl.col("value").neg(), nulls_last=True)
    if found.is_empty():
        return Section(heading, ["Nothing to compare with."], None, None)
    place = pl.concat_str(pl.col("table") if checks == [COLUMNS] else pl.lit(""), "name", separator=" ")
    label = place.str.strip_chars() + pl.when(pl.col("of") == EVERYBODY).then(pl.lit("")).otherwise(
        pl.concat_str(pl.lit(", "), "of")
    ).fill_null("")
    drawn = found.head(SHOWN).with_columns(label.alias("label"))
    return Section(heading, sentences, bars(drawn, "label", "value", "PSI"), found.select(FIGURES))


def _tables(night: pl.DataFrame, limits: Monitoring) -> Section:
    checks = {FRESHNESS: "days since the newest row", VOLUME: "rows the day before", QUARANTINED: "share refused"}
    found = night.filter(pl.col("check").is_in([*checks, UNSEEN])).sort("level", "check", "table")
    sentence = (
        f"Rows of the day before are held against the same weekday of eight weeks and of a year ago (limit: "
        f"{limits.volume_factor:g} times), the newest row against the longest pause of the year, values never seen "
        f"before against {limits.unseen_share:.0%} of the recent rows, refused rows against "
        f"{limits.quarantined_share:.0%}."
    )
    return Section(
        "Freshness, volume, new values, refused rows",
        [sentence],
        None,
        found.select("check", *FIGURES[:4], "value", "usual", "says"),
    )


def _of_features(limits: Monitoring) -> list[str]:
    return [
        "How far each is from the day of training most like tonight (PSI), those least explained by chance and season "
        f"first. From {limits.psi:g} on it may count."
    ]


def _of_columns(limits: Monitoring) -> list[str]:
    return [
        f"The rows learned of in the last {limits.recent_days} days against as many days before, over a year: values, "
        "days waited until a time was filled in, and how many are known at all."
    ]


def _rules(limits: Monitoring) -> list[str]:
    levels = ", ".join(
        f"{check} {getattr(limits, check.replace(' ', '_'))}"
        for check in (*OF_MODELS, COLUMNS, FRESHNESS, VOLUME, UNSEEN, QUARANTINED)
    )
    return [
        "A difference counts where neither chance (a two-sample Kolmogorov-Smirnov test) nor season and growth (how "
        "far earlier days lay from those before them) explains it, at a false discovery rate of "
        f"{limits.false_alarm_rate:g} over all figures of the night, with a PSI of at least {limits.psi:g} (a base "
        f"rate: {limits.base_rate_moved:g} outside its range), and {limits.persists_nights} nights in a row; until "
        "then it is a warning. What was the same for everybody on all days learned from is not watched.",
        f"What each check is when it goes beyond: {levels}. What is {OK!r} stays within.",
    ]
