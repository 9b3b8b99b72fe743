"""When: the chance of leaving, split over horizons shorter than the one that churn is defined by.

Whether and when are two questions: churn_probability_<d>d = churn_probability x F_d, F_d being the chance that what is
seen in the horizon is seen within its first d days. Of a contract that is its end, learned from those who left: the
product is the chance that the contract ends within d days. Nobody sees a customer without a contract leave, only an
order that does not come. So F_d is learned from those who stayed, by the day of their first purchase, and the product
is the chance that the customer has left and that it shows by day d, the next order having been due by then. It is not
the chance of no purchase within d days, which falls with d.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import polars as pl
from scipy.special import expit, logit

from configs.modelling import Churn, Training
from models.boosting import predict
from models.calibrate import Calibrator, shift_to, weeks_from
from models.churn import train_trees
from models.level import expected_level
from models.metrics import Floats
from models.reference import ROWS_AT_LEAST

DRIFT = 0.1  # standard deviation of the drift of a share's log-odds
PREFIX, UNIT = "churn_probability_", "d"


@dataclass(frozen=True)
class Within:
    """F_d of one further horizon: trees that tell who is seen early (None where too few were seen), and the level.

    A linear model knew nearly as much of orders, but not of contracts that end on the day they would renew.
    """

    days: int
    trees: lgb.Booster | None
    calibrator: Calibrator

    def share(self, features: pl.DataFrame, cutoffs: pl.Series) -> Floats:
        """F_d of each row as of its cutoff (Date)."""
        raw_score = np.zeros(features.height) if self.trees is None else predict(self.trees, features)
        return self.calibrator.probability(raw_score, cutoffs)


@dataclass(frozen=True)
class Timing:
    """F_d of every further horizon, the shortest first."""

    horizons: Sequence[Within] = ()

    def probabilities(self, churn_probability: Floats, features: pl.DataFrame, cutoffs: pl.Series) -> dict[str, Floats]:
        """The column of each further horizon: never below that of a shorter one, never above churn_probability."""
        share, found = np.zeros(features.height), {}
        for within in self.horizons:
            share = np.maximum(share, within.share(features, cutoffs))
            found[f"{PREFIX}{within.days}{UNIT}"] = churn_probability * share
        return found

    def recipe(self) -> list[dict[str, Any]]:
        """As plain JSON values, trees as LightGBM's text."""
        return [
            {
                "days": within.days,
                "trees": within.trees and within.trees.model_to_string(),
                "calibrator": within.calibrator.recipe(),
            }
            for within in self.horizons
        ]

    @classmethod
    def restore(cls, recipe: list[dict[str, Any]]) -> Self:
        """What `recipe()` gave."""

        def within(days: int, trees: str | None, calibrator: dict[str, Any]) -> Within:
            booster = None if trees is None else lgb.Booster(model_str=trees)
            return Within(days, booster, Calibrator.restore(calibrator))

        return cls([within(**horizon) for horizon in recipe])


def further_columns(columns: Collection[str]) -> dict[int, str]:
    """Those of the columns of scores that tell of further horizons, by their days, the shortest first."""
    found = {int(match[1]): column for column in columns if (match := re.fullmatch(rf"{PREFIX}(\d+){UNIT}", column))}
    return dict(sorted(found.items()))


def train_timing(
    features: pl.DataFrame,
    rows: pl.DataFrame,
    cohort: pl.DataFrame,
    churn_probability: Floats,
    churn: Churn,
    training: Training,
) -> Timing:
    """Learn F_d of `churn.further_days` for the day of `cohort` (a matrix of one cutoff) and the weeks after it.

    `rows`: cutoff (Date) and event_days of each row of `features`; who has no event_days says nothing of when.
    `churn_probability`: of the rows of `cohort`, for the level of F_d is that of those in whom something will be seen.
    """
    seen = rows["event_days"].is_not_null()
    features, rows = features.filter(seen), rows.filter(seen)
    chance = churn_probability if churn.definition == "contract" else 1 - churn_probability
    day, here = cohort["cutoff"][0], cohort.select(features.columns)

    def within(days: int) -> Within:
        early = (rows["event_days"] < days).cast(pl.Int8).alias("early")
        trees, raw_score = None, np.zeros(here.height)
        if ROWS_AT_LEAST <= early.sum() <= len(early) - ROWS_AT_LEAST:
            trees = train_trees(features, early, rows["cutoff"], training, training.rounds // 2)
            raw_score = predict(trees, here)
        shares = _expected_shares(rows.with_columns(early), days / churn.horizon_days, weeks_from(day))
        return Within(days, trees, Calibrator(day, [shift_to(raw_score, share, chance) for share in shares]))

    return Timing([within(days) for days in churn.further_days])


def _expected_shares(rows: pl.DataFrame, evenly: float, days: Sequence[date]) -> Floats:
    """The share seen early that is expected on each of `days`, from `rows` (cutoff, early): the course of the cutoffs'
    shares, or that of all rows where no cutoff has enough. A row more, spread `evenly`, keeps each off 0 and 1."""
    share = (pl.col("early").sum() + evenly) / (pl.len() + 1)
    levels = rows.group_by("cutoff").agg(share, rows=pl.len()).filter(pl.col("rows") >= ROWS_AT_LEAST).sort("cutoff")
    if not levels.height:
        return np.full(len(days), rows.select(share).item())
    expected, _ = expected_level(levels["cutoff"].to_list(), logit(levels["early"].to_numpy()), days, DRIFT)
    return expit(expected)
