"""The tables of a training report, out of time: of the test cutoff, by the pair that knew only earlier ones.

Figures of groups of customers only: no row is a customer's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from configs.settings import Settings
from features.catalog import dictionary
from models import curves, influence
from models.baselines import SPENT
from models.evaluate import MODEL, WITHIN, further_days
from models.explain import by_group, contributions
from models.pair import features_only
from models.reference import RECENCY
from models.splits import Split
from pipelines.outreach.wording import day
from pipelines.prepare import Prepared
from pipelines.train import Judged

EXPLAINED = 10_000  # customers of the test cutoff whose contributions are looked at, drawn by the seed
FEATURES_SHOWN = 20
CLEAR = 0.3  # correlation from which a feature is said to work in one direction
IN_WORDS = {
    "auc": "AUC",
    "mean_probability": "mean probability of leaving",
    "churn_rate": "share that left",
    "calibration_error": "calibration error",
    "lift_at_10": "lift of the top 10 %",
    "value_ratio": "predicted over actual total value",
    "value_captured_20": "value held by the top 20 %, of the ideal",
    "coverage_80": "share within their 80 % intervals",
}


@dataclass(frozen=True)
class Trained:
    """What a report tells of: what was learned from, how it was judged, and what was registered.

    `tonight`: scores of the day's cohort by the registered pair. `level`: a sentence on how far the base rate moved.
    `manifest`: that of the store. `tags` and `versions`: as logged with the run.
    """

    settings: Settings
    prepared: Prepared
    judged: Judged
    tonight: pl.DataFrame
    level: str
    manifest: dict[str, Any]
    tags: dict[str, str]
    versions: dict[str, str]


def learned_from(split: Split) -> str:
    """What the judged models learned from, to be put behind "models"."""
    if split.by_customer:
        return "of other customers of the same days"
    return f"of {len(split.train)} cutoffs from {day(split.train[0].day)} to {day(split.train[-1].day)}"


@dataclass(frozen=True)
class Figures:
    """The tables by name, and `reason_overlap`: see `models.influence.overlap`, against trees of another seed."""

    tables: dict[str, pl.DataFrame]
    reason_overlap: float


def figures_of(trained: Trained) -> Figures:
    """Every table but that of the ablation, which lies beside the report."""
    test, judged = trained.prepared.test, trained.judged
    churned, value = test["churned"].to_numpy().astype(np.float64), test["value"].to_numpy()
    probability, predicted, low, high = (
        judged.scores[name].to_numpy()
        for name in ("churn_probability", "predicted_clv", "predicted_clv_low", "predicted_clv_high")
    )
    gains = curves.gains(churned, {MODEL: probability, **judged.rivals.churn})
    tables = {
        "figures": _figures(judged),
        "opponents": _opponents(judged),
        "reliability": curves.reliability(churned, probability),
        "deciles": curves.deciles(churned, probability, value, predicted),
        "gains": gains,
        "lift": curves.lift(gains),
        "segments": curves.by_segment(churned, probability, _segments(trained)),
        "value_captured": curves.value_captured(value, {MODEL: predicted, **judged.rivals.value}),
        "value_deciles": curves.value_deciles(value, predicted, low, high),
        "cutoffs": _cutoffs(trained),
        "settings": _settings(trained.settings),
        "data": _data(trained),
    }
    explained, reason_overlap = _explained(trained)
    return Figures(tables | explained, reason_overlap)


def _figures(judged: Judged) -> pl.DataFrame:
    evaluation = judged.evaluation
    words = IN_WORDS | {
        f"within_{days}d_{kind}": f"within {days} days: {kind.replace('_', ' ')}"
        for days in further_days(evaluation.figures)
        for kind in WITHIN
    }
    rows = [
        (in_words, evaluation.figures[name], *evaluation.intervals.get(name, (None, None)))
        for name, in_words in words.items()
    ]
    return pl.DataFrame(rows, schema=["figure", "value", "low", "high"], orient="row")


def _opponents(judged: Judged) -> pl.DataFrame:
    """AUC and value captured of the model and of each opponent; null where it does not say who leaves, or the worth."""
    auc, captured = judged.evaluation.auc, judged.evaluation.value_captured
    names = list(dict.fromkeys([*auc, *captured]))
    by_name = [(name, auc.get(name), captured.get(name)) for name in names]
    return pl.DataFrame(by_name, schema=["by", "auc", "value_captured_20"], orient="row")


def _segments(trained: Trained) -> Iterator[tuple[str, pl.Series]]:
    """Bands of recency and of spend, and the profile columns that the configuration names."""
    test, prepared = trained.prepared.test, trained.prepared
    yield "days silent", curves.fifths(test[RECENCY])
    yield f"{trained.settings.currency} spent", curves.fifths(test[SPENT].fill_null(0.0))
    for measure in (m for family in prepared.families if family.name == "profile" for m in family.measures):
        values = test[measure.column("profile", measure.windows[0])]
        if measure.unit != "category":
            yield measure.name, curves.fifths(values)
            continue
        named = dict(enumerate(prepared.fitted.categories.get(measure.name, ()), start=1))
        yield measure.name, values.cast(pl.Int64).replace_strict({0: "other"} | named, return_dtype=pl.String)


def _cutoffs(trained: Trained) -> pl.DataFrame:
    """A row a labelled cutoff: customers, share that left, and what it served; then the as-of day's expected share."""
    split = trained.prepared.split
    test = "test, of other customers" if split.by_customer else "test"
    served = {cutoff.day: "embargo: learned from by the registered models only" for cutoff in split.labelled}
    served |= {cutoff.day: "learned from" for cutoff in split.train}
    served[split.test.day] = f"{test}; learned from by the registered models"
    rates = trained.prepared.labelled.group_by("cutoff").agg(customers=pl.len(), happened=pl.col("churned").mean())
    rates = rates.sort("cutoff").with_columns(
        pl.lit(None, pl.Float64).alias("expected"), served=pl.col("cutoff").replace_strict(served)
    )
    tonight = trained.tonight.select(
        pl.col("cutoff").first(),
        customers=pl.len(),
        happened=pl.lit(None, pl.Float64),
        expected=pl.col("churn_probability").mean(),
        served=pl.lit("as-of day"),
    )
    return pl.concat([rates, tonight])


