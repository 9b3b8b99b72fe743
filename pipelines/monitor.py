"""Is what a night rests on still true? Its tables, features, scores and base rate against what they usually are."""

import os
from collections.abc import Collection
from datetime import date, timedelta

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from features.catalog import read_by
from features.registry import FAMILIES
from features.time import Cutoff
from models.tracking import load_champion
from pipelines.build import open_store
from pipelines.monitoring.champion import champion_figures
from pipelines.monitoring.checks import COLUMNS, FEATURES, OF_MODELS
from pipelines.monitoring.columns import column_figures
from pipelines.monitoring.history import ALARM, WARN, history, judged, write_history
from pipelines.monitoring.tables import table_figures
from pipelines.monitoring.tell import tell
from pipelines.progress import Log
from pipelines.score import SCORES_FILE

SHOWN = 3


def monitor(settings: Settings, cutoff: Cutoff, log: Log) -> bool:
    """Hold the night of `cutoff` against what is usual; returns whether the models are to be trained anew now.

    Keeps its figures (see `look`), writes `monitor.html`, logs what is beyond, and tells of what became an alarm.
    Raises DataError where the day was not scored.
    """
    from pipelines.reports.monitor import write_page  # drawing takes seconds to import

    limits, before = settings.monitoring, history(settings.root)
    night = look(settings, cutoff, log)
    alarms, warnings = in_words(night, ALARM), in_words(night, WARN)
    for line in [*(f"alarm: {line}" for line in alarms), *(f"warning: {line}" for line in warnings)]:
        log(line)
    advice = retraining(settings, night)
    if advice:
        log(advice)
    log(f"monitor: {len(alarms):,} alarms, {len(warnings):,} warnings")
    everything = history(settings.root)
    if cutoff.day == everything["day"].max():  # a past day that is run again leaves the newest one's page
        wrong = [*alarms, *([advice] if advice else [])]
        log(f"monitor: {write_page(settings, cutoff.day, everything, wrong, warnings)}")
    new = in_words(new_alarms(night, before, cutoff.day), ALARM)
    if new:
        tell(settings, f"Holdfast {settings.name}, {cutoff.day}: {'; '.join(new)}", os.environ, log)
    return bool(advice) and limits.retrain == "run" and _old_enough(settings, cutoff.day)


def look(settings: Settings, cutoff: Cutoff, log: Log) -> pl.DataFrame:
    """The figures of the night (columns `history.NIGHT`), kept in `monitor.parquet` in place of earlier ones of it."""
    store, scored = open_store(settings, cutoff), settings.folder_of("scored", cutoff.day)
    if not (scored / SCORES_FILE).exists():
        raise DataError(f"{scored}: {cutoff.day} was not scored. Run `holdfast nightly --as-of {cutoff.day}`.")
    limits, before = settings.monitoring, history(settings.root)
    figures = pl.concat(
        [
            table_figures(store, cutoff, limits),
            column_figures(store, cutoff, limits),
            champion_figures(settings, store, cutoff, scored, log),
        ]
    )
    night = judged(figures, before, cutoff.day, limits)
    write_history(settings.root, before, night, cutoff.day)
    return night


def in_words(night: pl.DataFrame, level: str) -> list[str]:
    """A sentence for each table and check with figures of this level, what is furthest from usual first."""
    found = night.filter(level=level).with_columns(pl.col("table").fill_null(""))
    lines = []
    for (check, table), part in found.group_by("check", "table", maintain_order=True):
        worst = part.sort("p", pl.col("value").neg(), nulls_last=True)
        place = f"{check} of {table}" if table else str(check)
        named = [row for row in worst.iter_rows(named=True)]
        told = "; ".join(_of_figure(row) for row in named[:SHOWN])
        more = f"; and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        lines.append(f"{place}: {told}{more}" + _moved_with(night, str(check), str(table), _columns(worst)))
    return lines


def _columns(figures: pl.DataFrame) -> list[str]:
    """The columns that figures are of, without what is looked at of each, as in "first_response_at (days waited)"."""
    return figures["name"].drop_nulls().str.split(" (").list.first().to_list()


def _of_figure(row: dict[str, object]) -> str:
    name = ", ".join(str(row[key]) for key in ("name", "of") if row[key] and row[key] != "all customers")
    since = f" (night {row['nights']})" if row["nights"] != 1 else ""
    return f"{name + ': ' if name else ''}{row['says']}{since}"


def _moved_with(night: pl.DataFrame, check: str, table: str, columns: Collection[str]) -> str:
    """The features made of columns of a table that changed, those first that have moved most so far.

    Of all that read the table, where none is made of these columns.
    """
    if check != COLUMNS:
        return ""
    of_table = pl.col("table").fill_null("").str.split(", ").list.contains(table)
    features = night.filter(of_table, check=FEATURES).sort("p", pl.col("value").neg(), nulls_last=True)
    changed = {f"{table}.{column}" for column in columns}
    made_of_them = [name for name, read in read_by(FAMILIES).items() if read & changed]
    first = features.filter(pl.col("name").is_in(made_of_them)) if made_of_them else features
    named = (first if first.height else features)["name"].unique(maintain_order=True).head(SHOWN)
    return f"; of the features made of it, moved most: {', '.join(named)}" if len(named) else ""


def new_alarms(night: pl.DataFrame, before: pl.DataFrame, day: date) -> pl.DataFrame:
    """The alarms of `night` whose check and table had none on the monitored night before."""
    earlier = before.filter(pl.col("day") < day).sort("day")
    last = earlier.filter(pl.col("day").is_in(earlier["day"].tail(1).implode()), level=ALARM)
    return night.filter(level=ALARM).join(
        last.select("check", "table"), on=["check", "table"], how="anti", nulls_equal=True
    )


def retraining(settings: Settings, night: pl.DataFrame) -> str:
    """What an alarm of features, scores or base rate suggests; empty where nothing does."""
    unlike = night.filter(pl.col("check").is_in(OF_MODELS), level=ALARM)
    if unlike.is_empty() or settings.monitoring.retrain == "off":
        return ""
    return (
        f"{', '.join(unlike['check'].unique(maintain_order=True))} are unlike what the champion learned from: once the "
        "source is known to be right, train anew (`holdfast train`), and again when horizons of these days are over"
    )


def _old_enough(settings: Settings, day: date) -> bool:
    trained = date.fromisoformat(load_champion(settings).recipe["as_of"])
    return trained + timedelta(days=settings.monitoring.retrain_after_days) <= day
