"""Which recipes are the same, by how much one is ahead, and what is decided from it."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from configs.errors import ModelError
from configs.modelling import Training
from configs.settings import Settings
from models import compare
from models.challenge import Ahead, Comparison, Decision, Entrant, Recipe, compare_recipes, days_to_compare, decide
from models.compare import gini_of
from models.metrics import auc
from models.pair import LABELS, ModelPair
from tests.models.conftest import CHURN, EMBARGO_DAYS, labelled_matrix


def settings_with(churn: dict | None = None, **training: float) -> Settings:
    sections = {"sources": {"transactions": {"path": "x.csv"}}, "churn": churn or {}, "training": training}
    return Settings.model_validate({"name": "x"} | sections)


def registered(settings: Settings, features: list[str]) -> dict:
    """What training registers of a recipe."""
    training = settings.training.model_dump(exclude={"threads"})
    purpose = {"definition": settings.churn.meaning(), "clv_horizon_days": settings.clv_horizon_days}
    return {"training": training, "features": features} | purpose


def test_a_recipe_is_its_settings_features_and_purpose_whatever_the_threads_and_the_order() -> None:
    base = Recipe.restore(registered(settings_with(threads=1), ["a", "b"]))
    assert base == Recipe.of(settings_with(threads=8), ["b", "a"])
    assert base != Recipe.of(settings_with(leaves=8), ["a", "b"])
    assert base != Recipe.of(settings_with(), ["a", "b", "c"])
    assert base != Recipe.of(settings_with(churn={"horizon_days": 60}), ["a", "b"])


def test_a_setting_that_was_added_later_had_its_default() -> None:
    earlier = registered(settings_with(leaves=8), ["a"])
    del earlier["training"]["lambda_l2"], earlier["definition"]["grace_days"]
    assert Recipe.restore(earlier) == Recipe.of(settings_with(leaves=8), ["a"])


def test_a_model_whose_settings_are_not_known_has_no_recipe() -> None:
    without = registered(settings_with(), ["a"])
    del without["training"]
    with pytest.raises(ModelError, match="not registered with it"):
        Recipe.restore(without)
    foreign = registered(settings_with(), ["a"])
    foreign["training"]["trees_of_old"] = 1
    with pytest.raises(ModelError, match="no longer known"):
        Recipe.restore(foreign)


LEVEL = Ahead(-0.01, -0.02, 0.0)
IN_FRONT, BEHIND = Ahead(0.01, 0.001, 0.02), Ahead(-0.01, -0.02, -0.001)


@pytest.mark.parametrize(
    ("by_churn", "by_value", "verdict", "standing"),
    [
        (BEHIND, LEVEL, "held back", "behind beyond noise"),
        (IN_FRONT, BEHIND, "held back", "behind beyond noise"),
        (LEVEL, LEVEL, "promoted", "level"),
        (LEVEL, Ahead(0.01, 0.0, 0.02), "promoted", "level"),
        (LEVEL, IN_FRONT, "promoted", "ahead beyond noise"),
    ],
)
def test_another_recipe_is_held_back_only_where_it_is_behind_beyond_noise(
    by_churn: Ahead, by_value: Ahead, verdict: str, standing: str
) -> None:
    comparison = Comparison({"AUC": by_churn, "Gini of value": by_value}, 3)
    decision = decide("3", comparison)
    assert (decision.verdict, decision.opponent, decision.comparison) == (verdict, "3", comparison)
    assert decision.reason.startswith(standing) and "champion version 3" in decision.reason


def test_nothing_to_compare_with_is_no_obstacle() -> None:
    assert decide(None) == Decision("first", "no model was champion before")
    assert decide("3") == Decision("refreshed", "the recipe of champion version 3, learned anew", "3")
    unknown = decide("3", incomparable="its features are gone")
    assert unknown == Decision("promoted", "not compared with champion version 3: its features are gone", "3")


def test_what_is_tracked_of_a_decision() -> None:
    decision = decide("3", Comparison({"AUC": Ahead(0.01, -0.01, 0.03), "Gini of value": Ahead(0.2, 0.1, 0.3)}, 2))
    assert decision.reason.endswith(
        "AUC +0.0100 (-0.0100..+0.0300), Gini of value +0.2000 (+0.1000..+0.3000); test cutoffs: 2"
    )
    assert decision.tags() == {"decision": "promoted", "reason": decision.reason, "opponent_version": "3"}
    by_churn = {"challenge_auc_difference": 0.01, "challenge_auc_low": -0.01, "challenge_auc_high": 0.03}
    name = "challenge_gini_of_value"
    assert decision.metrics() == by_churn | {f"{name}_difference": 0.2, f"{name}_low": 0.1, f"{name}_high": 0.3}
    assert decide(None).tags() == {"decision": "first", "reason": "no model was champion before"}
    assert decide(None).metrics() == {}


def every(days: int, count: int) -> pl.Series:
    """Cutoffs of two customers each, the last on 2026-06-30."""
    return pl.Series([date(2026, 6, 30) - timedelta(days=days * i) for i in range(count)] * 2)


def test_three_cutoffs_are_compared_where_enough_is_left_to_learn_from() -> None:
    latest = [date(2026, 5, 21), date(2026, 6, 10), date(2026, 6, 30)]
    # Forty days before the last but two of 10 lie the first six; before the last but one of 9, and the last of 8, too.
    for count, days in ((10, latest), (9, latest[1:]), (8, latest[2:]), (3, latest[2:])):
        assert days_to_compare(every(20, count), every(20, 30), embargo_days=40) == days
        assert days_to_compare(every(20, 30), every(20, count), embargo_days=40) == days
    assert days_to_compare(every(20, 30), every(40, 30), embargo_days=40) == latest[::2]
    with pytest.raises(ModelError, match="other cutoffs"):
        days_to_compare(every(20, 30), every(20, 30) + timedelta(days=1), embargo_days=40)


CUTOFFS = [date(2025, 1, 1) + timedelta(days=30 * i) for i in range(10)]
TRAINING = Training(rounds=10, learning_rate=0.1, lookback_days=40, seed=7, threads=1)
OTHER = TRAINING.model_copy(update={"rounds": 12})


@pytest.fixture(scope="module")
def whole() -> pl.DataFrame:
    return labelled_matrix(150, seed=3, cutoffs=CUTOFFS)


class Learner:
    """Fits pairs with these settings, and remembers the rows that each learned from."""

    def __init__(self, labelled: pl.DataFrame, training: Training = TRAINING) -> None:
        self.training, self.seen = training, list[pl.DataFrame]()
        self.entrant = Entrant(labelled, self.fit)

    def fit(self, labelled: pl.DataFrame, cohort: pl.DataFrame) -> ModelPair:
        self.seen.append(labelled)
        return ModelPair.train(labelled, cohort, self.training, EMBARGO_DAYS, CHURN)


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "DRAWS", 30)


def test_both_learn_from_before_an_embargo_and_the_better_is_ahead(whole: pl.DataFrame) -> None:
    blind = Learner(whole.with_columns(pl.col("^.*__.*$").shuffle(seed=1)))  # the features of other customers
    good, alike = Learner(whole), Learner(whole, OTHER)
    found = compare_recipes(blind.entrant, good.entrant, EMBARGO_DAYS, seed=1)
    assert found.cutoffs == 3 and all(ahead.high < -0.1 for ahead in found.ahead.values())
    learned_from = [rows["cutoff"].max() for rows in (*blind.seen, *good.seen)]
    assert learned_from == [CUTOFFS[5]] * 2  # 60 days before the eighth
    level = compare_recipes(alike.entrant, good.entrant, EMBARGO_DAYS, seed=1).ahead["AUC"]
    assert level.low <= 0 <= level.high and abs(level.difference) < 0.01


def test_the_difference_is_the_mean_over_the_cutoffs_of_customers_that_both_have(whole: pl.DataFrame) -> None:
    sample = whole.filter(pl.col("customer_id") < "C00100").sample(fraction=1, shuffle=True, seed=2)
    found = compare_recipes(Learner(whole).entrant, Learner(sample).entrant, EMBARGO_DAYS, seed=1)
    aucs, ginis = [], []
    for rows in (whole, sample):
        earlier, first = rows.filter(pl.col("cutoff") <= CUTOFFS[5]), rows.filter(cutoff=CUTOFFS[7])
        pair = Learner(rows).fit(earlier, first.sort("customer_id").drop(LABELS, strict=False))
        tests = [whole.filter(pl.col("customer_id") < "C00100", cutoff=day) for day in CUTOFFS[7:]]
        scores = [pair.score(test) for test in tests]
        both = list(zip(tests, scores, strict=True))
        aucs.append([auc(test["churned"].to_numpy(), found["churn_probability"].to_numpy()) for test, found in both])
        ginis.append([gini(test["value"].to_numpy(), found["predicted_clv"].to_numpy()) for test, found in both])
    assert found.ahead["AUC"].difference == pytest.approx(np.mean(np.subtract(*aucs))) != 0
    assert found.ahead["Gini of value"].difference == pytest.approx(np.mean(np.subtract(*ginis))) != 0


def gini(value: np.ndarray, predicted: np.ndarray) -> float:
    return gini_of(value, predicted, np.ones(len(value)))


def test_a_log_too_short_for_an_embargo_is_compared_on_other_customers(whole: pl.DataFrame) -> None:
    short = Learner(whole.filter(pl.col("cutoff") >= CUTOFFS[-1]))
    found = compare_recipes(short.entrant, short.entrant, EMBARGO_DAYS, seed=1)
    assert (found.ahead["AUC"].difference, found.cutoffs) == (0, 1)
    assert [rows["customer_id"].n_unique() for rows in short.seen] == [120, 120]  # four fifths of 150
