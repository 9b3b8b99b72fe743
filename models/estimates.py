"""Figures of groups of customers with 95 % intervals: Wilson's for shares, a bootstrap over customers for the rest."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from features.families.satisfaction import DETRACTOR, PROMOTER
from models.curves import wilson
from models.metrics import Floats, bootstrap_interval

DRAWS = 400
BLOCKS = 5000  # customers drawn together beyond as many, by chance: their sums vary as much, and are few


@dataclass(frozen=True)
class Estimate:
    """A figure of `population` customers, answers or whatever is counted; low and high are None where nothing is
    estimated, or an interval does not exist."""

    population: int
    value: float | None
    low: float | None = None
    high: float | None = None


def counted(population: int, value: float) -> Estimate:
    """A total of all there is, without an interval."""
    return Estimate(population, value)


def share_of(happened: int, among: int) -> Estimate:
    """A share with Wilson's interval; no value of nothing."""
    return Estimate(among, happened / among, *wilson(happened, among)) if among else Estimate(0, None)


def ratio_of(parts: Floats, wholes: Floats, population: int, seed: int) -> Estimate:
    """The sum of `parts` over that of `wholes`, one of each a customer; the interval is of a bootstrap over customers.

    With `wholes` of 1 it is a mean. No value where the wholes add up to nothing.
    """
    total = wholes.sum()
    if not total:
        return Estimate(population, None)
    of, among = _in_blocks(parts, wholes, seed)
    drawn = bootstrap_interval(lambda rows: _over(of[rows].sum(), among[rows].sum()), len(of), seed, DRAWS)
    return Estimate(population, float(parts.sum() / total), *_ends(drawn, len(of)))


def mean_of(values: Floats, seed: int) -> Estimate:
    """The mean of one value a customer."""
    return ratio_of(values, np.ones(len(values)), len(values), seed)


def answered_mean(answers: pl.DataFrame, value: pl.Expr, seed: int) -> Estimate:
    """The mean of `value` over answers (customer_id, ...), several of a customer being drawn together."""
    by = answers.group_by("customer_id").agg(part=value.sum(), whole=pl.len()).sort("customer_id")
    parts, wholes = (by[name].cast(pl.Float64).to_numpy() for name in ("part", "whole"))
    return ratio_of(parts, wholes, answers.height, seed)


def net_promoters() -> pl.Expr:
    """What a score from 0 to 10 counts in the NPS: 100 for a promoter, -100 for a detractor (Reichheld 2003)."""
    score = pl.col("score")
    return 100 * (score >= PROMOTER).cast(pl.Int32) - 100 * (score <= DETRACTOR).cast(pl.Int32)


def held_by_best(values: Floats, share: float, seed: int) -> Estimate:
    """Part of the total that the `share` of customers with the highest values hold, with a bootstrap interval.

    A customer at the edge counts in part. No value where the total is not above 0; values below 0 let it exceed 1.
    """
    ordered = np.sort(values)[::-1]
    count = len(ordered)

    def held(weights: Floats) -> float:
        before = np.cumsum(weights) - weights
        taken = np.clip(share * count - before, 0, weights)
        total = (ordered * weights).sum()
        return float((ordered * taken).sum() / total) if total > 0 else float("nan")

    value = held(np.ones(count)) if count else float("nan")
    if np.isnan(value):
        return Estimate(count, None)
    drawn = bootstrap_interval(
        lambda rows: held(np.bincount(rows, minlength=count).astype(np.float64)), count, seed, DRAWS // 2
    )
    return Estimate(count, value, *_ends(drawn, count))


def _in_blocks(parts: Floats, wholes: Floats, seed: int) -> tuple[Floats, ...]:
    if len(parts) <= BLOCKS:
        return parts, wholes
    block = np.random.default_rng(seed).permutation(len(parts)) % BLOCKS
    return tuple(np.bincount(block, weights=values).astype(np.float64) for values in (parts, wholes))


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _ends(drawn: tuple[float, float], customers: int) -> tuple[float | None, float | None]:
    """No interval of a single customer, of whom every draw is the same, or where no draw has the figure."""
    return (None, None) if customers < 2 or np.isnan(drawn).any() else drawn
