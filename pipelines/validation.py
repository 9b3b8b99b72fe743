"""How a night's data did in every check: which rows failed, and whether that stops the night.

A row that fails several checks counts for the first of them, as in the quarantine, so that rows that failed add up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

import polars as pl

from configs.errors import ConfigError
from configs.settings import Settings
from configs.validation import Severity
from features.contract import Table
from pipelines.checks import COLUMNS, FRESH, READ, ROWS, TOGETHER, names_of, row_checks
from pipelines.progress import Log
from pipelines.quarantine import REASON, examples

RESULTS_FILE = "validation.parquet"
READ_ASKS = "the source can be read and has every required column"
LATER = "Check the source and its dates, or give a later --as-of."
PASSED, WARNED, STOPPED = "passed", "warned", "stopped"
EXAMPLES = 3
# `stop_above`: share of the rows checked, 0 to 1; null: a warning, or one that stops with others only, by `bad_rows`.
# `examples`: by the key of the table.
SCHEMA: dict[str, pl.DataType] = {
    "as_of": pl.Date(),
    "table": pl.String(),
    "check": pl.String(),
    "asks": pl.String(),
    "severity": pl.String(),
    "stop_above": pl.Float64(),
    "rows_checked": pl.Int64(),
    "rows_failed": pl.Int64(),
    "share": pl.Float64(),
    "result": pl.String(),
    "examples": pl.List(pl.Struct({"customer_id": pl.String(), "id": pl.String()})),
    "note": pl.String(),
}


@dataclass(frozen=True)
class Counts:
    """Rows of one table: rows == kept + quarantined + not_yet_known. `reasons`: rows quarantined for each."""

    table: str
    rows: int
    kept: int
    quarantined: int
    not_yet_known: int
    reasons: dict[str, int]

    def __str__(self) -> str:
        line = f"{self.table}: {self.rows:,} rows = {self.kept:,} kept + {self.quarantined:,} quarantined"
        return f"{line} + {self.not_yet_known:,} not yet known"


def refuse_unknown_checks(settings: Settings, tables: Collection[Table]) -> None:
    """Raise ConfigError where [validation.checks] names a check that there is not."""
    known = [name for table in tables for name in names_of(table)]
    unknown = [name for name in settings.validation.checks if name not in known]
    if unknown:
        close = get_close_matches(unknown[0], known, n=3)
        raise ConfigError(
            f"[validation.checks]: no such check: {', '.join(unknown)}. Name it as validation.html does, "
            f"table.column.rule{', such as ' + ', '.join(close) if close else ''}."
        )


class Results:
    """Collects what the checks of one night found; `stops`: what ends it, in words."""

    def __init__(self, settings: Settings, day: date, log: Log) -> None:
        self.settings, self.day, self.log = settings, day, log
        self.rows: list[dict[str, Any]] = []
        self.stops: list[str] = []

    def frame(self) -> pl.DataFrame:
        """A row for every check, in the order in which they were made, by `SCHEMA`."""
        return pl.DataFrame(self.rows, schema=SCHEMA)

    def unreadable(self, table: Table, error: str) -> None:
        """The source could not be read, or lacks a required column."""
        self._of_the_table(table, f"{table.name}.{READ}", READ_ASKS, error, "stop")

    def readable(self, table: Table, ignored: Collection[str]) -> None:
        """The source was read, but for columns `ignored`."""
        self._of_the_table(table, f"{table.name}.{READ}", READ_ASKS, None, "stop")
        said = f"{table.name} has no such columns, ignored: {', '.join(ignored)}" if ignored else None
        self._of_the_table(table, f"{table.name}.{COLUMNS}", "every column is used", said)

    def newest(self, table: Table, days: int) -> None:
        """The newest transaction is `days` older than the day: an export that stopped looks like everybody leaving."""
        limit = self.settings.validation.fresh_days
        said = f"the newest is {days:,} days older than {self.day}. Is it up to date?" if days > limit else None
        self._of_the_table(table, FRESH, f"the newest is at most {limit} days older than the day", said)

    def judged(
        self, table: Table, columns: Collection[str], counts: Counts, quarantined: pl.DataFrame, with_customers: bool
    ) -> None:
        """The rows were judged by the `columns` of their source, and these are `quarantined`."""
        checked, limit = counts.kept + counts.quarantined, self.settings.ingest.quarantined_share_limit
        said = None if counts.kept else f"no row was known before {self.day}"
        needed = None
        if table.name == "transactions":
            said, needed = said and f"no transaction was known before {self.day}. {LATER}", "stop"
        self._of_the_table(table, f"{table.name}.{ROWS}", "rows were known before the day", said, needed)
        together: list[str] = []  # reasons
        for check in row_checks(table, columns, with_customers, self.settings.ingest.amount_limit is not None):
            bad = quarantined.filter(pl.col(REASON).is_in(check.reasons))
            own = self.settings.validation.checks.get(check.name)
            if own is None:
                together += check.reasons
                self._add(table, check.name, check.asks, "stop", False, None, checked, bad.height, bad)
                continue
            above = own.stop_above if own.severity == "stop" else None
            stops = above is not None and bad.height > above * checked
            self._add(table, check.name, check.asks, own.severity, stops, above, checked, bad.height, bad)
            if stops:
                self.stops.append(
                    f"[sources.{table.name}]: {bad.height:,} of {checked:,} rows fail {check.name} ({check.asks}), "
                    f"more than the permitted share {own.stop_above:.0%}. For example {examples(table, bad)}. Mend "
                    "the source or its `sql`, or change the check in [validation.checks]."
                )
        bad = quarantined.filter(pl.col(REASON).is_in(together))
        stops = bad.height > limit * checked
        asks = "rows that fail a check without a limit of its own"
        self._add(table, f"{table.name}.{TOGETHER}", asks, "stop", stops, limit, checked, bad.height, note=str(counts))
        if stops:
            most = [(rows, reason) for reason, rows in counts.reasons.items() if reason in together][:5]
            reasons = "; ".join(f"{rows:,} x {reason}" for rows, reason in most)
            self.stops.append(
                f"[sources.{table.name}]: {bad.height:,} of {checked:,} rows are bad, more than the permitted share "
                f"{limit:.0%}: {reasons}. For example {examples(table, bad)}. Mend the source or its `sql`, or raise "
                "ingest.quarantined_share_limit."
            )

    def _of_the_table(
        self, table: Table, name: str, asks: str, problem: str | None, severity: Severity | None = None
    ) -> None:
        """A check of a table as a whole; one that is not configured warns, unless it has a `severity` of its own."""
        own = self.settings.validation.checks.get(name)
        severity = severity or (own.severity if own else "warn")
        stops = severity == "stop" and problem is not None
        self._add(table, name, asks, severity, stops, note=problem)
        if problem is None:
            return
        placed = problem if problem.startswith("[sources.") else f"[sources.{table.name}]: {problem}"
        if not stops:
            self.log(f"warning: {placed}")
        elif placed not in self.stops:  # a table fails with the one through which it finds its customers
            self.stops.append(placed)

    def _add(
        self,
        table: Table,
        name: str,
        asks: str,
        severity: Severity,
        stops: bool,
        stop_above: float | None = None,
        checked: int | None = None,
        failed: int | None = None,
        bad: pl.DataFrame | None = None,
        note: str | None = None,
    ) -> None:
        """One check; of a table as a whole it has a `note` where it failed, of rows it has `failed` ones."""
        fails = failed > 0 if failed is not None else note is not None
        shown = bad.select("customer_id", id=table.key[0]) if bad is not None and failed else pl.DataFrame()
        self.rows.append(
            {
                "as_of": self.day,
                "table": table.name,
                "check": name,
                "asks": asks,
                "severity": severity,
                "stop_above": stop_above,
                "rows_checked": checked,
                "rows_failed": failed,
                "share": failed / checked if failed is not None and checked else None,
                "result": STOPPED if stops else WARNED if fails else PASSED,
                "examples": shown.unique(maintain_order=True).head(EXAMPLES).to_dicts(),
                "note": note,
            }
        )
