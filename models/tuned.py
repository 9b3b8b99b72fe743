"""What `models.tune` found: one file under the root, which training uses until it is replaced or deleted."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from configs.errors import ModelError
from configs.modelling import Training
from configs.section import Section
from configs.settings import Settings

TUNED_FILE = "tuned.json"
# On Online Retail II the best of 40 trials was 0.0016 better on the folds, and up to 0.004 worse at later cutoffs.
GAIN_ENOUGH = 0.003
SEARCHED = ("leaves", "depth", "leaf_rows", "learning_rate", "feature_fraction", "bagging_fraction", "lambda_l2")


class Tuned(Section):
    """The best settings found as of a day. `auc`, on `folds`, flatters them: they were chosen by it."""

    as_of: date
    definition: dict[str, Any]  # of churn
    parameters: dict[str, float | int | None]
    auc: float  # mean over the folds
    configured_auc: float  # of the configured settings, on the same folds
    rounds: int  # that served best on them
    folds: list[date]  # cutoffs judged on, newest first
    trials: int  # finished, those given up early included

    @property
    def gain(self) -> float:
        """AUC over the configured settings; below GAIN_ENOUGH it is likelier to be luck than to last."""
        return self.auc - self.configured_auc


def apply_tuned(training: Training, tuned: Tuned) -> Training:
    """`training` with the tuned settings in place of the configured ones; raises ModelError where one is unfit."""
    if foreign := sorted(set(tuned.parameters) ^ set(SEARCHED)):
        raise ModelError(f"settings unknown or missing: {', '.join(foreign)}; known: {', '.join(SEARCHED)}")
    try:
        return Training.model_validate(training.model_dump() | tuned.parameters)
    except ValidationError as error:
        raise ModelError(_in_short(error)) from None


def with_tuned(settings: Settings, day: date, log: Callable[[str], None]) -> Settings:
    """`settings` to train with as of `day`: with what was tuned, where that was no later than `day` and a clear gain.

    Raises ModelError, with the file and what to do, where the file is broken or was made for another kind of churn.
    """
    path = settings.root / TUNED_FILE
    if not path.exists():
        return settings
    try:
        tuned = Tuned.model_validate_json(path.read_bytes())
        if tuned.definition != settings.churn.meaning():
            raise ModelError(f"tuned for another churn: {tuned.definition}")
        training = apply_tuned(settings.training, tuned)
    except (ModelError, ValidationError) as error:
        wrong = _in_short(error) if isinstance(error, ValidationError) else str(error)
        raise ModelError(f"{path}: {wrong}. Delete the file, or run `holdfast tune` again.") from None
    if tuned.as_of > day:
        log(f"tuned settings of {tuned.as_of} left out: they know more than {day}")
        return settings
    if tuned.gain < GAIN_ENOUGH:
        log(
            f"tuned settings of {tuned.as_of} left out: AUC {tuned.gain:+.4f} is no clear gain ({GAIN_ENOUGH} would be)"
        )
        return settings
    log(f"tuned settings of {tuned.as_of}: {in_words(tuned.parameters)}")
    return settings.model_copy(update={"training": training})


def write_tuned(settings: Settings, tuned: Tuned) -> Path:
    """Put the file in place in one rename, and return its path."""
    path = settings.root / TUNED_FILE
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(tuned.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    return path


def in_words(parameters: dict[str, Any]) -> str:
    """Settings for a line of the log."""
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in parameters.items()
    )


def _in_short(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'content'}: {e['msg']}" for e in error.errors())
