"""What a training learns from: labelled matrix, time split and the day's cohort, and whether they are sound."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from configs.settings import Settings
from features.context import Fitted
from features.family import Family
from features.matrix import KEYS
from features.time import Cutoff
from features.timeline import Bucket
from models.alarms import refuse_apart, refuse_learning_noise, refuse_reversed, shuffled_auc
from models.baselines import RECENCY
from models.boosting import fit, predict
from models.challenge import Recipe
from models.effect import first_listed
from models.leaks import refuse_known_only_for_leavers, refuse_leaking_features
from models.metrics import Floats
from models.pair import LABELS, features_only
from models.promote import refuse_too_few
from models.splits import Split, split_by_time
from models.treated import without_treated
from models.tuned import SEARCHED
from pipelines.build import (
    context_at,
    families_of,
    features_of,
    first_purchase_day,
    fit_context,
    labelled_features_of,
    over_buckets,
    sampled,
)
from pipelines.decisions import decisions_before
from pipelines.progress import Log

SHUFFLED_ROUNDS = 30  # enough to learn what is there
OF_FITTING = {*SEARCHED, "rounds", "value_model", "seed", "threads"}  # settings that leave the matrices as they are


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

    parts = over_buckets(settings.engine, store, families, matrices)
    labelled, cohort = (pl.concat(found) for found in zip(*parts, strict=True))
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
