"""Is a night like the days its champion learned from: features, scores, and how many leave?

Training keeps what is needed with the model: counts by day and segment, no customer's row.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import polars as pl

from configs.monitoring import Monitoring
from configs.settings import Settings
from features.catalog import dictionary
from features.cohort import cohort
from features.family import Family
from features.labels import labels
from features.matrix import KEYS
from features.time import Cutoff
from models.drift import unlike
from models.learned_from import CHURNED, EVERYBODY, compared, learned_from, rates
from models.pair import ModelPair, features_only
from models.tracking import Registered, load_champion, load_table, log_table
from pipelines.build import SAMPLE_PARTS, tables_by_bucket
from pipelines.monitoring.checks import AGE, BASE_RATE, FEATURES, SCORES, figures
from pipelines.progress import Log
from pipelines.score import FEATURES_FILE, SCORES_FILE
from pipelines.storage import sample_part_of

KEPT_FILE = "learned_from.parquet"
NOISE = 0.5  # most that the standard error of a share can be, times the root of the customers
ROWS = 200_000  # customers of a night compared; of more, a share
READ = ["customers", "transactions", "contracts", "costs", "objections"]


def keep_learned_from(
    settings: Settings,
    store: Path,
    families: tuple[Family, ...],
    labelled: pl.DataFrame,
    pair: ModelPair,
    versions: Mapping[str, str],
) -> None:
    """Keep with the registered models what `labelled`, the rows they learned from, looked like.

    Raises DependencyError where MLflow does not answer.
    """
    features = features_only(labelled)
    watched = pl.concat([labelled.select("cutoff", CHURNED), features, pair.without_level(labelled)], how="horizontal")
    tables = {str(entry["name"]): str(entry["table"] or "") for entry in dictionary(families)}
    log_table(settings, versions, KEPT_FILE, learned_from(watched, segments(store, labelled), tables))


def champion_figures(settings: Settings, store: Path, cutoff: Cutoff, scored: Path, log: Log) -> pl.DataFrame:
    """The champion's age, and features, scores and base rate of the night in the folder `scored`: `checks.FIGURE`.

    Its age alone, with a warning, where the champion kept nothing to compare with.
    """
    champion = load_champion(settings)
    age = of_age(champion, cutoff.day, settings.monitoring)
    kept = load_table(settings, champion.version, KEPT_FILE)
    if kept is None:
        log(f"warning: model version {champion.version} keeps nothing to compare a night with. Train again.")
        return figures([age])
    scores = pl.read_parquet(scored / SCORES_FILE)
    rows = [age, *_of_base_rate(settings, kept, store, cutoff, scores)]
    looked_at = pl.scan_parquet(scored / FEATURES_FILE).select(*KEYS, *champion.recipe["features"])
    if scores.height > ROWS:
        looked_at = looked_at.filter(
            sample_part_of(pl.col("customer_id"), SAMPLE_PARTS) < ROWS / scores.height * SAMPLE_PARTS
        )
    matrix = looked_at.collect()
    pair = ModelPair.restore(champion.churn, champion.clv, champion.recipe)
    watched = pl.concat([features_only(matrix), pair.without_level(matrix)], how="horizontal")
    for row in compared(kept, watched, segments(store, matrix), cutoff.day).iter_rows(named=True):
        is_score = row["name"] not in champion.recipe["features"]
        what = "how much is known" if row["missing"] else "values"
        rows.append(
            {
                "check": SCORES if is_score else FEATURES, "table": row["table"], "of": row["of"],
                "name": f"{row['name']} (known at all)" if row["missing"] else row["name"],
                "value": row["psi"], "usual": row["usual"], "p": row["p"],
                "says": f"{what}: PSI {row['psi']:.2f} to the day of training most like it, {row['most_like']}; "
                f"usually up to {row['usual']:.2g}",
            }
        )  # fmt: skip
    return figures(rows)


def of_age(champion: Registered, day: date, limits: Monitoring) -> dict[str, object]:
    """How many days before `day` the champion was trained; beyond once it is older than it is trusted for."""
    as_of = champion.recipe["as_of"]
    days = (day - date.fromisoformat(as_of)).days
    return {
        "check": AGE, "name": "champion", "value": float(days), "usual": float(limits.champion_days),
        "beyond": days > limits.champion_days,
        "says": f"trained as of {as_of}, {days} days before; trusted for {limits.champion_days}. Run `holdfast train`",
    }  # fmt: skip


def segments(store: Path, rows: pl.DataFrame) -> pl.Series:
    """The newest known segment of each row's customer; null where there is none."""
    people = pl.scan_parquet(store / "customers")
    if "segment" not in people.collect_schema().names():
        return pl.Series("segment", [None] * rows.height, dtype=pl.String)
    newest = people.sort("customer_id", "valid_from").unique("customer_id", keep="last").collect()
    joined = rows.select("customer_id").join(
        newest.select("customer_id", "segment"), on="customer_id", how="left", maintain_order="left"
    )
    return joined["segment"]


def _of_base_rate(
    settings: Settings, kept: pl.DataFrame, store: Path, cutoff: Cutoff, scores: pl.DataFrame
) -> Iterator[dict[str, object]]:
    """The share scored as leaving, and the share that left in the last window that is over, against the training's.

    Beyond where it lies outside the range of the days learned from by more than is allowed and than chance explains,
    and farther (`p`) than the shares of these days, as far apart in time, lay from each other anyway.
    """
    limits: Monitoring = settings.monitoring
    past = Cutoff(cutoff.day - timedelta(days=settings.observation_days), cutoff.zone)
    happened = observed(settings, store, past)
    tonight = (scores, segments(store, scores), "churn_probability", cutoff, "scored as leaving", "")
    over = (happened, segments(store, happened), CHURNED, past, "left", f" after {past.day}")
    for of, learned in rates(kept).items():
        low, high = learned.shares.min(), learned.shares.max()
        for frame, segment, column, at, name, when in (tonight, over):
            part = frame if of == EVERYBODY else frame.filter((segment == of).fill_null(False))
            if part.is_empty():
                continue
            share = float(part[column].mean())  # ty: ignore[invalid-argument-type]
            left = round(share * part.height)
            found = unlike(np.array([part.height - left, left]), at.day, learned.counts, learned.days)
            outside = limits.base_rate_moved + 2 * NOISE / sqrt(part.height)
            yield {
                "check": BASE_RATE, "name": name, "of": of, "value": share, "usual": float(learned.shares[-1]),
                "p": None if found is None or isnan(found.p) else found.p,
                "beyond": bool(not low - outside <= share <= high + outside),
                "says": f"{share:.1%} {name}{when}; {low:.1%} to {high:.1%} left on the days learned from",
            }  # fmt: skip


def observed(settings: Settings, store: Path, past: Cutoff) -> pl.DataFrame:
    """Who was in the cohort of `past`, whose horizon is over, with the columns of `features.labels`."""
    parts = []
    for tables in tables_by_bucket(store, only=READ):
        rows = cohort(tables, [past], settings.churn)
        parts.append(labels(tables, rows, [past], settings.churn, settings.clv_horizon_days))
    return pl.concat(parts)
