"""Alarms that stop training: leaking features, reversed labels, a model that learns from nothing, matrices apart.

Every alarm is a pure function that returns nothing, or raises ModelError. Each is silent where rows are too few to
tell: an honest run must pass.
"""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from configs.errors import ModelError
from models.boosting import refuse_other_features
from models.metrics import Floats, auc

Flags = NDArray[np.bool_]
Predict = Callable[[pl.DataFrame], Floats]

KIND_AT_LEAST = 50  # rows of leavers, and of stayers, below which nothing is proved
KIND_SAMPLED = 10_000  # of each; an AUC depends on neither the share of leavers nor, beyond this, much on the rows
RECENCY_PARTS = 20
PURE, LEFT_OVER = 0.99, 0.1
SAMPLE_SEED = 1
KNOW_ONLY_BEFORE = (
    "Give the source column the time it became known (known_at, or the table's own later time), or leave it out."
)


def refuse_leaking_features(features: pl.DataFrame, churned: pl.Series, limit: float = 0.97) -> None:
    """Raise ModelError where a single feature ranks leavers better than `limit` (AUC, in either direction).

    `features`: Float64, rows x features; nulls count as the lowest value or as the highest, whichever ranks better.
    `churned`: rows, 0 or 1. Judged on at most 10,000 rows of each kind, the same at every call. Silent below 50 rows
    of either kind.
    """
    leaver = churned.to_numpy() == 1
    if min(leaver.sum(), (~leaver).sum()) < KIND_AT_LEAST:
        return
    random = np.random.default_rng(SAMPLE_SEED)
    kinds = [random.permutation(np.flatnonzero(kind))[:KIND_SAMPLED] for kind in (leaver, ~leaver)]
    found = _best_aucs(features[np.concatenate(kinds)], len(kinds[0]))
    leaking = [(name, value) for name, value in zip(features.columns, found, strict=True) if value > limit]
    if leaking:
        leaking.sort(key=lambda pair: -pair[1])
        raise ModelError(
            f"leak: nothing known before the cutoff ranks leavers better than AUC {limit} by itself: "
            f"{_first_three([f'{name} (AUC {value:.3f})' for name, value in leaking])}. {KNOW_ONLY_BEFORE}"
        )


def _best_aucs(features: pl.DataFrame, leavers: int) -> Floats:
    """AUC of each column, or 1 - AUC, nulls lowest or highest: the largest of the four. Leavers come first.

    From rank sums: pairs of known values by their ranks, pairs with a null by counting.
    """
    ranks = features.select(pl.all().rank("average"))
    first = ranks[:leavers]
    rank_sum = first.select(pl.all().sum()).to_numpy()[0]
    known_left = leavers - first.null_count().to_numpy()[0].astype(float)
    null_left, null_stayed = leavers - known_left, ranks[leavers:].null_count().to_numpy()[0].astype(float)
    stayers = features.height - leavers
    won = rank_sum - known_left * (known_left + 1) / 2 + null_left * null_stayed / 2
    lowest = (won + known_left * null_stayed) / (leavers * stayers)
    highest = (won + null_left * (stayers - null_stayed)) / (leavers * stayers)
    return np.max([lowest, 1 - lowest, highest, 1 - highest], axis=0)


def refuse_known_only_for_leavers(features: pl.DataFrame, churned: pl.Series, recency_days: pl.Series) -> None:
    """Raise ModelError where a feature is known for leavers only, or for stayers only: it was filled in afterwards.

    Known: not null; or, where one value has more than half of what is not null, neither null nor that value. The rule:
    known in at least 0.5 % of the rows, at least 99 % of them of one kind; paired with rows that lack it and were
    silent for as long (within twentieths of `recency_days`), which have at least 50 of the other kind, the known have
    less than a tenth of that. Fifty, for a customer comes again at many cutoffs. The pairs spare honest features:
    customers who bought this week nearly all stay. On real data no honest feature came below 0.47 of its pairs.

    `features`: Float64, rows x features. `churned` (0 or 1) and `recency_days` (null: never bought): one for each row.
    """
    leaver = churned.to_numpy() == 1
    silence = recency_days.fill_null(np.inf).rank("average").to_numpy()
    part = (silence * RECENCY_PARTS / (len(silence) + 1)).astype(np.int64)
    found = [said for column in features if (said := _one_sided(column, leaver, part))]
    if found:
        raise ModelError(
            f"leak: known for one kind of customer only, so filled in after the cutoff: {_first_three(found)}. "
            f"{KNOW_ONLY_BEFORE}"
        )


def _one_sided(column: pl.Series, leaver: Flags, part: NDArray[np.int64]) -> str:
    """The figures of a column known for one kind of customer only; empty for any other."""
    for known in _known(column):
        for kind, name in ((leaver, "leavers"), (~leaver, "stayers")):
            if known.mean() >= 0.005 and kind[known].mean() >= PURE and _unlike_its_peers(known, kind, part):
                return f"{column.name} ({kind[known].mean():.1%} {name} of {known.sum():,} rows)"
    return ""


def _known(column: pl.Series) -> Iterator[Flags]:
    """Which rows know something, by each of the two meanings by which some do and some do not."""
    present = column.is_not_null().to_numpy()
    if 0 < present.sum() < len(present):
        yield present
    # A value that more than half of the rows have is the median: no need to count every value.
    usual = (column == column.median()).fill_null(False).to_numpy() if present.any() else present
    if present.sum() / 2 < usual.sum() < present.sum():
        yield present & ~usual


def _unlike_its_peers(known: Flags, kind: Flags, part: NDArray[np.int64]) -> bool:
    """Whether rows of the same parts that are not `known` hold so many of the other kind that it is no chance."""

    def counted(rows: Flags) -> NDArray[np.int64]:
        return np.bincount(part[rows], minlength=RECENCY_PARTS)

    here, peers = counted(known), counted(~known)
    pairs = np.minimum(here, peers)
    found = (pairs * counted(known & ~kind) / np.maximum(here, 1)).sum()
    expected = (pairs * counted(~known & ~kind) / np.maximum(peers, 1)).sum()
    return bool(expected >= KIND_AT_LEAST and found < LEFT_OVER * expected)


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
            f"training and nightly matrices are apart: {_first_three(found)}. Check that the source delivers these "
            "columns up to the as-of date, in the units of before."
        )


def _null_share(column: pl.Series) -> float:
    return column.null_count() / max(column.len(), 1)


def _error(found: float, leavers: int, stayers: int) -> float:
    """Standard error of an AUC by Hanley and McNeil (1982)."""
    above, below = found / (2 - found) - found**2, 2 * found**2 / (1 + found) - found**2
    return float(np.sqrt((found * (1 - found) + (leavers - 1) * above + (stayers - 1) * below) / (leavers * stayers)))


def _first_three(found: list[str]) -> str:
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more
