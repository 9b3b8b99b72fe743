"""The challenge, its registry and its figures made up: what is compared, and what comes of it."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import pipelines.challenge
from configs.errors import DependencyError, ModelError
from configs.settings import Settings
from models.challenge import Ahead, Comparison, Entrant, Recipe
from pipelines.challenge import challenge

ROWS = pl.DataFrame(
    {"customer_id": ["C1"], "cutoff": [date(2026, 1, 1)], "a": 1.0, "b": 2.0, "churned": 0, "value": 1.0}
)
ENTRANT = Entrant(ROWS, lambda labelled, cohort: pytest.fail("nothing was to be learned"))
AHEAD, LEVEL, BEHIND = Ahead(0.02, 0.01, 0.03), Ahead(-0.01, -0.02, 0.01), Ahead(-0.02, -0.03, -0.01)


def settings_with(**training: float) -> Settings:
    return Settings.model_validate({"name": "x", "sources": {"transactions": {"path": "x"}}, "training": training})


def champion_is(monkeypatch: pytest.MonkeyPatch, settings: Settings | None, features: list[str]) -> None:
    """Let version 3 of this recipe be champion, or none be."""

    def load(_: Settings, version: str) -> Any:
        assert settings and version == "3"
        training = settings.training.model_dump(exclude={"threads"})
        definition = {"definition": settings.churn.meaning(), "clv_horizon_days": settings.clv_horizon_days}
        return SimpleNamespace(recipe={"training": training, "features": features} | definition)

    monkeypatch.setattr(pipelines.challenge, "champion_version", lambda _: "3" if settings else None)
    monkeypatch.setattr(pipelines.challenge, "load_version", load)


def outcome(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, ahead: Ahead | None
) -> tuple[str, str, Any, list[Any]]:
    """Verdict, reason and recipe kept of a challenger that is so far `ahead`, and what was compared."""
    compared: list[Any] = []

    def compare(*entered: Any) -> Comparison:
        compared.append(entered)
        assert ahead, "nothing was to be compared"
        return Comparison({"AUC": ahead}, 3)

    monkeypatch.setattr(pipelines.challenge, "compare_recipes", compare)
    decision, kept = challenge(settings, ENTRANT, lambda recipe: recipe, lambda _: None)
    return decision.verdict, decision.reason, kept, compared


def test_the_first_model_and_the_same_recipe_need_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    champion_is(monkeypatch, None, [])
    assert outcome(monkeypatch, settings_with(), None)[::2] == ("first", None)
    champion_is(monkeypatch, settings_with(leaves=5), ["b", "a"])
    assert outcome(monkeypatch, settings_with(leaves=5, threads=1), None)[::2] == ("refreshed", None)


def test_another_recipe_is_compared_and_the_champions_kept_where_it_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = settings_with(leaves=5, threads=1)
    champion_is(monkeypatch, theirs, ["a"])
    ours = settings_with(threads=1)
    verdict, _, kept, compared = outcome(monkeypatch, ours, BEHIND)
    assert (verdict, kept) == ("held back", Recipe.of(theirs, ["a"]))
    assert compared == [(ENTRANT, Recipe.of(theirs, ["a"]), 90, ours.training.seed)]
    for ahead in (LEVEL, AHEAD):
        assert outcome(monkeypatch, ours, ahead)[::2] == ("promoted", None)


def test_what_cannot_be_compared_lets_the_new_model_through_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    champion_is(monkeypatch, settings_with(), [*"abcdefg"])
    verdict, reason, kept, _ = outcome(monkeypatch, settings_with(), None)
    assert (verdict, kept) == ("promoted", None)
    assert "5 of its 7 features are gone, such as c, d, e" in reason

    other = settings_with().model_copy(update={"churn": settings_with().churn.model_copy(update={"horizon_days": 60})})
    champion_is(monkeypatch, other, ["a", "b"])
    verdict, reason, _, _ = outcome(monkeypatch, settings_with(), None)
    assert verdict == "promoted" and "another definition" in reason


def test_a_champion_that_cannot_be_opened_or_trained_does_not_stop_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(error: Exception) -> Any:
        def fail(*_: object) -> None:
            raise error

        return fail

    champion_is(monkeypatch, settings_with(leaves=5), ["a", "b"])
    for step, error in (
        ("compare_recipes", ModelError("the log is too short")),
        ("load_version", ModelError("model.lgb: its SHA-256 differs")),
        ("load_version", DependencyError("MLflow failed (FileNotFoundError)")),
    ):
        monkeypatch.setattr(pipelines.challenge, step, failing(error))
        decision, kept = challenge(settings_with(), ENTRANT, lambda _: ENTRANT, lambda _: None)
        assert (decision.verdict, kept) == ("promoted", None)
        assert f"champion version 3: {error}" in decision.reason
