"""What was decided about each customer on past days: who would have been listed, and in which arm."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

DECISIONS_FILE = "decisions.parquet"
READ: Mapping[str, pl.DataType] = {
    "customer_id": pl.String(),
    "cutoff": pl.Date(),
    "season": pl.String(),
    "arm": pl.String(),
    "would_list": pl.Boolean(),
    "churn_probability": pl.Float64(),
    "value_at_risk": pl.Float64(),
    "predicted_clv": pl.Float64(),
    "account_manager": pl.String(),
}


def decisions_before(root: Path, day: date) -> pl.DataFrame:
    """The decisions (columns `READ`) of every publication under `root` for a day before `day`, oldest first.

    A customer who was left alone has a row too, with `would_list` false. Publications without decisions are left out.
    """
    published = root / "published"
    files = sorted(file for file in published.glob(f"[0-9]*/{DECISIONS_FILE}") if file.parent.name < day.isoformat())
    parts = [pl.read_parquet(file, columns=list(READ)).cast(pl.Schema(READ)) for file in files]
    return pl.concat([pl.DataFrame(schema=READ), *parts])
