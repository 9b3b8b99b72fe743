"""The figures of every night, and for how many nights in a row each has been beyond what is usual."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from configs.monitoring import Monitoring
from models.drift import discoveries
from models.learned_from import EVERYBODY
from pipelines.monitoring.checks import BASE_RATE, COLUMNS, FEATURES, FIGURE, SCORES
from pipelines.storage import write_whole

MONITOR_FILE = "monitor.parquet"
OK, WARN, ALARM = "ok", "warn", "alarm"
KEYS = ["check", "table", "name", "of"]
TESTED_TOGETHER = ([FEATURES, SCORES], [BASE_RATE], [COLUMNS])  # the rate is shared; an alarm only where they persist
NIGHT = {"day": pl.Date(), **FIGURE, "nights": pl.Int64(), "level": pl.String()}


def history(root: Path) -> pl.DataFrame:
    """All figures so far, columns `NIGHT`; no rows before the first night."""
    file = root / MONITOR_FILE
    return pl.read_parquet(file) if file.exists() else pl.DataFrame(schema=NIGHT)


def judged(figures: pl.DataFrame, before: pl.DataFrame, day: date, limits: Monitoring) -> pl.DataFrame:
    """`figures` (columns `checks.FIGURE`) of `day` with `beyond`, `nights` and `level`: columns `NIGHT`.

    A figure with a p-value is beyond where that is a discovery among those tested together, and where it was `beyond` a
    limit of its own, or else has a PSI of at least `limits.psi`. `nights`: this one and the monitored nights just
    before it, as told by `before`, on which it was so too. `level`: "warn" where it is beyond and no alarm yet. Figures
    of groups that are not beyond are left out.
    """
    levels = {check: getattr(limits, check.replace(" ", "_")) for check in figures["check"].unique()}
    figures = figures.filter(pl.col("check").replace_strict(levels) != "off") if levels else figures
    large = pl.coalesce("beyond", pl.col("value") >= limits.psi)
    beyond = large & (pl.col("p").is_null() | _found(figures, limits))
    now = figures.with_columns(pl.lit(day).alias("day"), beyond=beyond.fill_null(False)).filter(
        pl.col("beyond") | pl.col("of").is_null() | (pl.col("of") == EVERYBODY)
    )
    joined = now.join(
        _beyond_before(before, day), on=KEYS, how="left", validate="m:1", maintain_order="left", nulls_equal=True
    )
    nights = pl.when("beyond").then(1 + pl.col("before").fill_null(0)).otherwise(0).cast(pl.Int64)
    needed = pl.when(pl.col("check").is_in(sum(TESTED_TOGETHER, []))).then(limits.persists_nights).otherwise(1)
    level = pl.when(~pl.col("beyond")).then(pl.lit(OK)).when(pl.col("nights") < needed).then(pl.lit(WARN))
    configured = pl.col("check").replace_strict(levels, return_dtype=pl.String) if levels else pl.lit(OK)
    return (
        joined.with_columns(nights=nights)
        .with_columns(level=level.otherwise(configured))
        .select(list(NIGHT))
        .cast(dict(NIGHT))
    )


def _found(figures: pl.DataFrame, limits: Monitoring) -> pl.Series:
    """Whether the p-value of each figure is a discovery; every group of checks has an equal part of the rate."""
    found = np.zeros(figures.height, dtype=bool)
    for checks in TESTED_TOGETHER:
        p = figures.select(pl.when(pl.col("check").is_in(checks)).then("p").fill_null(float("nan"))).to_series()
        found |= discoveries(p.fill_null(float("nan")).to_numpy(), limits.false_alarm_rate / len(TESTED_TOGETHER))
    return pl.Series(found)


def _beyond_before(before: pl.DataFrame, day: date) -> pl.DataFrame:
    """For how many nights in a row just before `day` each figure was beyond: `KEYS` and `before`."""
    earlier = before.filter(pl.col("day") < day)
    nights = earlier["day"].unique().sort(descending=True)
    ago = pl.col("day").replace_strict(nights, range(len(nights)), return_dtype=pl.Int64)
    numbered = earlier.filter("beyond").select(*KEYS, ago=ago).sort("ago") if len(nights) else earlier
    if numbered.is_empty():
        return pl.DataFrame(schema={key: pl.String() for key in KEYS} | {"before": pl.Int64()})
    in_a_row = pl.col("ago") == pl.int_range(pl.len()).over(KEYS)
    return numbered.filter(in_a_row).group_by(KEYS).agg(before=pl.len().cast(pl.Int64))


def forget_figures(root: Path, first: date) -> int:
    """Remove the figures of nights before `first`; returns how many."""
    before = history(root)
    kept = before.filter(pl.col("day") >= first)
    if kept.height < before.height:
        write_whole(root / MONITOR_FILE, kept)
    return before.height - kept.height


def write_history(root: Path, before: pl.DataFrame, night: pl.DataFrame, day: date) -> None:
    """Put `night` in the place of what was known of `day`, and leave the other days as they are."""
    after = pl.concat([before.filter(pl.col("day") != day), night]).sort("day", maintain_order=True)
    write_whole(root / MONITOR_FILE, after)
