"""The search of the trees' settings by Optuna, judged out of time.

A trial's figure is the mean AUC of the trees alone over several folds; how the parts of the churn model are weighed is
decided later. Trees stay small, since the cost of explaining a customer grows with them. Each trial draws by a seed of
its own, so that a search that was interrupted goes on as if it had not been.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import polars as pl
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from configs.errors import DependencyError, ModelError
from configs.modelling import Training, Tuning
from models.boosting import leaf_rows, predict
from models.churn import ROUNDS_STEP, train_trees
from models.metrics import Floats, auc
from models.pair import features_only
from models.tuned import SEARCHED, in_words

MOST_FOLDS = 3
MOST_LEAVES = 31
MOST_DEPTH = 6
SHARES = ("feature_fraction", "bagging_fraction")
CONFIGURED = "configured"  # marks the trial of the configured settings
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
Log = Callable[[str], None]


@dataclass(frozen=True)
class Fold:
    """Labelled rows of one cutoff, and those to learn from: of cutoffs whose horizons were over before it."""

    train: pl.DataFrame
    test: pl.DataFrame

    @property
    def day(self) -> date:
        """The cutoff judged on."""
        return self.test["cutoff"][0]


@dataclass(frozen=True)
class Found:
    """The best settings, their mean AUC over the folds beside that of the configured ones, and a row a trial."""

    parameters: dict[str, Any]
    auc: float
    configured_auc: float
    rounds: int
    trials: list[dict[str, Any]]


def folds_of(labelled: pl.DataFrame, embargo_days: int, at_least: int) -> list[Fold]:
    """The latest cutoffs of `labelled` (a matrix with `churned`), newest first, half an embargo apart or more.

    `embargo_days`: a row is learned from only if its cutoff lies so many days or more before the one judged on.
    `at_least`: leavers, and stayers, that both sides of a fold need. Raises ModelError where there is no fold.
    """
    folds: list[Fold] = []
    embargo = timedelta(days=embargo_days)
    for day in labelled["cutoff"].unique().sort(descending=True):
        if len(folds) == MOST_FOLDS:
            break
        if folds and day > folds[-1].day - embargo / 2:
            continue
        fold = Fold(labelled.filter(pl.col("cutoff") <= day - embargo), labelled.filter(pl.col("cutoff") == day))
        if min(_fewest(fold.train), _fewest(fold.test)) >= at_least:
            folds.append(fold)
    if not folds:
        raise ModelError(
            f"the log is too short to tune: no cutoff before the test has {at_least} leavers and {at_least} stayers, "
            f"and as many {embargo_days} days earlier. Train with the configured settings, or give a later --as-of."
        )
    return folds


def bounds_of(folds: list[Fold]) -> dict[str, tuple[float, float]]:
    """Bounds of what is searched: shares on a linear scale, all else on a logarithmic one.

    Slower learning than 0.02 did well where few rows were learned from, and ran out of rounds where they were many.
    """
    fewest = min(fold.train.height for fold in folds)
    return {
        "leaves": (4, MOST_LEAVES),
        "leaf_rows": (10, int(np.clip(fewest // 20, 20, 1000))),
        "learning_rate": (0.02, 0.1),
        "feature_fraction": (0.1, 1.0),
        "bagging_fraction": (0.2, 1.0),
        "lambda_l2": (0.1, 100.0),
    }


def search(folds: list[Fold], training: Training, budget: Tuning, database: Path, name: str, log: Log) -> Found:
    """The best of `budget.trials` settings, the configured `training` first among them.

    The study `name` in the SQLite file `database` is continued if it is there: trials finished earlier count. None
    begins later than `budget.minutes` after the start. Raises DependencyError where the file is of no use.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = _open_study(database, name)
        _resume(study, _inside(training, folds))
        earlier = len(_finished(study))
        if earlier:
            log(f"{earlier} trials were finished earlier")
        _draw_anew(study, training)
        if earlier < budget.trials:
            study.optimize(
                lambda trial: _judge(trial, folds, training),
                n_trials=budget.trials - earlier,
                timeout=budget.minutes * 60,
                callbacks=[lambda study, trial: _after(study, trial, training, log)],
            )
        finished = _finished(study)
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise DependencyError(
            f"{database}: SQLite cannot use it ({type(error).__name__}). Delete it to search anew, or mend the rights."
        ) from error
    if len(finished) < budget.trials:
        log(f"{len(finished)} of {budget.trials} trials in {budget.minutes:g} minutes: run again to go on")
    configured = next(trial for trial in finished if CONFIGURED in trial.user_attrs)
    # Of equals the first, so that the configured settings give way only to better ones.
    best = max((trial for trial in finished if trial.state == TrialState.COMPLETE), key=_figure)
    return Found(
        parameters=_settings_of(best, training),
        auc=_figure(best),
        configured_auc=_figure(configured),
        rounds=best.user_attrs["rounds"],
        trials=[_row(trial, training) for trial in finished],
    )


