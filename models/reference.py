"""What can be compared between cutoffs: how good or bad each was given who the customers were, and what comes next.

A log that begins makes all customers look young and nobody long silent, so features of its first year mean something
else. Here only recency and what happened within complete windows enter, in a generalised linear model with an intercept
for every cutoff; the intercepts are the levels whose course `models.level` carries on. Customers who bought lately and
those silent for longer have a course each: the first follow the season, the others hardly.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from models.level import expected_level
from models.metrics import Floats

RECENCY = "rfm__recency_days"
WINDOWS = (7, 14, 30, 60, 90)  # days in which family rfm counts orders and sums amounts
SILENT = [RECENCY, "rfm__orders_count_365d"]
LIFETIME = "rfm__orders_count_lifetime"
SPENT, SPENT_ADDED = "rfm__spent_sum_", 0.3
NEVER_DAYS = 3650.0  # the silence of who never bought
# Standard deviations of the drift of a level: of a share in log-odds, of value as a logarithm.
SHARE_DRIFT, VALUE_DRIFT = 0.25, 0.15
ROWS_AT_LEAST = 50  # of a cutoff, for its level to count


def bought_within(days: int) -> pl.Expr:
    """Who bought within so many days before the cutoff: every cutoff must have that much history."""
    return pl.col(RECENCY).fill_null(NEVER_DAYS) < days


def _recent_columns(recent_days: int) -> list[str]:
    """What tells customers apart who bought lately, looking no farther back than every cutoff can."""
    longest = max((days for days in WINDOWS if days <= recent_days), default=WINDOWS[0])
    return [RECENCY, f"rfm__orders_count_{longest}d", f"rfm__spent_sum_{longest}d"]


def expected_share(
    cohort: pl.DataFrame, labelled: pl.DataFrame, recent_days: int, days: Sequence[date], lifetime: bool = False
) -> Floats:
    """The share of `cohort` expected to leave, were these customers as they are on each of `days`.

    `labelled`: a matrix with `churned` of earlier cutoffs. `recent_days`: see `bought_within`. `lifetime`: tell
    customers apart by their orders of all time as well, see `models.whole_history`.
    """
    expected = np.zeros(len(days))
    recent = bought_within(recent_days)
    for members, columns in ((recent, _recent_columns(recent_days)), (~recent, SILENT)):
        here, learned = cohort.filter(members), _enough(labelled.filter(members))
        if not here.height:
            continue
        if learned["churned"].n_unique() < 2:
            known = learned if learned.height else labelled  # all of a group may have left
            expected += here.height * float(known["churned"].to_numpy().mean())
            continue
        columns = [*columns, LIFETIME] if lifetime else columns
        model = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=50, fit_intercept=False)
        raw_score, levels, _ = _carried_on(model, "churned", learned, here, columns, days, SHARE_DRIFT)
        expected += [expit(raw_score + level).sum() for level in levels]
    return expected / cohort.height


def expected_values(
    customers: pl.DataFrame, stayed: pl.DataFrame, value: Floats, recent_days: int, days: Sequence[date]
) -> Floats | None:
    """The value that `customers` are together expected to bring if they stay, counted from each of `days`.

    `stayed`: matrix of earlier cutoffs, of customers who bought within `recent_days` and stayed; `value`: what each
    brought, at least 0, in currency units. None where they are too few to tell. The total is as likely too low as too
    high: the mean, larger by half the variance of a level that is not sure, was farther off on five other order logs
    (15 % on average of 16 days, this one 10 %).
    """
    scale = float(value.mean()) if len(value) else 0.0
    if not customers.height or scale <= 0:
        return None
    learned = _enough(stayed.with_columns(worth=value / scale))
    if not learned.height:
        return None
    model = PoissonRegressor(alpha=1e-6, solver="newton-cholesky", fit_intercept=False, max_iter=100)
    columns = _recent_columns(recent_days)
    raw_score, levels, _ = _carried_on(model, "worth", learned, customers, columns, days, VALUE_DRIFT)
    return np.array([scale * np.exp(raw_score + level).sum() for level in levels])


def _enough(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.len().over("cutoff") >= ROWS_AT_LEAST)


def _carried_on(
    model: Any,
    target: str,
    learned: pl.DataFrame,
    here: pl.DataFrame,
    columns: list[str],
    days: Sequence[date],
    drift: float,
) -> tuple[Floats, Floats, Floats]:
    """Scores of the rows of `here` without a level; the level expected on each of `days`, and its deviation."""
    cutoffs, position = np.unique(learned["cutoff"].to_physical().to_numpy(), return_inverse=True)
    standardised = _standardiser(learned, columns)
    intercepts = np.eye(len(cutoffs))[position]
    model.fit(np.hstack([standardised(learned), intercepts]), learned[target].to_numpy())
    slopes, levels = np.split(np.ravel(model.coef_), [len(columns)])
    observed = pl.Series(cutoffs).cast(pl.Date).to_list()
    return standardised(here) @ slopes, *expected_level(observed, levels, days, drift)


def _standardiser(learned: pl.DataFrame, columns: list[str]) -> Callable[[pl.DataFrame], Floats]:
    def filled(rows: pl.DataFrame) -> Floats:
        values = rows.select(pl.col(RECENCY).fill_null(NEVER_DAYS), pl.col(columns[1:]).fill_null(0.0))
        return np.maximum(values.to_numpy(), 0.0)

    # What is to be expected grows in a straight line with what was spent (as in the models of features.btyd), but does
    # not begin at 0: in logarithms, after a share of the mean was added, the slope is about 1, in any currency.
    is_money = np.array([column.startswith(SPENT) for column in columns])
    added = np.where(is_money, np.maximum(SPENT_ADDED * filled(learned).mean(axis=0), 1e-9), 1.0)

    def logarithms(rows: pl.DataFrame) -> Floats:
        return np.log(filled(rows) + added)

    logs = logarithms(learned)
    mean, deviation = logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-9)
    return lambda rows: (logarithms(rows) - mean) / deviation
