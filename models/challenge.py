"""Whether a new model takes the champion's place: recipes are compared, not the models as they were registered.

A champion of last week has seen labels that overlap the newest cutoffs, so its scores there would flatter it. Its
recipe has seen nothing: both recipes learn anew from the earlier cutoffs, and are held against each other on those an
embargo later. Several of those, since on one alone customers agree by chance: on Online Retail II, 40 rounds in place
of 300 were behind by 0.0005 beyond the noise of customers at one cutoff, and level over three.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal, Self

import numpy as np
import polars as pl
from pydantic import ValidationError

from configs.errors import ModelError
from configs.modelling import Churn, Training
from configs.settings import Settings
from features.matrix import KEYS
from models.compare import Figure, Scored, auc_of, compare, gini_of
from models.evaluate import flat_name
from models.pair import LABELS, ModelPair
from models.splits import apart

Verdict = Literal["first", "refreshed", "promoted", "held back", "promoted by hand", "rolled back"]
CHAMPION = "the champion's recipe"
# What recipes are compared by: the label, the score that is to tell it, and the figure.
FIGURES: Mapping[str, tuple[str, str, Figure]] = {
    "AUC": ("churned", "churn_probability", auc_of),
    "Gini of value": ("value", "predicted_clv", gini_of),
}
TEST_CUTOFFS, TRAINING_CUTOFFS_AT_LEAST = 3, 6


@dataclass(frozen=True)
class Recipe:
    """How a model is made: what it is for, the settings of training but threads, and the features it learns from.

    Models of one recipe differ in nothing but the data they learned from.
    """

    purpose: Mapping[str, Any]
    settings: Mapping[str, Any]
    features: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, features: Collection[str]) -> Self:
        """The recipe of a training with these settings and features."""
        return cls(purpose_of(settings), _but_threads(settings.training), frozenset(features))

    @classmethod
    def restore(cls, registered: Mapping[str, Any]) -> Self:
        """The recipe in what was registered with a model; raises ModelError where its settings are not known.

        A setting that did not exist then had what is now its default.
        """
        if "training" not in registered:
            raise ModelError("its settings were not registered with it")
        try:
            training = Training.model_validate(registered["training"])
        except ValidationError:
            raise ModelError("it has settings that are no longer known") from None
        return cls(purpose_in(registered), _but_threads(training), frozenset(registered["features"]))

    def training(self, threads: int) -> Training:
        """The settings to train by it with so many threads."""
        return Training.model_validate({**self.settings, "threads": threads})


def purpose_of(settings: Settings) -> dict[str, Any]:
    """What leaving and value mean: models of different purposes cannot stand in for each other."""
    return settings.churn.meaning() | {"clv_horizon_days": settings.clv_horizon_days}


def purpose_in(registered: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a registered model, of what was registered with it."""
    return Churn().meaning() | registered["definition"] | {"clv_horizon_days": registered["clv_horizon_days"]}


def _but_threads(training: Training) -> dict[str, Any]:
    return training.model_dump(exclude={"threads"})


@dataclass(frozen=True)
class Ahead:
    """By how much the challenger is ahead of the champion's recipe, with the ends of the 95 % interval (customers)."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Of two recipes: who is ahead by each of FIGURES, as a mean over so many `cutoffs`."""

    ahead: Mapping[str, Ahead]
    cutoffs: int

    def __str__(self) -> str:
        figures = [f"{name} {a.difference:+.4f} ({a.low:+.4f}..{a.high:+.4f})" for name, a in self.ahead.items()]
        return f"{', '.join(figures)}; test cutoffs: {self.cutoffs}"


@dataclass(frozen=True)
class Decision:
    """What becomes of a new model, and why. `opponent`: version of the champion, where there was one."""

    verdict: Verdict
    reason: str
    opponent: str | None = None
    comparison: Comparison | None = None

    def tags(self) -> dict[str, str]:
        """In words, for tracking."""
        found = {"decision": self.verdict, "reason": self.reason}
        return found | ({"opponent_version": self.opponent} if self.opponent else {})

    def metrics(self) -> dict[str, float]:
        """The comparison under flat names, for tracking; empty where there was none."""
        ahead = self.comparison.ahead if self.comparison else {}
        return {
            f"challenge_{flat_name(name)}_{key}": value
            for name, found in ahead.items()
            for key, value in asdict(found).items()
        }