def _judge(trial: optuna.Trial, folds: list[Fold], training: Training) -> float:
    """Mean AUC over the folds, at the number of rounds that serves them best together.

    A trial is given up where it does worse on the first folds than half of those that went through.
    """
    for name, (low, high) in bounds_of(folds).items():
        if isinstance(low, int):
            trial.suggest_int(name, low, int(high), log=True)
        else:
            trial.suggest_float(name, low, high, log=name not in SHARES)
    tried = training.model_copy(update=_settings_of(trial, training))
    rounds = [*range(ROUNDS_STEP, tried.rounds, ROUNDS_STEP), tried.rounds]
    curves: list[Floats] = []
    for number, fold in enumerate(folds, start=1):
        curves.append(_aucs(fold, tried, rounds))
        if number < len(folds):
            trial.report(float(np.mean(curves, axis=0).max()), number)
            if trial.should_prune():
                raise optuna.TrialPruned
    mean = np.mean(curves, axis=0)
    best = int(mean.argmax())
    trial.set_user_attr("rounds", rounds[best])
    trial.set_user_attr("aucs", [float(curve[best]) for curve in curves])
    return float(mean[best])


def _aucs(fold: Fold, training: Training, rounds: list[int]) -> Floats:
    """AUC on the fold's cutoff of the first so many trees, for each of `rounds`."""
    learned = fold.train
    trees = train_trees(features_only(learned), learned["churned"], learned["cutoff"], training, training.rounds)
    features, left = features_only(fold.test), fold.test["churned"].to_numpy().astype(np.float64)
    return np.array([auc(left, predict(trees, features, number)) for number in rounds])


def _inside(training: Training, folds: list[Fold]) -> dict[str, float]:
    """The configured settings as a point of the space, at its border where they lie outside."""
    values = training.model_dump() | {"leaf_rows": leaf_rows(training, folds[0].train.height)}
    return {name: min(max(values[name], low), high) for name, (low, high) in bounds_of(folds).items()}


def _settings_of(trial: optuna.Trial | FrozenTrial, training: Training) -> dict[str, Any]:
    """What the trial sets; the configured settings are tried as they are, wherever they lie."""
    if CONFIGURED in trial.user_attrs:
        return {name: getattr(training, name) for name in SEARCHED}
    return {"depth": MOST_DEPTH} | trial.params


def _open_study(database: Path, name: str) -> optuna.Study:
    database.parent.mkdir(parents=True, exist_ok=True)
    pruner = optuna.pruners.MedianPruner()
    storage = f"sqlite:///{database.resolve()}"
    return optuna.create_study(
        storage=storage, study_name=name, pruner=pruner, direction="maximize", load_if_exists=True
    )


def _resume(study: optuna.Study, configured: dict[str, float]) -> None:
    """Give up trials that died with an earlier run, and see to it that the configured settings come first."""
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
    there = study.get_trials(states=[TrialState.WAITING, *FINISHED])
    if not any(CONFIGURED in trial.user_attrs for trial in there):
        study.enqueue_trial(configured, user_attrs={CONFIGURED: True})


def _draw_anew(study: optuna.Study, training: Training) -> None:
    """A sampler seeded by how many trials are finished: its own state would not outlive the process."""
    study.sampler = optuna.samplers.TPESampler(seed=training.seed + len(_finished(study)))


def _after(study: optuna.Study, trial: FrozenTrial, training: Training, log: Log) -> None:
    _draw_anew(study, training)
    if study.best_trial.number == trial.number:
        log(f"trial {trial.number}: AUC {_figure(trial):.4f}, {in_words(_settings_of(trial, training))}")


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=FINISHED)


def _figure(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


def _row(trial: FrozenTrial, training: Training) -> dict[str, Any]:
    """A trial for the table; one given up early has the AUC of the folds that it got to, and no rounds."""
    given_up = trial.state == TrialState.PRUNED
    return {
        "trial": trial.number,
        "given_up_early": given_up,
        "auc": trial.value,
        "aucs": trial.user_attrs.get("aucs"),
        "rounds": trial.user_attrs.get("rounds"),
        "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
        **_settings_of(trial, training),
    }


def _fewest(rows: pl.DataFrame) -> int:
    """How many leavers or stayers there are, whichever are fewer."""
    left = int(rows["churned"].sum())
    return min(left, rows.height - left)
