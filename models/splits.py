"""Which cutoffs a model learns from, and which one it is judged on."""

from dataclasses import dataclass
from datetime import date, timedelta

from configs.errors import ModelError
from configs.settings import Settings
from features.time import Cutoff


@dataclass(frozen=True)
class Split:
    """Labelled cutoffs, oldest first: `test` is judged by a model of `train`; the final model learns from all.

    Every horizon of `train` is over before `test` begins (the embargo), and that of `test` before the as-of date.
    """

    train: tuple[Cutoff, ...]
    test: Cutoff
    labelled: tuple[Cutoff, ...]


def split_by_time(as_of: Cutoff, first_day: date, settings: Settings) -> Split:
    """Cutoffs every `cutoff_every_days` back from the last one whose horizons are over at `as_of`.

    `first_day`: day of the first known purchase; a cutoff needs `lookback_days` of history. Raises ModelError where
    the log is too short for one training and one test cutoff an embargo apart.
    """
    training, embargo = settings.training, settings.observation_days
    last = as_of.day - timedelta(days=embargo)
    earliest = first_day + timedelta(days=training.lookback_days)
    possible = (last - earliest).days // training.cutoff_every_days + 1
    days = [last - timedelta(days=i * training.cutoff_every_days) for i in range(min(possible, training.cutoffs_limit))]
    labelled = tuple(Cutoff(day, as_of.zone) for day in sorted(days))
    train = tuple(c for c in labelled if c.day + timedelta(days=embargo) <= last)
    if not train:
        needed = training.lookback_days + 2 * embargo
        raise ModelError(
            f"the log is too short: {(as_of.day - first_day).days} days from the first purchase ({first_day}) to "
            f"{as_of.day}, {needed} are needed ({training.lookback_days} of history and two horizons of {embargo}). "
            "Give a later --as-of, a shorter churn.horizon_days, or less training.lookback_days."
        )
    return Split(train, labelled[-1], labelled)
