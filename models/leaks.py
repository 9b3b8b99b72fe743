"""Features that know the answer: they were filled in after the cutoff, and would make a model look better than it is.

Both alarms are pure functions that return nothing, or raise ModelError. They are silent where rows are too few to tell:
an honest run must pass.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from configs.errors import ModelError
from models.metrics import Floats

Flags = NDArray[np.bool_]

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
            f"{first_three([f'{name} (AUC {value:.3f})' for name, value in leaking])}. {KNOW_ONLY_BEFORE}"
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
            f"leak: known for one kind of customer only, so filled in after the cutoff: {first_three(found)}. "
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


def first_three(found: list[str]) -> str:
    """The first three of what was found, and how many more there are."""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more
