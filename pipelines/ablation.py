"""What each family of features is worth: the churn model with it and without it, out of time.

The test is several cutoffs, all of them an embargo after the last cutoff that is learned from. The same customers come
again in it, so intervals are drawn over customers: each draw weighs all rows of a customer alike.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from configs.errors import ModelError
from configs.settings import Settings
from features.family import Family
from features.time import Cutoff
from features.timeline import Bucket
from models.boosting import predict
from models.churn import train_trees
from models.compare import auc_of, draws
from models.metrics import Floats
from models.splits import split_by_time
from pipelines.build import (
    context_at,
    families_of,
    first_purchase_day,
    fit_context,
    labelled_features_of,
    open_store,
    over_buckets,
)
from pipelines.progress import Log, track

BASE = ("rhythm", "calendar")
TEST_CUTOFFS = 5


def ablate(settings: Settings, cutoff: Cutoff, log: Log) -> pl.DataFrame:
    """A row a family: its AUC on top of the base families, and what all families lose without it.

    Columns: family, features (how many), added, added_low, added_high, lost, lost_low, lost_high (differences in AUC
    with 95 % intervals), as_of. Learns from and judges by what was known before `cutoff`; registers nothing. Raises
    ModelError where the log is too short for several test cutoffs an embargo apart from training.
    """
    matrix, families, tests = _labelled(settings, cutoff)
    embargo = pl.duration(days=settings.observation_days)
    train = matrix.filter(pl.col("cutoff") + embargo <= tests[0].day)
    test = matrix.filter(pl.col("cutoff") >= tests[0].day)
    if train.is_empty():
        raise ModelError(f"the log is too short to judge {len(tests)} cutoffs. Give a later --as-of.")
    log(f"{train.height:,} rows to learn from, {test.height:,} rows of {len(tests)} cutoffs to judge by")
    churned = test["churned"].to_numpy()
    drawn = [weights for (weights,) in draws([test["customer_id"]], settings.training.seed)]

    def aucs_of(chosen: Sequence[Family]) -> Floats:
        columns = [column for family in chosen for column in family.feature_columns()]
        rounds = settings.training.rounds
        trees = train_trees(train.select(columns), train["churned"], train["cutoff"], settings.training, rounds)
        scores = predict(trees, test.select(columns))
        return np.array([auc_of(churned, scores, weights) for weights in (np.ones(len(churned)), *drawn)])

    base = [family for family in families if family.name in BASE]
    with_base, with_all = aucs_of(base), aucs_of(families)
    log(f"AUC of {', '.join(f.name for f in base)}: {with_base[0]:.4f}; of all families: {with_all[0]:.4f}")
    rows = []
    for family in track([f for f in families if f not in base], "families", len(families) - len(base)):
        added = aucs_of([*base, family]) - with_base
        lost = with_all - aucs_of([other for other in families if other is not family])
        rows.append((family.name, len(family.feature_columns()), *_interval(added), *_interval(lost)))
        log(f"{family.name:<14} added {_shown(added)}  lost without it {_shown(lost)}")
    figures = [f"{figure}{end}" for figure in ("added", "lost") for end in ("", "_low", "_high")]
    table = pl.DataFrame(rows, schema=["family", "features", *figures], orient="row").sort("added", descending=True)
    return table.with_columns(as_of=pl.lit(cutoff.day))


def _labelled(settings: Settings, cutoff: Cutoff) -> tuple[pl.DataFrame, tuple[Family, ...], list[Cutoff]]:
    """The labelled matrix of all cutoffs, its families, and the cutoffs to judge by."""
    store = open_store(settings, cutoff)
    split = split_by_time(cutoff, first_purchase_day(store, settings), settings)
    tests = list(split.labelled[-TEST_CUTOFFS:])
    fitted = fit_context(store, split.train[0], settings)
    families = families_of(store, settings, fitted)
    context = context_at(store, split.labelled, families, fitted)

    def labelled(tables: Bucket) -> pl.DataFrame:
        return labelled_features_of(tables, split.labelled, families, context, settings, until=cutoff)

    return pl.concat(over_buckets(settings.engine, store, families, labelled)), families, tests


def _interval(differences: Floats) -> tuple[float, float, float]:
    """The difference found, and the ends of its 95 % interval over the draws."""
    low, high = np.quantile(differences[1:], [0.025, 0.975])
    return float(differences[0]), float(low), float(high)


def _shown(differences: Floats) -> str:
    found, low, high = _interval(differences)
    return f"{found:+.4f} ({low:+.4f}..{high:+.4f})"
