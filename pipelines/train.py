"""Training: labelled matrix, time split, churn and value models, opponents, grade, registration."""

import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from configs.modelling import Training
from configs.settings import Settings
from features.catalog import dictionary, fingerprint
from features.context import Fitted
from features.family import Family
from features.matrix import KEYS
from features.time import Cutoff
from features.timeline import Bucket
from models.alarms import refuse_apart, refuse_learning_noise, refuse_reversed, shuffled_auc
from models.baselines import RECENCY, Opponents, opponents
from models.boosting import fit, predict
from models.challenge import Decision, Entrant, Recipe, decide
from models.champion import Entry, enter
from models.effect import first_listed
from models.evaluate import Evaluation, evaluate
from models.leaks import refuse_known_only_for_leavers, refuse_leaking_features
from models.metrics import Floats
from models.pair import LABELS, ModelPair, features_only
from models.promote import refuse_too_few
from models.splits import Split, split_by_time
from models.tracking import RECIPE_FILE, log_training, make_champion
from models.treated import without_treated
from models.tuned import SEARCHED, with_tuned
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
    visits_of,
)
from pipelines.challenge import challenge
from pipelines.decisions import decisions_before
from pipelines.monitoring.champion import keep_learned_from
from pipelines.progress import Log
from pipelines.storage import MANIFEST, champion_lock, combined_hash, read_json

REPORT_FILE = "report.json"
SHUFFLED_ROUNDS = 30  # enough to learn what is there
CHAMPION_WAIT_SECONDS = 60  # for a person who is promoting
OF_FITTING = {*SEARCHED, "rounds", "value_model", "seed", "threads"}  # settings that leave the matrices as they are


@dataclass(frozen=True)
class Judged:
    """The test cutoff: its `scores` by a `pair` that learned from earlier ones, those of `rivals`, and how they did."""

    pair: ModelPair
    scores: pl.DataFrame
    rivals: Opponents
    evaluation: Evaluation


@dataclass(frozen=True)
class Prepared:
    """What training on a day learns from: the labelled matrix of all labelled cutoffs, and that of the day's cohort."""

    split: Split
    fitted: Fitted
    families: tuple[Family, ...]
    labelled: pl.DataFrame
    cohort: pl.DataFrame

    @property
    def earlier(self) -> pl.DataFrame:
        """The labelled rows that the model of the test learns from: horizons over before it, or other customers."""
        return self.split.parts(self.labelled)[0]

    @property
    def test(self) -> pl.DataFrame:
        """The labelled rows of the test cutoff."""
        return self.split.parts(self.labelled)[1]


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


def prepared_by(
    recipe: Recipe, settings: Settings, store: Path, cutoff: Cutoff, prepared: Prepared
) -> tuple[Settings, Prepared]:
    """Settings and matrices to train by another recipe on the same day; `prepared`: the matrices for `settings`."""
    training = recipe.training(settings.training.threads)
    theirs = settings.model_copy(update={"training": training})
    if training.model_dump(exclude=OF_FITTING) != settings.training.model_dump(exclude=OF_FITTING):
        prepared = prepare(theirs, store, cutoff, lambda _: None)
    features = [name for name in features_only(prepared.labelled).columns if name in recipe.features]
    labelled, cohort = prepared.labelled.select(*KEYS, *features, *LABELS), prepared.cohort.select(*KEYS, *features)
    return theirs, replace(prepared, labelled=labelled, cohort=cohort)


def prepare(settings: Settings, store: Path, cutoff: Cutoff, log: Log) -> Prepared:
    """The matrices to train on `cutoff` with what was known strictly before it, even where `store` knows more.

    Raises ModelError where the log is too short, or holds too few leavers or stayers.
    """
    split = split_by_time(cutoff, first_purchase_day(store, settings), settings)
    for line in split.warnings(settings.training.lookback_days, settings.training.cutoff_every_days):
        log(f"warning: {line}")
    # As of the last training cutoff of the test, so that the test's features know no more than its model.
    fitted = fit_context(store, split.train[-1], settings)
    for reason in fitted.missing:
        log(f"warning: features left out: {reason}")
    families = families_of(store, settings, fitted)
    customers = pl.scan_parquet(store / "customers").select(pl.len()).collect().item()
    share = settings.training.rows_limit / (customers * len(split.labelled))
    context = context_at(store, [*split.labelled, cutoff], families, fitted)

    def matrices(tables: Bucket) -> tuple[pl.DataFrame, pl.DataFrame]:
        tables = sampled(tables, share)
        labelled = labelled_features_of(tables, split.labelled, families, context, settings, until=cutoff)
        return labelled, features_of(tables, [cutoff], families, context, settings)

    labelled, cohort = (pl.concat(parts) for parts in zip(*over_buckets(store, families, matrices), strict=True))
    listed = first_listed(decisions_before(settings.root, cutoff.day))
    labelled = without_treated(labelled, listed, settings.observation_days, settings.training.acting_lasts_days)
    prepared = Prepared(split, fitted, families, labelled, cohort)
    log(f"{labelled.height:,} labelled rows at {len(split.labelled)} cutoffs, {features_only(labelled).width} features")
    at_least = settings.training.churned_and_retained_at_least
    refuse_too_few(prepared.earlier["churned"].to_numpy(), at_least, "training")
    refuse_too_few(prepared.test["churned"].to_numpy(), at_least, "test")
    return prepared


def refuse_unsound(settings: Settings, prepared: Prepared) -> None:
    """Raise ModelError for what no honest training shows: features that know the answer, labels upside down, a model
    that learns from shuffled labels, or a night unlike what was learned from."""
    earlier, test, training = prepared.earlier, prepared.test, settings.training
    features, churned = features_only(earlier), earlier["churned"]
    refuse_leaking_features(features, churned)
    refuse_known_only_for_leavers(features, churned, earlier[RECENCY])
    if settings.churn.definition == "inactivity":
        refuse_reversed(test["churned"], test[RECENCY])

    def trees(rows: pl.DataFrame, labels: pl.Series) -> Callable[[pl.DataFrame], Floats]:
        booster = fit(rows, labels, training, SHUFFLED_ROUNDS, objective="binary")
        return lambda unseen: predict(booster, unseen)

    by_chance = shuffled_auc(trees, features, churned, features_only(test), test["churned"], training.seed)
    refuse_learning_noise(by_chance, test["churned"])
    labelled = prepared.labelled
    refuse_apart(features_only(labelled), labelled["cutoff"], features_only(prepared.cohort))


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
