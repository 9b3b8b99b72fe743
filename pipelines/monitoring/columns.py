"""Are a table's newest rows like those of the year before: values, how late they are filled in, what is missing?

Features cover months of a customer's life, so what goes wrong today shows in them late. Rows show it at once: those of
the last two weeks are held against the two weeks before, and so on for a year, each as it was known at its end.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from configs.monitoring import Monitoring
from features.contract import Column, Kind, Table
from features.tables import TABLES
from features.time import Cutoff
from models.drift import FEWEST, Unlike, counted, edges_of, known_or_not, unlike
from pipelines.build import SAMPLE_PARTS, tables_in
from pipelines.monitoring.checks import COLUMNS, UNSEEN, figures
from pipelines.storage import sample_part_of

ROWS = 1_000_000  # of a table, looked at; of more, those of a share of the customers
CATEGORIES = 20  # a text with more values is not a category
EXAMPLES = 3
NAMES_PEOPLE = {"account_manager"}


def column_figures(store: Path, cutoff: Cutoff, limits: Monitoring) -> pl.DataFrame:
    """The columns of every table in the store, as rows of `checks.FIGURE`."""
    rows = []
    for table in [TABLES[name] for name in tables_in(store)]:
        recent = _recent(store, table, cutoff, limits.recent_days)
        for name, column in table.columns.items():
            if column.kind is Kind.IDENTIFIER or column.personal or name not in recent.columns:
                continue
            late = column.known_when is not None and not column.known_without_time
            looked_at = recent.with_columns(window=_window(column.known_when or "", cutoff, limits)) if late else recent
            if column.kind is Kind.INSTANT:
                if column.known_when == name:
                    looked_at = recent.with_columns(_wait(table, name, column, cutoff, limits).alias(name))
                    rows += _compared(table, name, looked_at, cutoff, limits, "days waited")
                continue
            if column.kind is Kind.TEXT:
                rows += _unseen(table, name, looked_at, limits)
                looked_at = _numbered(looked_at, name)
            rows += _compared(table, name, looked_at, cutoff, limits)
            if column.nullable and not late:
                rows += _compared(table, name, looked_at, cutoff, limits, "known at all")
    return figures(rows)


def _recent(store: Path, table: Table, cutoff: Cutoff, days: int) -> pl.DataFrame:
    """The rows learned of in the year before `cutoff`, each with its `window`: 0 for the last `days`, 1 before, ..."""
    windows = 1 + 365 // days
    since = cutoff.days_before(windows * days)
    known = pl.scan_parquet(store / table.name).filter(pl.col("known_at").is_between(since, cutoff.instant, "left"))
    share = ROWS / max(known.select(pl.len()).collect().item(), 1)
    if share < 1:
        known = known.filter(sample_part_of(pl.col("customer_id"), SAMPLE_PARTS) < share * SAMPLE_PARTS)
    window = (cutoff.instant - pl.col("known_at")) / timedelta(days=days)
    return known.with_columns(window=window.floor().cast(pl.Int64)).collect()


def _window(time: str, cutoff: Cutoff, limits: Monitoring) -> pl.Expr:
    return ((cutoff.instant - pl.col(time)) / timedelta(days=limits.recent_days)).floor().cast(pl.Int64)


def _wait(table: Table, name: str, column: Column, cutoff: Cutoff, limits: Monitoring) -> pl.Expr:
    """Days from the event until the time in column `name`, or until the row's window ends where that is sooner."""
    end = pl.lit(cutoff.instant) - pl.duration(days=limits.recent_days) * pl.col("window")
    return (pl.min_horizontal(name, end) - pl.col(column.not_before or table.time)) / timedelta(days=1)


def _numbered(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The texts of a column as numbers, the most frequent 0; all unknown where it holds no categories."""
    found = rows[name].drop_nulls().value_counts().sort("count", name, descending=[True, False])[name]
    if len(found) > CATEGORIES:
        return rows.with_columns(pl.lit(None, pl.Float64).alias(name))
    codes = pl.col(name).replace_strict(found, range(len(found)), default=None, return_dtype=pl.Float64)
    return rows.with_columns(codes.alias(name))


def _compared(
    table: Table, name: str, rows: pl.DataFrame, cutoff: Cutoff, limits: Monitoring, what: str = "values"
) -> Iterator[dict[str, object]]:
    windows = 1 + 365 // limits.recent_days
    rows = rows.filter(pl.col("window").is_between(0, windows - 1))
    values = rows[name].cast(pl.Float64).to_numpy()
    text = table.columns[name].kind is Kind.TEXT
    edges = np.arange(len(np.unique(values[~np.isnan(values)])) - 1.0) if text else edges_of(values, windows)
    counts = counted(values, edges, rows["window"].to_numpy(), windows)
    judged = known_or_not(counts) if what == "known at all" else counts[:, 1:]
    days = [cutoff.day - timedelta(days=limits.recent_days * number) for number in range(windows)]
    found: Unlike | None = unlike(judged[0], cutoff.day, judged[:0:-1], days[:0:-1])
    if found is None:
        return
    says = (
        f"{what} in the last {limits.recent_days} days: PSI {found.psi:.2f} to the most like of as many days before; "
        f"usually up to {found.usual:.2g}"
    )
    if not text:
        now, before = (rows.filter(part)[name].drop_nulls() for part in (pl.col("window") == 0, pl.col("window") > 0))
        if what != "known at all":
            says += f" (mean {_mean(table, name, now)}, before {_mean(table, name, before)})"
    yield {
        "check": COLUMNS, "table": table.name, "name": name if what == "values" else f"{name} ({what})",
        "value": found.psi, "usual": found.usual, "p": found.p, "says": says,
    }  # fmt: skip


def _mean(table: Table, name: str, values: pl.Series) -> str:
    mean = values.mean()
    if not isinstance(mean, float):
        return "none"
    return f"{mean / 10_000 if table.columns[name].kind is Kind.MONEY else mean:,.2f}"


def _unseen(table: Table, name: str, rows: pl.DataFrame, limits: Monitoring) -> Iterator[dict[str, object]]:
    """The share of recent rows with a value that no row of the year before had, where the column holds categories."""
    now, before = (rows.filter(part)[name].drop_nulls() for part in (pl.col("window") == 0, pl.col("window") > 0))
    known = before.unique()
    if len(now) < FEWEST or len(before) < FEWEST or len(known) > CATEGORIES:
        return
    new = now.filter(~now.is_in(known.implode()))
    share = len(new) / len(now)
    says = f"{share:.1%} of {len(now):,} recent rows hold a value never seen before"
    if len(new) and name not in NAMES_PEOPLE:
        says += f": {', '.join(new.unique().sort().head(EXAMPLES))}"
    yield {
        "check": UNSEEN, "table": table.name, "name": name, "value": share, "usual": limits.unseen_share,
        "beyond": share > limits.unseen_share, "says": says,
    }  # fmt: skip