def decide(champion: str | None, comparison: Comparison | None = None, incomparable: str | None = None) -> Decision:
    """The rule by which a model that passed the sanity checks becomes champion.

    `champion`: version of the present one. `comparison` with its recipe: None where the recipe is the same.
    `incomparable`: why there was nothing to compare with. The first model becomes champion, and so does the same recipe
    learned anew. Another recipe does unless it is behind beyond noise by one of the figures: a level one is what the
    configuration or the tuning asks for, and nothing speaks against it. Nor does anything speak for a champion that
    cannot be compared: mostly its features or its purpose are of the past, and then it could not score tonight either.
    """
    if champion is None:
        return Decision("first", "no model was champion before")
    if incomparable:
        return Decision("promoted", f"not compared with champion version {champion}: {incomparable}", champion)
    if comparison is None:
        return Decision("refreshed", f"the recipe of champion version {champion}, learned anew", champion)
    figures = comparison.ahead.values()
    behind, ahead = any(a.high < 0 for a in figures), any(a.low > 0 for a in figures)
    standing = "behind beyond noise" if behind else "ahead beyond noise" if ahead else "level, and what was asked for"
    reason = f"{standing}, against the recipe of champion version {champion}: {comparison}"
    return Decision("held back" if behind else "promoted", reason, champion, comparison)


@dataclass(frozen=True)
class Entrant:
    """A recipe that enters a comparison: its labelled matrix, and how a pair learns from rows of it for a cohort."""

    labelled: pl.DataFrame
    fit: Callable[[pl.DataFrame, pl.DataFrame], ModelPair]


def compare_recipes(challenger: Entrant, champion: Entrant, embargo_days: int, seed: int) -> Comparison:
    """Let both learn from their earlier cutoffs and compare them on the latest they share, on the customers they share.

    Raises ModelError where they share no cutoff.
    """
    days = days_to_compare(challenger.labelled["cutoff"], champion.labelled["cutoff"], embargo_days)
    ours, theirs = (_out_of_time(recipe, days, embargo_days) for recipe in (challenger, champion))
    cutoffs = ours.join(theirs, on=KEYS, suffix=" of the champion").partition_by("cutoff", maintain_order=True)
    ahead = {}
    for name, (truth, score, figure) in FIGURES.items():
        scored = [
            Scored(
                rows["customer_id"],
                rows[truth].to_numpy().astype(np.float64),
                rows[score].to_numpy(),
                {CHAMPION: rows[f"{score} of the champion"].to_numpy()},
            )
            for rows in cutoffs
        ]
        found = compare(scored, figure, seed).filter(opponent=CHAMPION)
        ahead[name] = Ahead(*found.select("ahead", "low", "high").row(0))
    return Comparison(ahead, len(cutoffs))


def days_to_compare(ours: pl.Series, theirs: pl.Series, embargo_days: int) -> list[date]:
    """The latest three cutoffs (Date) of `ours` as far as `theirs` has them, oldest first.

    Fewer, down to one, where either would have fewer than six an embargo before the first to learn from. Raises
    ModelError where there is none.
    """
    cutoffs = [sorted(set(days)) for days in (ours, theirs)]
    shared = [day for day in cutoffs[0][-TEST_CUTOFFS:] if day in cutoffs[1]]
    if not shared:
        raise ModelError("its settings lead to other cutoffs")

    def left(first: date) -> int:
        return min(sum(day + timedelta(days=embargo_days) <= first for day in days) for days in cutoffs)

    return next((shared[at:] for at, day in enumerate(shared) if left(day) >= TRAINING_CUTOFFS_AT_LEAST), shared[-1:])


def _out_of_time(recipe: Entrant, days: Sequence[date], embargo_days: int) -> pl.DataFrame:
    """Labels and scores of the rows of `days`, sorted by their keys, by a pair of the rows an embargo before.

    Where the log is too short for that: by a pair of other customers.
    """
    earlier = recipe.labelled.filter(pl.col("cutoff") + timedelta(days=embargo_days) <= days[0])
    test = recipe.labelled.filter(pl.col("cutoff").is_in(days)).sort("cutoff", "customer_id")
    if earlier["churned"].n_unique() < 2:
        earlier, test = apart(recipe.labelled, test)
    pair = recipe.fit(earlier, test.filter(pl.col("cutoff") == days[0]).drop(LABELS))
    return pair.score(test).with_columns(test["churned"], test["value"])
