"""Is every table as fresh and as full as it usually is on such a day, and how much of it was refused?"""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from configs.monitoring import Monitoring
from features.time import Cutoff
from pipelines.build import tables_in
from pipelines.monitoring.checks import FRESHNESS, QUARANTINED, VOLUME, figures
from pipelines.storage import MANIFEST, read_json

Counts = NDArray[np.int64]
YEAR = 378  # days looked back on: a year and two weeks
PEERS = (*range(7, 57, 7), 357, 364, 371)  # days before, of the same weekday, lately and a year ago
PEERS_AT_LEAST = 4
DAYS_AT_LEAST = 10  # with rows, below which nothing is said of a table
SURPRISE = 1e-4  # Poisson probability above which a count is put down to chance


def table_figures(store: Path, cutoff: Cutoff, limits: Monitoring) -> pl.DataFrame:
    """Freshness, volume and refused share of every table in the store, as rows of `checks.FIGURE`."""
    rows = []
    for table, counts in read_json(store / MANIFEST)["tables"].items():
        judged = counts["kept"] + counts["quarantined"]
        share, limit = counts["quarantined"] / max(judged, 1), limits.quarantined_share
        says = f"{counts['quarantined']:,} of {judged:,} rows refused, {limit:.1%} may be"
        rows.append(
            {"check": QUARANTINED, "table": table, "value": share, "usual": limit, "beyond": share > limit}
            | {"says": says}
        )
    for table in tables_in(store):
        by_day = rows_by_day(store, table, cutoff)
        if (by_day > 0).sum() >= DAYS_AT_LEAST:
            rows += [{"table": table} | freshness(by_day), {"table": table} | volume(by_day, limits.volume_factor)]
    return figures([row for row in rows if "check" in row])


def rows_by_day(store: Path, table: str, cutoff: Cutoff) -> Counts:
    """Rows learned of on each of the `YEAR` days before `cutoff`, yesterday first; none before the first row."""
    known = pl.scan_parquet(store / table).filter(pl.col("known_at") >= cutoff.days_before(YEAR))
    day = pl.col("known_at").dt.convert_time_zone(cutoff.zone.key).dt.date()
    found = known.group_by((pl.lit(cutoff.day) - day).dt.total_days().alias("ago")).len().collect()
    by_day = np.zeros(YEAR + 1, dtype=np.int64)
    found = found.filter(pl.col("ago").is_between(1, YEAR))
    by_day[found["ago"].to_numpy() - 1] = found["len"].to_numpy()
    return np.trim_zeros(by_day, "b")


def freshness(by_day: Counts) -> dict[str, object]:
    """Days since the newest row; beyond where that is clearly longer than the longest pause of the year before."""
    pauses = np.diff(np.flatnonzero(by_day)) - 1
    since, longest = int(np.flatnonzero(by_day)[0]), int(pauses.max(initial=0))
    says = f"no new row for {since} days; the longest pause in the year before was {longest}"
    return {
        "check": FRESHNESS, "value": float(since), "usual": float(longest), "beyond": since > 1.5 * longest + 1,
        "says": says,
    }  # fmt: skip


def volume(by_day: Counts, factor: float) -> dict[str, object]:
    """Rows of yesterday; beyond where they are `factor` times fewer, or more, than on any such weekday of the last
    eight weeks and around a year ago, and a Poisson count would not be so by chance. Empty for a short log."""
    peers = by_day[[ago for ago in PEERS if ago < len(by_day)]]
    if len(peers) < PEERS_AT_LEAST:
        return {}
    rows, low, high = int(by_day[0]), float(peers.min()), float(peers.max())
    few = rows < low / factor and stats.poisson.cdf(rows, low) < SURPRISE
    many = rows > high * factor and stats.poisson.sf(rows - 1, max(high, 1.0)) < SURPRISE
    says = f"{rows:,} new rows the day before; {low:,.0f} to {high:,.0f} on such a weekday"
    usual = float(np.median(peers))
    return {"check": VOLUME, "value": float(rows), "usual": usual, "beyond": bool(few or many), "says": says}
