"""Training: churn and value models, opponents, grade, registration, and who is champion."""

import subprocess
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from configs.modelling import Training
from configs.settings import Settings
from features.catalog import dictionary, fingerprint
from features.time import Cutoff
from models.baselines import Opponents, opponents
from models.challenge import Decision, Entrant, Recipe, decide
from models.champion import Entry, enter
from models.evaluate import Evaluation, evaluate
from models.pair import ModelPair
from models.splits import Split
from models.tracking import RECIPE_FILE, log_training, make_champion
from models.tuned import with_tuned
from pipelines.build import open_store, tables_in, visits_of
from pipelines.challenge import challenge
from pipelines.monitoring.champion import keep_learned_from
from pipelines.prepare import Prepared, prepare, prepared_by, refuse_unsound
from pipelines.progress import Log
from pipelines.storage import MANIFEST, champion_lock, combined_hash, read_json

REPORT_FILE = "report.json"
CHAMPION_WAIT_SECONDS = 60  # for a person who is promoting


@dataclass(frozen=True)
class Judged:
    """The test cutoff: its `scores` by a `pair` that learned from earlier ones, those of `rivals`, and how they did."""

    pair: ModelPair
    scores: pl.DataFrame
    rivals: Opponents
    evaluation: Evaluation


def train(settings: Settings, cutoff: Cutoff, log: Log) -> dict[str, str]:
    """Train on the store of `cutoff`, register, and decide who is champion; returns its registered name -> version.

    Labels are fully observed before `cutoff`. The figures logged are out of time: of a model trained on cutoffs whose
    horizons were over before the test cutoff. The registered model learns from all labelled cutoffs. Once it passes
    the sanity checks it becomes champion whatever its grade, unless its recipe is behind the champion's: then that
    recipe learns anew, and goes on. Raises ModelError where a check fails.
    """
    settings = with_tuned(settings, cutoff.day, log)
    store = open_store(settings, cutoff)
    prepared = prepare(settings, store, cutoff, log)
    refuse_unsound(settings, prepared)
    outcome = judged(settings, store, prepared)
    for line in outcome.evaluation.lines():
        log(line)

    def by(recipe: Recipe) -> tuple[Settings, Prepared]:
        return prepared_by(recipe, settings, store, cutoff, prepared)

    with champion_lock(settings.root, CHAMPION_WAIT_SECONDS):
        decision, kept = challenge(settings, entrant(settings, prepared), lambda recipe: entrant(*by(recipe)), log)
        versions = register(settings, store, cutoff, prepared, outcome, decision, log)
        if kept:
            theirs, matrices = by(kept)
            outcome = judged(theirs, store, matrices)
            versions = register(theirs, store, cutoff, matrices, outcome, decide(decision.opponent), log)
    return versions


def register(
    settings: Settings,
    store: Path,
    cutoff: Cutoff,
    prepared: Prepared,
    outcome: Judged,
    decision: Decision,
    log: Log,
) -> dict[str, str]:
    """Learn from all labelled cutoffs, register both models with the decision about them, and act on it.

    Returns registered name -> version.
    """
    from pipelines.reports.training import Trained, write_report  # drawing takes seconds to import

    labelled, fitted, families = prepared.labelled, prepared.fitted, prepared.families
    evaluation = outcome.evaluation
    pair = fit_pair(settings, prepared.split, labelled, prepared.cohort)
    tonight = pair.score(prepared.cohort)
    level = _level_moved(labelled, tonight)
    log(level)
    recipe: dict[str, Any] = pair.recipe() | {
        "as_of": cutoff.day.isoformat(),
        "features": pair.churn.trees.feature_name(),
        "training": settings.training.model_dump(exclude={"threads"}),
        "catalogue": fingerprint(families, tables_in(store)),
        "context": fitted.recipe(),
        "grade": evaluation.judgement.grade,
        "definition": settings.churn.meaning(),
        "clv_horizon_days": settings.clv_horizon_days,
    }
    manifest = read_json(store / MANIFEST)
    tags = {
        "catalogue": recipe["catalogue"],
        "data_hash": manifest["data_hash"],
        "config_hash": combined_hash(settings.comparable()),
        "git_commit": _git_commit(),
        "grade": recipe["grade"],
        **decision.tags(),
    }
    versions = log_training(
        settings,
        {settings.tracking.churn_model: pair.churn.trees, settings.tracking.clv_model: pair.clv.trees},
        parameters=settings.training.model_dump()
        | settings.churn.meaning()
        | {"further_days": settings.churn.further_days}
        | _cutoffs(prepared.split, cutoff),
        metrics=evaluation.as_metrics() | decision.metrics(),
        tags=tags,
        artifacts={RECIPE_FILE: recipe, REPORT_FILE: asdict(evaluation), "features.json": dictionary(families)},
    )
    keep_learned_from(settings, store, families, labelled, pair, versions)
    write_report(Trained(settings, prepared, outcome, tonight, level, manifest, tags, versions), log)
    version, held_back = versions[settings.tracking.churn_model], decision.verdict == "held back"
    if not held_back:
        make_champion(settings, versions)
    enter(settings, Entry(version, decision.verdict, decision.reason, cutoff.day))
    numbered = ", ".join(f"{name} version {version}" for name, version in versions.items())
    log(f"{'held back' if held_back else 'champion'}: {numbered} ({decision.reason})")
    if held_back:
        log(f"to make it champion all the same: holdfast promote --version {version}")
    return versions


def entrant(settings: Settings, prepared: Prepared) -> Entrant:
    """What these settings and matrices enter a comparison of recipes with."""
    return Entrant(prepared.labelled, partial(fit_pair, settings, prepared.split))


def fit_pair(settings: Settings, split: Split, labelled: pl.DataFrame, cohort: pl.DataFrame) -> ModelPair:
    """The models that learn from `labelled`, rows of the cutoffs of `split`, for the day of `cohort`."""
    return ModelPair.train(labelled, cohort, training_of(settings, split), settings.observation_days, settings.churn)


def training_of(settings: Settings, split: Split) -> Training:
    """How models of the cutoffs of `split` are trained: with the history that all of them have."""
    return settings.training.model_copy(update={"lookback_days": split.lookback_days})


def judged(settings: Settings, store: Path, prepared: Prepared) -> Judged:
    """A pair that learned from the earlier cutoffs only, on the test cutoff, beside its opponents."""
    earlier, test = prepared.earlier, prepared.test
    pair = fit_pair(settings, prepared.split, earlier, test)
    scores = pair.score(test)
    visits = visits_of(store, prepared.split.test)
    rivals = opponents(earlier, test, visits, settings.churn.horizon_days, settings.clv_horizon_days)
    return Judged(pair, scores, rivals, evaluate(scores, test, rivals, settings.training.seed))


def _level_moved(labelled: pl.DataFrame, scores: pl.DataFrame) -> str:
    """How far the expected share of leavers lies from that of the latest labelled cutoff, and of a year ago."""
    day = scores["cutoff"][0]
    rates = labelled.group_by("cutoff").agg(pl.col("churned").mean()).sort("cutoff")
    latest, rate = rates.row(-1)
    line = f"base rate: {scores['churn_probability'].mean():.3f} expected on {day}, {rate:.3f} on {latest}"
    year_ago = rates.filter((pl.col("cutoff") - (day - timedelta(days=365))).dt.total_days().abs() <= 10)
    return line + (f", {year_ago['churned'][0]:.3f} on {year_ago['cutoff'][0]}" if year_ago.height else "")


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
