"""Training: labelled matrix, time split, churn and value models, opponents, grade, registration."""

import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from configs.settings import Settings
from features.catalog import dictionary, fingerprint
from features.context import Fitted
from features.family import Family
from features.time import Cutoff
from features.timeline import Bucket
from models.evaluate import evaluate
from models.pair import ModelPair, features_only
from models.promote import refuse_too_few
from models.splits import Split, split_by_time
from models.tracking import RECIPE_FILE, log_training, make_champion
from pipelines.build import (
    context_at,
    families_of,
    features_of,
    first_purchase_day,
    fit_context,
    labelled_features_of,
    open_store,
    over_buckets,
    sampled,
    tables_in,
)
from pipelines.progress import Log
from pipelines.storage import MANIFEST, combined_hash, read_json

REPORT_FILE = "report.json"


def train(settings: Settings, cutoff: Cutoff, log: Log) -> dict[str, str]:
    """Train on the store of `cutoff`, register both models, make them champion; returns registered name -> version.

    Labels are fully observed before `cutoff`. The figures logged are out of time: of a model trained on cutoffs whose
    horizons were over before the test cutoff. The registered model learns from all labelled cutoffs. It becomes
    champion once it passes the sanity checks, whatever its grade. Raises ModelError otherwise.
    """
    store = open_store(settings, cutoff)
    split = split_by_time(cutoff, first_purchase_day(store, settings), settings)
    # As of the last training cutoff of the test, so that the test's features know no more than its model.
    fitted = fit_context(store, split.train[-1], settings)
    for reason in fitted.missing:
        log(f"warning: features left out: {reason}")
    families = families_of(store, settings, fitted)
    labelled, cohort = _matrices(settings, store, families, fitted, split, cutoff)
    log(f"{labelled.height:,} labelled rows at {len(split.labelled)} cutoffs, {features_only(labelled).width} features")

    earlier = labelled.filter(pl.col("cutoff").is_in([c.day for c in split.train]))
    test = labelled.filter(pl.col("cutoff") == split.test.day)
    at_least = settings.training.churned_and_retained_at_least
    refuse_too_few(earlier["churned"].to_numpy(), at_least, "training")
    refuse_too_few(test["churned"].to_numpy(), at_least, "test")
    evaluation = evaluate(ModelPair.train(earlier, test, settings.training), earlier, test, settings.training.seed)
    for line in evaluation.lines():
        log(line)

    pair = ModelPair.train(labelled, cohort, settings.training)
    recipe: dict[str, Any] = pair.recipe() | {
        "as_of": cutoff.day.isoformat(),
        "features": pair.churn.feature_name(),
        "catalogue": fingerprint(families, tables_in(store)),
        "context": fitted.recipe(),
        "grade": evaluation.judgement.grade,
        "churn": settings.churn.model_dump(),
        "clv_horizon_days": settings.clv_horizon_days,
    }
    manifest = read_json(store / MANIFEST)
    report = {"customers": evaluation.customers, "figures": evaluation.figures, "intervals": evaluation.intervals}
    versions = log_training(
        settings,
        {settings.tracking.churn_model: pair.churn, settings.tracking.clv_model: pair.clv.retained},
        parameters=settings.training.model_dump() | settings.churn.model_dump() | _cutoffs(split, cutoff),
        metrics=evaluation.as_metrics(),
        tags={
            "catalogue": recipe["catalogue"],
            "data_hash": manifest["data_hash"],
            "config_hash": combined_hash(settings.comparable()),
            "git_commit": _git_commit(),
            "grade": recipe["grade"],
        },
        artifacts={
            RECIPE_FILE: recipe,
            REPORT_FILE: report | {"judgement": asdict(evaluation.judgement)},
            "features.json": dictionary(families),
        },
    )
    make_champion(settings, versions)
    log("champion: " + ", ".join(f"{name} version {version}" for name, version in versions.items()))
    return versions


def _matrices(
    settings: Settings, store: Path, families: Sequence[Family], fitted: Fitted, split: Split, cutoff: Cutoff
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The labelled matrix of all labelled cutoffs, and the unlabelled one of the as-of date's cohort.

    Both of the same sample of customers where all of them would make more than `rows_limit` rows.
    """
    customers = pl.scan_parquet(store / "customers").select(pl.len()).collect().item()
    share = settings.training.rows_limit / (customers * len(split.labelled))
    context = context_at(store, [*split.labelled, cutoff], families, fitted)

    def matrices(tables: Bucket) -> tuple[pl.DataFrame, pl.DataFrame]:
        tables = sampled(tables, share)
        labelled = labelled_features_of(tables, split.labelled, families, context, settings)
        return labelled, features_of(tables, [cutoff], families, context, settings)

    labelled, cohort = zip(*over_buckets(store, families, matrices), strict=True)
    return pl.concat(labelled), pl.concat(cohort)


def _cutoffs(split: Split, cutoff: Cutoff) -> dict[str, Any]:
    days = [c.day.isoformat() for c in split.labelled]
    return {
        "as_of": cutoff.day.isoformat(),
        "cutoffs": len(days),
        "first_cutoff": days[0],
        "last_cutoff": days[-1],
        "last_training_cutoff_of_test": split.train[-1].day.isoformat(),
    }


def _git_commit() -> str:
    """Commit of the code that is running, "unknown" outside a git checkout."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
