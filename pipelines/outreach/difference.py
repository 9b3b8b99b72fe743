"""What a new revision of a day's publication says otherwise than the one before."""

from pathlib import Path

import polars as pl

from pipelines.outreach.history import DECISIONS_FILE
from pipelines.outreach.lists import write_csv
from pipelines.outreach.policy import LISTED
from pipelines.progress import Log

FOLDER = "differences"
COMPARED = ("decision", "code", "churn_probability", "value_at_risk", "account_manager")


def report_difference(root: Path, done: Path, log: Log) -> None:
    """Write `differences/<date>-<n>.csv` below `root` where the publication `done` is not the first of its day.

    It is for the data team, since it tells the controls. Every run writes it anew, which heals a run that died.
    """
    before = done.with_name(str(int(done.name) - 1))
    if not (before / DECISIONS_FILE).exists():
        return
    found = difference(pl.read_parquet(before / DECISIONS_FILE), pl.read_parquet(done / DECISIONS_FILE))
    file = root / FOLDER / f"{done.parent.name}-{done.name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_csv(found, file)
    came = (found["decision"] == LISTED) & (found["decision_before"] != LISTED).fill_null(True)
    went = (found["decision_before"] == LISTED) & (found["decision"] != LISTED).fill_null(True)
    log(
        f"revision {done.name} of {done.parent.name} against {before.name}: {found.height:,} customers differ, "
        f"{came.sum():,} came onto the lists, {went.sum():,} left them; see {file}"
    )


def difference(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The customers whose `COMPARED` columns differ, by customer_id: each column, and as it was (`_before`).

    Null where a customer was not decided on, before or now.
    """
    columns = ["customer_id", *COMPARED]
    both = after.select(columns).join(
        before.select(columns), on="customer_id", how="full", suffix="_before", coalesce=True
    )
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in COMPARED)
    return both.filter(~same).sort("customer_id")