def _settings(settings: Settings) -> pl.DataFrame:
    """Every setting that can change a result, by its key; sources are named in the table of the data."""
    flat = [
        (f"{section}.{key}" if isinstance(content, dict) else section, json.dumps(value))
        for section, content in settings.comparable().items()
        if section != "sources"
        for key, value in (content.items() if isinstance(content, dict) else [("", content)])
    ]
    return pl.DataFrame(flat, schema=["setting", "value"], orient="row")


def _data(trained: Trained) -> pl.DataFrame:
    counts = trained.manifest["tables"]
    rows = [(table, *(counts[table][kind] for kind in ("kept", "quarantined", "not_yet_known"))) for table in counts]
    return pl.DataFrame(rows, schema=["table", "kept", "quarantined", "not_yet_known"], orient="row").sort("table")


def _explained(trained: Trained) -> tuple[dict[str, pl.DataFrame], float]:
    """What moves the scores of the test cutoff: tables of reason groups, features and families; the reason overlap."""
    prepared, training, model = trained.prepared, trained.settings.training, trained.judged.pair.churn
    test = prepared.test.sample(min(prepared.test.height, EXPLAINED), seed=training.seed)
    features = features_only(test)
    meanings = pl.DataFrame(dictionary(prepared.families), infer_schema_length=None)
    groups = {column: group for family in prepared.families for column, group in family.reason_groups().items()}
    grouped = partial(by_group, groups=groups)

    contributed = contributions(model, features)
    strengths = influence.of_features(contributed, features)
    families = dict(meanings.select("name", "family").iter_rows())
    meaning = pl.concat_str("description", "window", separator=", ", ignore_nulls=True).str.strip_chars_end(", ")
    shown = strengths.head(FEATURES_SHOWN).join(
        meanings.select(pl.col("name").alias("feature"), meaning=meaning), on="feature", maintain_order="left"
    )
    tables = {
        "reason_groups": influence.of_groups(grouped(contributed)),
        "features": shown.with_columns(direction=_in_words(pl.col("direction"))),
        "families": influence.of_families(strengths, families),
    }
    other = influence.other_seed(model, prepared.earlier, features_only(prepared.earlier), training)
    speaking = sorted(
        {reason.group for family in prepared.families for reason in family.reasons} & set(groups.values())
    )
    ours, theirs = (grouped(found).select(speaking) for found in (contributed, contributions(other, features)))
    return tables, influence.overlap(ours, theirs)


def _in_words(direction: pl.Expr) -> pl.Expr:
    return (
        pl.when(direction >= CLEAR)
        .then(pl.lit("high values raise the risk"))
        .when(direction <= -CLEAR)
        .then(pl.lit("high values lower the risk"))
        .otherwise(pl.lit("no single direction"))
    )
