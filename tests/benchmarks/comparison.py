"""Whether two contestants found the same: rows and counts exactly, fractions to 1e-9."""

from pathlib import Path

import polars as pl

from tests.benchmarks.declared import FEATURES

KEYS = ["customer_id", "cutoff"]
ROWS_COMPARED = 300_000
TOLERANCE = 1e-9


def rows_in(folder: Path) -> int:
    """Rows of all files in `folder`; 0 where there is none."""
    return _scan(folder).select(pl.len()).collect().item() if any(folder.iterdir()) else 0


def difference(expected: Path, actual: Path) -> str | None:
    """What first differs between two folders of results, in words; None where they agree.

    All rows are counted; of many rows the values are compared of a part of the customers.
    """
    rows = rows_in(expected)
    if rows_in(actual) != rows:
        return f"{rows_in(actual):,} rows instead of {rows:,}"
    part = pl.col("customer_id").hash(seed=0) % (1 + rows // ROWS_COMPARED) == 0
    ours, theirs = (
        _scan(folder).select(*KEYS, *FEATURES).filter(part).sort(KEYS).collect() for folder in (expected, actual)
    )
    if not ours.select(KEYS).equals(theirs.select(KEYS)):
        return "other customers"
    for name in FEATURES:
        scale = ours[name].abs().clip(lower_bound=1)
        same = ((ours[name] - theirs[name]).abs() <= TOLERANCE * scale).fill_null(False)
        if not same.all():
            customer, day = ours.select(KEYS).filter(~same).row(0)
            mine, other = (values.filter(~same)[0] for values in (ours[name], theirs[name]))
            return f"{name} of {customer} at {day} is {other} instead of {mine}"
    return None


def _scan(folder: Path) -> pl.LazyFrame:
    return pl.scan_parquet(sorted(folder.glob("*.parquet")))
