"""Which cutoffs a model learns from, and what it is judged on."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from configs.errors import ModelError
from configs.settings import Settings
from features.time import Cutoff

CUTOFFS_ENOUGH = 5  # to learn from, where closer cutoffs can give them
HISTORY_SHARE = 2 / 3  # of a short log that is history; the rest holds the cutoffs to learn from
TESTED_SHARE = 0.2  # of the customers, where they are split


@dataclass(frozen=True)
class Split:
    """Labelled cutoffs, oldest first: `test` is judged by a model of `train`; the final model learns from all.

    By time, every horizon of `train` is over before `test` begins (the embargo), and that of `test` before the as-of
    date. `by_customer`: the log is too short for that, so `train` holds all cutoffs and `test` other customers.
    `lookback_days`: history that every labelled cutoff has; `every_days`: from one cutoff to the next.
    """

    train: tuple[Cutoff, ...]
    test: Cutoff
    labelled: tuple[Cutoff, ...]
    lookback_days: int
    every_days: int
    by_customer: bool

    def parts(self, labelled: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows of a matrix to learn from, and those to judge by; no customer is in both where customers are split."""
        train = labelled.filter(pl.col("cutoff").is_in([cutoff.day for cutoff in self.train]))
        test = labelled.filter(pl.col("cutoff") == self.test.day)
        return apart(train, test) if self.by_customer else (train, test)

    def warnings(self, training_lookback: int, training_every: int) -> list[str]:
        """In words, what had to be given up because the log is short."""
        said = []
        if self.lookback_days < training_lookback or self.every_days < training_every:
            said.append(
                f"short log: cutoffs {self.every_days} days apart with {self.lookback_days} days of history, not "
                f"{training_every} and {training_lookback}"
            )
        if self.by_customer:
            said.append(
                "too short for a test out of time: judged on other customers of the same days, so figures flatter the "
                "level of the probabilities and of the values"
            )
        return said


def split_by_time(as_of: Cutoff, first_day: date, settings: Settings) -> Split:
    """Cutoffs every `cutoff_every_days` back from the last one whose horizons are over at `as_of`.

    `first_day`: day of the first known purchase. A cutoff needs `lookback_days` of history; a short log gives two
    thirds of what lies before its last training cutoff, and cutoffs so close that there are five. Where even half a
    horizon is not left for that, customers are split instead. Raises ModelError for less than two horizons.
    """
    training, embargo = settings.training, settings.observation_days
    last = as_of.day - timedelta(days=embargo)
    observed = (last - first_day).days
    if observed < embargo:
        raise ModelError(
            f"the log is too short: {(as_of.day - first_day).days} days from the first purchase ({first_day}) to "
            f"{as_of.day}, at least two horizons of {embargo} are needed, better three. Give a later --as-of, or a "
            "shorter churn.horizon_days."
        )
    by_customer = observed - embargo < embargo / 2
    room = observed if by_customer else observed - embargo
    lookback = min(training.lookback_days, int(room * HISTORY_SHARE))
    every = min(training.cutoff_every_days, max(1, (room - lookback) // (CUTOFFS_ENOUGH - 1)))
    possible = min((observed - lookback) // every + 1, training.cutoffs_limit)
    labelled = tuple(Cutoff(last - timedelta(days=step * every), as_of.zone) for step in reversed(range(possible)))
    train = labelled if by_customer else tuple(c for c in labelled if c.day + timedelta(days=embargo) <= last)
    if not train:
        raise ModelError(
            f"training.cutoffs_limit = {training.cutoffs_limit}: the newest {possible} cutoffs, {every} days apart, "
            f"all lie within a horizon of {embargo} days, so there is none to learn from. Raise it."
        )
    return Split(train, labelled[-1], labelled, lookback, every, by_customer)


def apart(train: pl.DataFrame, test: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of most customers in `train`, and of the others in `test`: a fifth, the same ones at every call."""
    everybody = pl.concat([train["customer_id"], test["customer_id"]]).unique().sort()
    tested = everybody.gather(
        np.random.default_rng(0).permutation(len(everybody))[: int(len(everybody) * TESTED_SHARE)]
    )
    is_tested = pl.col("customer_id").is_in(tested.implode())
    return train.filter(~is_tested), test.filter(is_tested)
