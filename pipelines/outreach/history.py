"""Publications of the days before. What a later one says is never read, so a backfilled day sees its own past only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.score import SCORES_FILE
from pipelines.storage import MANIFEST, sha256_of

DECISIONS_FILE = "decisions.parquet"
ASSIGNMENTS_FILE = "assignments.parquet"
RISK_LIST_FILE = "risk_list.parquet"
WHY_FILE = "why.parquet"
LEAVE_ALONE_FILE = "leave_alone.parquet"
HISTORY_DAYS = 30

Schema = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Published:
    """One publication: its day, and the folder of the revision that was current when it was looked for."""

    day: date
    folder: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its manifest, which holds those of all its files."""
        return sha256_of(self.folder / MANIFEST)

    def read(self, file: str, schema: Schema) -> pl.DataFrame:
        """The columns of `schema` of one of its files; no rows where an older version wrote no such file or column."""
        path = self.folder / file
        if not path.exists() or not set(schema) <= set(pl.read_parquet_schema(path)):
            return pl.DataFrame(schema=schema)
        return pl.read_parquet(path, columns=list(schema)).select(list(schema))


def published_before(root: Path, day: date) -> list[Published]:
    """All publications below `root` of days before `day`, oldest first."""
    days = sorted(found for link in root.glob("????-??-??") if (found := _day(link.name)) is not None)
    return [published for found in days if found < day for published in published_on(root, found)]


def published_on(root: Path, day: date) -> list[Published]:
    """The publication of this very day, where a run left one."""
    link = root / day.isoformat()
    return [Published(day, link.resolve())] if link.exists() else []


def probability_history(earlier: Sequence[Published], tonight: pl.DataFrame, day: date) -> pl.DataFrame:
    """customer_id and probability_history for each row of `tonight` (customer_id, churn_probability), in its order.

    A list of structs (day, churn_probability), oldest first: the scores published in the `HISTORY_DAYS` days before
    `day`, then tonight's. Only these customers' figures are read.
    """
    columns = ["customer_id", "churn_probability"]
    now = tonight.select(columns).with_columns(day=pl.lit(day))
    first = day - timedelta(days=HISTORY_DAYS)
    files = {p.day: p.folder / SCORES_FILE for p in earlier if p.day >= first and (p.folder / SCORES_FILE).exists()}
    listed = pl.col("customer_id").is_in(tonight["customer_id"].implode())
    parts = [
        pl.scan_parquet(file).select(columns).filter(listed).with_columns(day=pl.lit(when))
        for when, file in files.items()
    ]
    figures = pl.concat([*pl.collect_all(parts), now])
    found = figures.group_by("customer_id").agg(
        probability_history=pl.struct("day", "churn_probability").sort_by("day")
    )
    return tonight.select("customer_id").join(found, on="customer_id", how="left", maintain_order="left")


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
