"""What was decided about each customer on past days: who would have been listed, and in which arm."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.outreach.history import DECISIONS_FILE, published_before

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
    parts = [published.read(DECISIONS_FILE, READ) for published in published_before(root / "published", day)]
    return pl.concat([pl.DataFrame(schema=pl.Schema(READ)), *parts])
