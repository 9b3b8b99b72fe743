"""Satisfaction: what customers answer in surveys, on each scale and on a common one, and whether they answer at all.

Scales: NPS 0 to 10, CSAT 1 to 5, CES 1 to 7, high being good (CES: "it was made easy for me"). A level is where a score
lies on its scale, from 0 (the lowest) to 1 (the highest); a low score is at a level of 0.4 or less, a high one above
0.8. A score counts from the time of the answer, an invitation from the time it was sent; an answer without a score is
an answer, but no score.
"""

from functools import partial

import polars as pl

from features.family import Derived, Events, Family, Feature, Op, Reason, ago, number, plural
from features.time import LIFETIME, Window, windows

SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
LOW, HIGH = 0.4, 0.8
PROMOTER, DETRACTOR = 9, 6  # NPS from, and up to
SILENT_SURVEYS = 3

KIND, SCORE = pl.col("kind"), pl.col("score")
LEVEL = pl.coalesce(
    pl.when(KIND == kind).then((SCORE - lowest) / (highest - lowest)) for kind, (lowest, highest) in SCALES.items()
).clip(0, 1)
CHANGE = SCORE - SCORE.shift(1).over("customer_id", "kind")
ANSWERED = pl.col("answered_at").is_not_null()
PLACE = pl.col("survey_id").cum_count().over("customer_id")

RECENT, YEARLY = windows(30, 90, 365), (*windows(90, 365), LIFETIME)


def _measure(
    name: str, op: Op, description: str, unit: str, seen: tuple[Window, ...] = (LIFETIME,), internal: bool = False
) -> Feature:
    return Feature(name, pl.col(name), op, description, unit, "satisfaction", seen, internal)


def _of_kind(kind: str) -> tuple[pl.Expr, ...]:
    return tuple(
        pl.when(KIND == kind).then(value).alias(name)
        for name, value in {kind: SCORE, f"{kind}_change": CHANGE, f"{kind}_age": pl.col("age_days")}.items()
    )


def _measures_of_kind(kind: str) -> tuple[Feature, ...]:
    called = kind.upper()
    return (
        _measure(kind, "last", f"latest {called}", "points"),
        _measure(kind, "min", f"lowest {called}", "points"),
        _measure(f"{kind}_change", "last", f"latest {called} less the one before", "points"),
        _measure(f"{kind}_age", "min", f"days since the latest {called}", "days"),
    )


ANSWER_EVENTS = Events(
    "surveys",
    state=True,
    time="answered_at",
    where=SCORE.is_not_null(),
    columns=(
        *(column for kind in SCALES for column in _of_kind(kind)),
        LEVEL.alias("level"),
        (LEVEL <= LOW).alias("low"),
        (LEVEL > HIGH).alias("high"),
        pl.col("age_days").alias("score_age"),
        pl.when(LEVEL <= LOW).then("age_days").alias("low_age"),
    ),
    measures=(
        *(measure for kind in SCALES for measure in _measures_of_kind(kind)),
        _measure("level", "last", "where the latest score lies on its scale: 0 the lowest, 1 the highest", "share"),
        _measure(
            "level",
            "mean",
            "where scores lie on their scales on average: 0 the lowest, 1 the highest",
            "share",
            windows(365),
        ),
        _measure(
            "level",
            "min",
            "where the lowest score lies on its scale: 0 the lowest, 1 the highest",
            "share",
            windows(180, 365),
        ),
        _measure("low", "sum", "scores in the lowest 40% of their scale", "scores", RECENT),
        _measure("high", "sum", "scores in the highest 20% of their scale", "scores", RECENT),
        _measure("score_age", "min", "days since the latest score", "days"),
        _measure("low_age", "min", "days since the latest low score", "days"),
    ),
)

INVITATION_EVENTS = Events(
    "surveys",
    state=True,
    columns=(
        pl.col("sent_at").alias("sent"),
        (~ANSWERED).alias("unanswered"),
        pl.when(ANSWERED).then(PLACE).alias("answered_place"),
    ),
    measures=(
        _measure("sent", "count", "surveys sent", "surveys", YEARLY),
        _measure("unanswered", "sum", "surveys sent and not answered yet", "surveys", YEARLY),
        _measure("answered_place", "max", "place of the latest survey answered", "place", internal=True),
    ),
)


def _column(name: str) -> pl.Expr:
    return pl.col(f"satisfaction__{name}")


def _answered_share(window: str, during: str) -> Derived:
    share = 1 - _column(f"unanswered_sum_{window}") / _column(f"sent_count_{window}")
    return Derived(
        f"answered_share_{window}",
        share,
        f"share of the surveys sent {during} that was answered",
        "share",
        "satisfaction",
    )


_reason = partial(Reason.of, "satisfaction")


def _low_score_reasons(kind: str) -> tuple[Reason, ...]:
    lowest, highest = SCALES[kind]
    limit = DETRACTOR if kind == "nps" else lowest + LOW * (highest - lowest)
    score, age = _column(f"{kind}_last_lifetime"), _column(f"{kind}_age_min_lifetime")
    given, text = score.is_between(lowest, limit), f"Gave {{}} of {highest} in the latest {kind.upper()} survey, "
    return (_reason(given & (age <= 365), text + "{}", number(score), ago(age)),)


NPS, NPS_CHANGE = _column("nps_last_lifetime"), _column("nps_change_last_lifetime")
LOW_YEAR, UNANSWERED_RUN = _column("low_sum_365d"), _column("unanswered_run")

FAMILY = Family(
    name="satisfaction",
    description="Answers to surveys: NPS, CSAT, CES and their changes, low and high scores, surveys left unanswered.",
    events=(ANSWER_EVENTS, INVITATION_EVENTS),
    derived=(
        Derived("promoter", NPS >= PROMOTER, "1 if the latest NPS is 9 or more, else 0", "flag", "satisfaction"),
        Derived("detractor", NPS <= DETRACTOR, "1 if the latest NPS is 6 or less, else 0", "flag", "satisfaction"),
        _answered_share("365d", "in 365 days"),
        _answered_share("lifetime", "so far"),
        Derived(
            "unanswered_run",
            _column("sent_count_lifetime") - _column("answered_place_max_lifetime").fill_null(0),
            "surveys not answered since the latest one that was",
            "surveys",
            "satisfaction",
            fill=0.0,
        ),
    ),
    reasons=(
        *(reason for kind in SCALES for reason in _low_score_reasons(kind)),
        _reason(
            (NPS_CHANGE <= -2) & (_column("nps_age_min_lifetime") <= 365),
            "The NPS score fell from {} to {}",
            number(NPS - NPS_CHANGE),
            number(NPS),
        ),
        _reason(LOW_YEAR > 0, "Gave {} in surveys in the last year", plural(LOW_YEAR, "low score", "low scores")),
        _reason(UNANSWERED_RUN >= SILENT_SURVEYS, "Did not answer the last {} surveys", number(UNANSWERED_RUN)),
    ),
)
