"""Alarms that stop training: reversed labels, a model that learns from nothing, a night unlike what was learned from.

Every alarm is a pure function that returns nothing, or raises ModelError. Each is silent where rows are too few to
tell: an honest run must pass. `models.leaks` holds those about single features.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from configs.errors import ModelError
from models.boosting import refuse_other_features
from models.leaks import KIND_AT_LEAST, first_three
from models.metrics import Floats, auc

Predict = Callable[[pl.DataFrame], Floats]


def refuse_reversed(churned: pl.Series, recency_days: pl.Series) -> None:
    """Raise ModelError where leavers were silent for less long than stayers, beyond noise (AUC + 3 errors < 0.5).

    For the inactivity definition only. `churned` (0 or 1) and `recency_days` (nulls left out): rows. Give those of one
    cutoff: the error (Hanley and McNeil) takes rows for independent. Silent below 50 rows of either kind.
    """
    known = recency_days.is_not_null()
    left, silent = churned.filter(known).to_numpy().astype(np.float64), recency_days.filter(known).to_numpy()
    leavers, stayers = int(left.sum()), int(len(left) - left.sum())
    if min(leavers, stayers) < KIND_AT_LEAST:
        return
    found = auc(left, silent)
    if found + 3 * _error(found, leavers, stayers) < 0.5:
        raise ModelError(
            f"labels are probably reversed: the {leavers:,} leavers bought more recently than the {stayers:,} stayers "
            f"(AUC of rfm__recency_days {found:.3f}, at least 0.5 is expected). Check that churned is 1 for those who "
            "left; if it is, churn.horizon_days is shorter than the pause after a purchase: give a longer one."
        )


def shuffled_auc(
    fit: Callable[[pl.DataFrame, pl.Series], Predict],
    train: pl.DataFrame,
    churned: pl.Series,
    test: pl.DataFrame,
    churned_test: pl.Series,
    seed: int,
) -> float:
    """Out-of-time AUC of models that were given shuffled labels: 0.5 unless `fit` sees the true ones some other way.

    `fit` makes a model of Float64 features and labels, and returns what scores features; it is called twice. All that
    it knows must come from the labels: a part that ranks without them (expected visits) lifts the AUC and is no leak.
    A feature that holds the labels is not seen here, but by `refuse_leaking_features`.
    `churned`, `churned_test`: 0 or 1, one for each row of `train` and `test`, the latter with both kinds.

    Rows are shuffled as a whole: within cutoffs, trends of churn would be left to learn. By chance a model of noise
    leans towards or against the strongest feature: on real data the AUC of one shuffle has a spread of 0.05 to 0.15,
    whether rows or whole customers are shuffled. So a second model gets the opposite labels, leans the opposite way,
    and the mean of both AUCs is free of it; what leaks lifts both.
    """
    shuffled = pl.Series(np.random.default_rng(seed).permutation(churned.to_numpy()))
    truth = churned_test.to_numpy().astype(np.float64)
    return float(np.mean([auc(truth, fit(train, labels)(test)) for labels in (shuffled, 1 - shuffled)]))


def refuse_learning_noise(auc_shuffled: float, churned_test: pl.Series) -> None:
    """Raise ModelError unless `auc_shuffled` is 0.5 within 0.05, or within 3 standard errors where these are more.

    `churned_test`: the labels (0 or 1) it was found with, of which the error is that of a ranking by chance.
    """
    leavers = int(churned_test.sum())
    stayers = len(churned_test) - leavers
    tolerance = max(0.05, 3 * _error(0.5, max(leavers, 1), max(stayers, 1)))
    if not abs(auc_shuffled - 0.5) <= tolerance:
        raise ModelError(
            f"leak: trained on shuffled labels, the model still ranks {leavers:,} leavers and {stayers:,} stayers out "
            f"of time with AUC {auc_shuffled:.3f}; 0.5 within {tolerance:.3f} is chance. Training or scoring sees the "
            "true labels: check that it uses no others than it is given, and that scoring has no labels within reach."
        )


def refuse_apart(train: pl.DataFrame, cutoffs: pl.Series, tonight: pl.DataFrame) -> None:
    """Raise ModelError where training and nightly matrices are not of one making.

    `train`, `tonight`: rows x the same features in the same order, all Float64. `cutoffs`: Date, one for each row of
    `train`. Two things are refused. Absent: null in less than 5 % of training and in more than 95 % of at least 20
    rows tonight. Constant: one value in all of at least 200 rows tonight, which less than 1 % of training has,
    though at the last training cutoff the feature varied. A window in which nothing happens is a value that training
    has; season and market are the same for everybody at every cutoff.
    """
    for matrix in (train, tonight):
        refuse_other_features(train.columns, matrix)
    found = []
    last = train.filter(cutoffs == cutoffs.max())
    for now in tonight:
        then = train[now.name]
        if now.len() >= 20 and _null_share(then) < 0.05 and _null_share(now) > 0.95:
            found.append(f"{now.name} (absent in {_null_share(then):.1%} of training, {_null_share(now):.1%} tonight)")
        elif now.len() >= 200 and now.null_count() == 0 and now.min() == now.max() and last[now.name].n_unique() > 1:
            if (share := (then == now[0]).sum() / then.len()) < 0.01:
                found.append(f"{now.name} ({now[0]:g} for all tonight, for {share:.1%} of training)")
    if found:
        raise ModelError(
            f"training and nightly matrices are apart: {first_three(found)}. Check that the source delivers these "
            "columns up to the as-of date, in the units of before."
        )


def _null_share(column: pl.Series) -> float:
    return column.null_count() / max(column.len(), 1)


def _error(found: float, leavers: int, stayers: int) -> float:
    """Standard error of an AUC by Hanley and McNeil (1982)."""
    above, below = found / (2 - found) - found**2, 2 * found**2 / (1 + found) - found**2
    return float(np.sqrt((found * (1 - found) + (leavers - 1) * above + (stayers - 1) * below) / (leavers * stayers)))
