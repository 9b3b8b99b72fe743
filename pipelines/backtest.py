"""Rolling-origin backtest: on each of many days, train on what was known, score, and wait for what happened.

It is the only judge of a modelling choice. A day's models see nothing known at or after it, and learn from cutoffs
whose horizons were over by then; the days are scored with the function that scores a night.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from configs.errors import ConfigError, ModelError
from configs.modelling import ValueModel
from configs.settings import Settings
from features.cohort import cohort
from features.labels import labels
from features.time import Cutoff
from features.timeline import Bucket
from models.baselines import opponents
from models.compare import BEST, Scored, auc_of, captured_of, compare
from models.evaluate import WHAT_IS_SEEN, WITHIN, Evaluation, evaluate, further_days
from models.value_models import FIGURES, by_value_model, value_figures, value_lines
from pipelines.build import open_store, over_buckets, visits_of
from pipelines.prepare import prepare
from pipelines.progress import Log
from pipelines.train import fit_pair, training_of

DAYS_BY_DEFAULT, EVERY_DAYS = 12, 30


@dataclass(frozen=True)
class Backtest:
    """`cutoffs`: a row a day with every figure. `ahead`: by how much the model beats each opponent over all days."""

    cutoffs: pl.DataFrame
    ahead: pl.DataFrame


def backtest_days(settings: Settings, as_of: date, first: date | None, last: date | None, every: int) -> list[date]:
    """The days to go back to, oldest first: those asked for, else those of the configuration, else the latest twelve.

    Raises ConfigError where one of them is not fully observed on `as_of`.
    """
    observed = as_of - timedelta(days=settings.observation_days)
    if first or last or not settings.backtest.days:
        last = last or observed
        first = first or last - timedelta(days=(DAYS_BY_DEFAULT - 1) * every)
        days = [first + timedelta(days=step) for step in range(0, (last - first).days + 1, every)]
    else:
        days = sorted(settings.backtest.days)
    if not days or days[-1] > observed:
        raise ConfigError(
            f"backtest: what happened after {days[-1] if days else last} is not known yet on {as_of}: the horizon is "
            f"{settings.observation_days} days. Give a later --as-of, or days until {observed}."
        )
    return days


def backtest(
    settings: Settings, cutoff: Cutoff, days: Sequence[date], log: Log, compare_value: bool = False
) -> Backtest:
    """Go back to each of `days` within the store of `cutoff`.

    `compare_value`: hold the ways to learn value against each other too, which takes longer. Days before which the log
    is too short are left out, with a warning. Raises ModelError where none is left.
    """
    store = open_store(settings, cutoff)
    rows, by_churn, by_value, by_value_models = [], [], [], []
    for day in days:
        then = Cutoff(day, cutoff.zone)
        try:
            evaluation, churn, value, value_models = _at(settings, store, then, compare_value)
        except ModelError as error:
            log(f"warning: {day} left out: {error}")
            continue
        for line in (f"{day}", *evaluation.lines()):
            log(line)
        judgement = evaluation.judgement
        rows.append({"cutoff": day, "grade": judgement.grade, "best_opponent": judgement.opponent})
        rows[-1] |= evaluation.as_metrics()
        by_churn.append(churn)
        by_value.append(value)
        if value_models:
            rows[-1] |= value_figures(value.truth, value_models)
            chosen, *others = value_models
            rivals = {f"value model {name}": value_models[name] for name in others}
            by_value_models.append(Scored(value.customers, value.truth, value_models[chosen], rivals))
    if not rows:
        raise ModelError("the log is too short for a backtest on any of the days asked for.")
    log("over all days (mean difference, 95 % interval over customers):")
    seed = settings.training.seed
    ahead = [
        compare(scored, figure, seed).insert_column(0, pl.lit(name).alias("figure"))
        for name, scored, figure in (("AUC", by_churn, auc_of), ("value held by the top 20 %", by_value, captured_of))
    ]
    if by_value_models:
        opponent = pl.col("opponent")  # the best of these opponents would be told as the best of all
        ahead += [
            compare(by_value_models, figure, seed)
            .filter(opponent != BEST)
            .insert_column(0, pl.lit(name).alias("figure"))
            for name, figure in FIGURES.items()
        ]
    found = Backtest(pl.DataFrame(rows), pl.concat(ahead))
    for line in summary(found):
        log(line)
    return found


def summary(found: Backtest) -> list[str]:
    """The whole backtest in a few lines."""
    table = found.cutoffs
    mean = {name: float(table[name].to_numpy().mean()) for name in table.columns if table[name].dtype.is_float()}
    worst = {name: (float(table[name].min()), float(table[name].max())) for name in mean}  # ty: ignore[invalid-argument-type]
    lines = [
        f"{figure}: ahead of {_the(opponent)} by {ahead:+.4f} ({low:+.4f}..{high:+.4f})"
        for figure, opponent, ahead, low, high in found.ahead.rows()
    ]

    def within(days: int) -> str:
        predicted, happened, error = (f"within_{days}d_{kind}" for kind in WITHIN)
        return (
            f"within {days} days ({WHAT_IS_SEEN}): {mean[predicted]:.3f} predicted, {mean[happened]:.3f} happened on "
            f"average; calibration error {mean[error]:.3f} on average, {worst[error][1]:.3f} at most"
        )

    return [
        *lines,
        *value_lines(table),
        f"AUC {mean['auc']:.4f} on average of {table.height} days",
        f"calibration error {mean['calibration_error']:.3f} on average, {worst['calibration_error'][1]:.3f} at most",
        *(within(days) for days in further_days(table.columns)),
        f"predicted over actual total value {mean['value_ratio']:.2f} on average, "
        f"{worst['value_ratio'][0]:.2f}..{worst['value_ratio'][1]:.2f}",
        f"within their 80 % intervals: {mean['coverage_80']:.1%} on average, "
        f"{worst['coverage_80'][0]:.1%}..{worst['coverage_80'][1]:.1%}",
    ]


def _the(opponent: str) -> str:
    return "the best opponent of each day" if opponent == BEST else opponent


def _at(
    settings: Settings, store: Path, then: Cutoff, compare_value: bool
) -> tuple[Evaluation, Scored, Scored, dict[ValueModel, np.ndarray]]:
    """The figures of a pair trained on that day, the scores beside what happened, and values by each value model."""

    def silent(_: str) -> None: ...

    prepared = prepare(settings, store, then, silent)
    pair = fit_pair(settings, prepared.split, prepared.labelled, prepared.cohort)
    scores = pair.score(prepared.cohort)
    happened = outcomes(settings, store, then)
    test = prepared.cohort.join(happened, on=["customer_id", "cutoff"], how="left", maintain_order="left")
    visits = visits_of(store, then)
    rivals = opponents(prepared.labelled, test, visits, settings.churn.horizon_days, settings.clv_horizon_days)
    evaluation = evaluate(scores, test, rivals, settings.training.seed)
    customers, churned = test["customer_id"], test["churned"].to_numpy().astype(np.float64)

    def scored(truth: np.ndarray, column: str, by: Mapping[str, np.ndarray]) -> Scored:
        return Scored(customers, truth, scores[column].to_numpy(), by)

    by_value = scored(test["value"].to_numpy(), "predicted_clv", rivals.value)
    value_models: dict[ValueModel, np.ndarray] = {}
    if compare_value:
        training = training_of(settings, prepared.split)
        value_models = by_value_model(pair, prepared.labelled, prepared.cohort, training)
    return evaluation, scored(churned, "churn_probability", rivals.churn), by_value, value_models


def outcomes(settings: Settings, store: Path, cutoff: Cutoff) -> pl.DataFrame:
    """What happened to the cohort of `cutoff`, by all that the store knows: the columns of `features.labels`."""

    def found(tables: Bucket) -> pl.DataFrame:
        rows = cohort(tables, [cutoff], settings.churn)
        return labels(tables, rows, [cutoff], settings.churn, settings.clv_horizon_days)

    return pl.concat(over_buckets(settings.engine, store, (), found))
