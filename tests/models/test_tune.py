"""The search of settings on folds out of time, and the file that carries them to training."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import optuna
import polars as pl
import pytest

from configs.errors import DependencyError, ModelError
from configs.modelling import Training, Tuning
from configs.settings import Settings
from models import tune
from models.tune import Fold, Found, folds_of, search
from models.tuned import SEARCHED, TUNED_FILE, Tuned, apply_tuned, with_tuned, write_tuned

FIRST = date(2025, 1, 1)
EMBARGO = 30
TRAINING = Training(rounds=20, learning_rate=0.05, threads=1, seed=3)
Search = Callable[..., Found]


def labelled(cutoffs: int = 7, rows: int = 80) -> pl.DataFrame:
    """Cutoffs 15 days apart at which the longer silence leaves the likelier, and nothing else means anything."""
    random = np.random.default_rng(1)
    height = cutoffs * rows
    silence = random.uniform(0, 100, height)
    return pl.DataFrame(
        {
            "customer_id": [f"C{i}" for i in range(height)],
            "cutoff": [FIRST + timedelta(days=15 * (i // rows)) for i in range(height)],
            "silence": silence,
            "noise": random.normal(size=height),
            "churned": (random.uniform(0, 100, height) < silence).astype(np.int8),
            "value": 1.0,
        }
    )


@pytest.fixture(scope="module")
def folds() -> list[Fold]:
    return folds_of(labelled(), EMBARGO, at_least=5)


@pytest.fixture
def run(folds: list[Fold], tmp_path: Path) -> Search:
    """Runs a search of so many trials in a database of this name."""

    def call(trials: int, database: str = "tuning.db", training: Training = TRAINING, minutes: float = 5) -> Found:
        budget = Tuning(trials=trials, minutes=minutes)
        return search(folds, training, budget, tmp_path / database, "bakery", lambda line: None)

    return call


def tuned(**changes: object) -> Tuned:
    """As found on 1 June 2025, but for the changes."""
    parameters = {name: getattr(TRAINING, name) for name in SEARCHED} | {"leaves": 12, "leaf_rows": 25, "depth": 6}
    settings = settings_at(Path())
    content = {
        "as_of": date(2025, 6, 1),
        "definition": settings.churn.meaning(),
        "parameters": parameters,
        "auc": 0.8,
        "configured_auc": 0.79,
        "rounds": 50,
        "folds": [FIRST],
        "trials": 3,
    }
    return Tuned.model_validate(content | changes)


def settings_at(root: Path) -> Settings:
    sources = {"transactions": {"path": "x.csv"}}
    return Settings.model_validate({"name": "bakery", "root": str(root), "sources": sources})


def test_folds_are_the_latest_cutoffs_and_learn_an_embargo_before(folds: list[Fold]) -> None:
    # Cutoffs on days 0, 15, ..., 90. Judged on 90, 75 and 60; learned from up to 60, 45 and 30.
    days = [(fold.day - FIRST).days for fold in folds]
    learned = [(fold.train["cutoff"].max() - FIRST).days for fold in folds]

    assert (days, learned) == ([90, 75, 60], [60, 45, 30])


def test_rows_within_the_embargo_teach_nothing(folds: list[Fold]) -> None:
    def aucs(rows: pl.DataFrame) -> list[float]:
        return tune._aucs(folds_of(rows, EMBARGO, at_least=5)[0], TRAINING, [20]).tolist()

    rows = labelled()
    within = pl.col("cutoff") == FIRST + timedelta(days=75)  # 15 days before the latest
    before = pl.col("cutoff") == FIRST + timedelta(days=60)

    def flipped(where: pl.Expr) -> pl.DataFrame:
        return rows.with_columns(churned=pl.when(where).then(1 - pl.col("churned")).otherwise("churned").cast(pl.Int8))

    assert aucs(flipped(within)) == aucs(rows)
    assert aucs(flipped(before)) != aucs(rows)


def test_a_short_log_has_no_fold() -> None:
    with pytest.raises(ModelError, match="too short to tune: .* 5 leavers and 5 stayers"):
        folds_of(labelled(cutoffs=2), EMBARGO, at_least=5)


def test_the_configured_settings_come_first_and_are_never_worsened(run: Search) -> None:
    found = run(3)

    first = found.trials[0]
    assert first["trial"] == 0
    assert {name: first[name] for name in SEARCHED} == {name: getattr(TRAINING, name) for name in SEARCHED}
    assert found.configured_auc == first["auc"] == pytest.approx(np.mean(first["aucs"]))
    assert found.auc == max(trial["auc"] for trial in found.trials if not trial["given_up_early"])
    assert found.auc >= found.configured_auc > 0.6
    assert all(trial["depth"] == 6 and 4 <= trial["leaves"] <= 31 for trial in found.trials[1:])


def test_configured_settings_beyond_the_bounds_are_tried_as_they_are(run: Search) -> None:
    wide = TRAINING.model_copy(update={"leaves": 100, "learning_rate": 0.5})

    found = run(1, training=wide)

    assert found.parameters["leaves"] == 100 and found.parameters["learning_rate"] == 0.5


def test_one_seed_gives_one_search_interrupted_or_not(run: Search, tmp_path: Path) -> None:
    def tried(found: Found) -> list[dict[str, object]]:
        return [{**trial, "seconds": None, "trial": None} for trial in found.trials]

    whole = run(4, "whole.db")
    run(2, "parts.db")
    study = optuna.load_study(study_name="bakery", storage=f"sqlite:///{tmp_path / 'parts.db'}")
    study.ask()  # a trial that dies with its process

    assert tried(run(4, "parts.db")) == tried(whole)
    assert len({trial["learning_rate"] for trial in whole.trials}) == 4
    assert len(run(3, "parts.db").trials) == 4  # no more to do
    assert tried(run(3, "other.db", TRAINING.model_copy(update={"seed": 4})))[1] != tried(whole)[1]


def test_a_run_that_dies_before_its_first_figure_begins_with_the_configured_settings(
    run: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tune, "_aucs", killed)
        run(2)

    assert run(1).trials[0]["leaves"] == TRAINING.leaves


def test_no_trial_begins_after_the_time_limit(run: Search) -> None:
    assert len(run(5, minutes=1e-4).trials) == 1


def test_a_database_that_is_none_is_told(run: Search, tmp_path: Path) -> None:
    (tmp_path / "tuning.db").write_text("scribble" * 1000)

    with pytest.raises(DependencyError, match=r"tuning\.db: SQLite cannot use it .* Delete it"):
        run(1)


def test_training_uses_what_was_found(tmp_path: Path) -> None:
    settings, lines = settings_at(tmp_path), []
    assert with_tuned(settings, date(2025, 6, 1), lines.append) is settings

    write_tuned(settings, tuned())
    used = with_tuned(settings, date(2025, 6, 1), lines.append).training

    assert (used.leaves, used.leaf_rows, used.depth, used.rounds) == (12, 25, 6, settings.training.rounds)
    assert len(lines) == 1 and lines[0].startswith("tuned settings of 2025-06-01: leaves 12, ")
    assert [path.name for path in tmp_path.iterdir()] == [TUNED_FILE]


def test_training_for_an_earlier_day_leaves_it_out(tmp_path: Path) -> None:
    settings, lines = settings_at(tmp_path), []
    write_tuned(settings, tuned())

    assert with_tuned(settings, date(2025, 5, 31), lines.append) is settings
    assert "left out" in lines[0]


def test_a_gain_that_may_be_luck_is_left_out(tmp_path: Path) -> None:
    settings, lines = settings_at(tmp_path), []
    write_tuned(settings, tuned(auc=0.7916))

    assert with_tuned(settings, date(2025, 6, 1), lines.append) is settings
    assert lines == ["tuned settings of 2025-06-01 left out: AUC +0.0016 is no clear gain (0.003 would be)"]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"parameters": {"leaves": 7, "gamma": 1}}, "unknown or missing: .*gamma"),
        ({"parameters": tuned().parameters | {"leaves": 1}}, "leaves: Input should be greater than or equal to 2"),
        ({"definition": {"horizon_days": 30}}, "tuned for another churn"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, object], wrong: str, tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    write_tuned(settings, tuned(**changes))

    with pytest.raises(ModelError, match=rf"tuned\.json: .*{wrong}.*Delete the file, or run `holdfast tune` again"):
        with_tuned(settings, date(2025, 6, 1), print)


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"leaves": 7})])
def test_a_broken_file_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / TUNED_FILE).write_text(content)

    with pytest.raises(ModelError, match=r"tuned\.json: .*Delete the file"):
        with_tuned(settings_at(tmp_path), date(2025, 6, 1), print)


def test_settings_are_replaced_and_nothing_else_is() -> None:
    kept = {name: value for name, value in TRAINING.model_dump().items() if name not in SEARCHED}

    used = apply_tuned(TRAINING, tuned()).model_dump()

    assert kept.items() <= used.items()
    with pytest.raises(ModelError, match="gamma"):
        apply_tuned(TRAINING, tuned(parameters={"gamma": 1}))
