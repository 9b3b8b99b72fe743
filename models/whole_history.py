"""Whether a log holds its customers' whole history, so that their orders of all time can be compared between cutoffs.

A log that begins with its customers knows who never came back after a first order. A year later they are gone from the
cohort, and a level that cannot tell them from those who did come back is carried on too high: on the CDNOW log, whose
customers all join within a quarter, by 0.11. A log that begins amid its customers' lives counts their orders from there
on, more at each cutoff, and misleads by as much. Nothing in a log says which it is; its earlier cutoffs do.
"""

from datetime import timedelta

import numpy as np
import polars as pl

from models.reference import expected_share

FOLDS_LIMIT, CUTOFFS_AT_LEAST, ROWS_ENOUGH = 6, 3, 50_000
BETTER = 0.5  # times the error without them: less may be chance, and most logs begin amid lives


def holds_whole_history(labelled: pl.DataFrame, recent_days: int, embargo_days: int) -> bool:
    """Whether orders of all time would have foretold the share of leavers far better, at the latest labelled cutoffs.

    Each is foretold from those whose horizons (`embargo_days`) were over before it, by `expected_share` with the orders
    and without. No, where no cutoff has three such before it. `labelled`: a matrix with `churned`.
    """
    rows = labelled.gather_every(-(-labelled.height // ROWS_ENOUGH))
    days = rows["cutoff"].unique().sort().to_list()
    embargo = timedelta(days=embargo_days)
    folds = [day for day in days if sum(earlier + embargo <= day for earlier in days) >= CUTOFFS_AT_LEAST]
    errors: dict[bool, list[float]] = {False: [], True: []}
    for day in folds[-FOLDS_LIMIT:]:
        before, there = rows.filter(pl.col("cutoff") + embargo <= day), rows.filter(pl.col("cutoff") == day)
        left = there["churned"].to_numpy().mean()
        for lifetime, found in errors.items():
            found.append(abs(expected_share(there, before, recent_days, [day], lifetime)[0] - left))
    return bool(folds) and float(np.mean(errors[True])) < BETTER * float(np.mean(errors[False]))
