"""The search from a store: which rows it may see, what it leaves behind, and when it goes on."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import pipelines.tune
from configs.settings import Settings
from features.context import Fitted
from features.time import Cutoff
from models.splits import split_by_time
from models.tuned import TUNED_FILE, Tuned
from pipelines.prepare import Prepared
from pipelines.storage import MANIFEST, read_json, write_json
from pipelines.tune import tune

FIRST, AS_OF = date(2025, 1, 1), Cutoff(date(2025, 12, 1), ZoneInfo("UTC"))
TRAINING = {"rounds": 10, "threads": 1, "lookback_days": 30, "churned_and_retained_at_least": 5}


def settings_at(root: Path, trials: int = 2, horizon_days: int = 60) -> Settings:
    sections: dict[str, Any] = {"churn": {"horizon_days": horizon_days}, "training": TRAINING}
    sections |= {"tuning": {"trials": trials}, "sources": {"transactions": {"path": "x.csv"}}}
    return Settings.model_validate({"name": "bakery", "root": str(root)} | sections)


def prepared(settings: Settings) -> Prepared:
    """Forty customers at every labelled cutoff; who was silent for long left."""
    split = split_by_time(AS_OF, FIRST, settings)
    days = [cutoff.day for cutoff in split.labelled for _ in range(40)]
    silence = np.random.default_rng(1).uniform(0, 100, len(days))
    rows = {"customer_id": [str(i) for i in range(len(days))], "cutoff": days, "silence": silence}
    labelled = pl.DataFrame(rows | {"churned": (silence > 50).astype(np.int8), "value": 1.0})
    return Prepared(split, cast(Fitted, None), (), labelled, labelled.drop("churned", "value").head(40))


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Stands in for the store, the build and MLflow; holds what the latter was given, a search an entry."""
    runs: list[dict[str, Any]] = []
    write_json(tmp_path / MANIFEST, {"data_hash": "abc"})
    monkeypatch.setattr(pipelines.tune, "open_store", lambda settings, cutoff: tmp_path)
    monkeypatch.setattr(pipelines.tune, "tables_in", lambda store: [])
    monkeypatch.setattr(pipelines.tune, "prepare", lambda settings, store, cutoff, log: prepared(settings))
    monkeypatch.setattr(pipelines.tune, "log_figures", lambda settings, run_name, **given: runs.append(given))
    return runs


def test_the_best_is_written_and_logged(logged: list[dict[str, Any]], tmp_path: Path) -> None:
    tuned = tune(settings_at(tmp_path), AS_OF, print)

    assert Tuned.model_validate(read_json(tmp_path / TUNED_FILE)) == tuned
    assert tuned.as_of == AS_OF.day and tuned.auc >= tuned.configured_auc
    (run,) = logged
    assert run["metrics"] == {"auc": tuned.auc, "configured_auc": tuned.configured_auc, "trials": 2}
    assert [trial["trial"] for trial in run["artifacts"]["trials.json"]] == [0, 1]


def test_the_test_of_training_takes_no_part(logged: list[dict[str, Any]], tmp_path: Path) -> None:
    settings = settings_at(tmp_path, trials=1)
    split = split_by_time(AS_OF, FIRST, settings)

    tuned = tune(settings, AS_OF, print)

    assert split.test.day == AS_OF.day - timedelta(days=60)
    assert max(tuned.folds) == split.train[-1].day <= split.test.day - timedelta(days=60)


def test_a_search_goes_on_only_where_it_means_the_same(logged: list[dict[str, Any]], tmp_path: Path) -> None:
    def finished_earlier(settings: Settings) -> bool:
        lines: list[str] = []
        tune(settings, AS_OF, lines.append)
        return any(line.endswith("trials were finished earlier") for line in lines)

    assert not finished_earlier(settings_at(tmp_path, trials=2))
    assert finished_earlier(settings_at(tmp_path, trials=3))
    assert not finished_earlier(settings_at(tmp_path, horizon_days=50))
    write_json(tmp_path / MANIFEST, {"data_hash": "other"})
    assert not finished_earlier(settings_at(tmp_path, trials=1))
