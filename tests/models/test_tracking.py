import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from configs.errors import DependencyError, ModelError
from configs.modelling import Training
from configs.settings import Settings
from models.challenge import Verdict
from models.champion import Entry, Version, enter, latest_champions, record, registered_versions
from models.pair import ModelPair, features_only
from models.tracking import (
    RECIPE_FILE,
    champion_version,
    connected,
    forget_runs,
    load_champion,
    load_table,
    load_version,
    log_figures,
    log_table,
    log_training,
    make_champion,
)
from tests.models.conftest import CHURN, EMBARGO_DAYS

pytestmark = pytest.mark.slow


def settings_at(root: Path, **tracking: str) -> Settings:
    """Models are registered under other names than their keys in the code."""
    tracking = {"churn_model": "shop churn", "clv_model": "shop value"} | tracking
    sources = {"transactions": {"path": "x.csv"}}
    return Settings.model_validate({"name": "x", "root": str(root), "sources": sources, "tracking": tracking})


def model_files(root: Path) -> list[Path]:
    return sorted(root.rglob("model.lgb"))


@pytest.fixture(scope="module")
def registered(
    tmp_path_factory: pytest.TempPathFactory, matrix: pl.DataFrame, cohort: pl.DataFrame, training: Training
) -> tuple[Settings, ModelPair]:
    settings = settings_at(tmp_path_factory.mktemp("registry"))
    assert champion_version(settings) is None and registered_versions(settings) == record(settings) == []
    with pytest.raises(ModelError, match="no version 1. There are: none: run `holdfast train` first"):
        load_version(settings, "1")
    pair = ModelPair.train(matrix, cohort, training, EMBARGO_DAYS, CHURN)
    versions = log_training(
        settings,
        {settings.tracking.churn_model: pair.churn.trees, settings.tracking.clv_model: pair.clv.trees},
        parameters={"seed": 7, "as_of": "2026-01-01"},
        metrics={"auc": 0.8},
        tags={"git_commit": "abc"},
        artifacts={RECIPE_FILE: pair.recipe()},
    )
    assert versions == {"shop churn": "1", "shop value": "1"}
    with pytest.raises(ModelError, match="holdfast train"):
        load_champion(settings)
    make_champion(settings, versions)
    return settings, pair


def test_a_table_goes_with_the_version(registered: tuple[Settings, ModelPair]) -> None:
    settings, table = registered[0], pl.DataFrame({"name": ["visits"], "counts": [[[1, 2], [3, 4]]]})
    assert load_table(settings, "1", "kept.parquet") is None
    log_table(settings, {"shop churn": "1", "shop value": "1"}, "kept.parquet", table)
    found = load_table(settings, "1", "kept.parquet")
    assert found is not None and found.equals(table)


def test_the_champion_comes_back_as_it_went_in(registered: tuple[Settings, ModelPair], cohort: pl.DataFrame) -> None:
    settings, pair = registered
    champion = load_champion(settings)
    restored = ModelPair.restore(champion.churn, champion.clv, champion.recipe)
    assert champion.version == champion_version(settings) == "1"
    assert champion.versions == {"shop churn": "1", "shop value": "1"}
    assert restored.score(cohort).equals(pair.score(cohort))
    assert champion.churn.feature_name() == features_only(cohort).columns


def test_everything_is_kept_under_the_root_as_text(registered: tuple[Settings, ModelPair]) -> None:
    settings, _ = registered
    assert (settings.root / "mlflow.db").exists()
    assert len(model_files(settings.root)) == 2
    assert all(path.read_text().startswith("tree\n") for path in model_files(settings.root))
    assert not [path for path in settings.root.rglob("*") if path.suffix in (".pkl", ".pickle")]


@pytest.mark.parametrize("harm", ["cut", "edit", "swap", "recipe"])
def test_a_harmed_file_is_refused_before_it_is_opened(registered: tuple[Settings, ModelPair], harm: str) -> None:
    settings, _ = registered
    first, second = model_files(settings.root)
    recipe = next(settings.root.rglob(RECIPE_FILE))
    kept = {path: path.read_bytes() for path in (first, second, recipe)}
    text = first.read_text()
    if harm == "cut":
        first.write_text(text[: len(text) // 2])
    elif harm == "edit":
        at = text.index("leaf_value=") + len("leaf_value=")
        first.write_text(text[:at] + "9" + text[at:])
    elif harm == "swap":
        first.write_bytes(kept[second]), second.write_bytes(kept[first])
    else:
        recipe.write_text(
            json.dumps(json.loads(recipe.read_text()) | {"calibrator": {"first_day": "2026-01-01", "shifts": [5]}})
        )
    try:
        with pytest.raises(ModelError, match="SHA-256 differs"):
            load_champion(settings)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert load_champion(settings).version == "1"


def test_a_version_that_is_not_there_is_told_with_those_that_are(registered: tuple[Settings, ModelPair]) -> None:
    settings, _ = registered
    with pytest.raises(ModelError, match="'shop churn' has no version 7. There are: 1\\."):
        load_version(settings, "7")


def test_every_decision_is_kept_in_order_and_the_latest_shown_on_the_version(
    registered: tuple[Settings, ModelPair],
) -> None:
    settings, _ = registered
    entries = [Entry("1", "first", f'reason {i}: "ä"', date(2026, 1, 1) + timedelta(days=i)) for i in range(11)]
    for entry in entries:
        enter(settings, entry)
    assert record(settings) == entries
    assert registered_versions(settings) == [Version("1", "2026-01-01", None, 0.8, None)]
    with connected(settings) as mlflow:
        tags = mlflow.MlflowClient().get_model_version("shop churn", "1").tags
    assert (tags["decision"], tags["reason"]) == ("first", entries[-1].reason)


def test_old_runs_are_forgotten_with_their_files_and_the_latest_champions_are_not(
    registered: tuple[Settings, ModelPair], tmp_path: Path
) -> None:
    settings, pair = settings_at(tmp_path), registered[1]
    boosters = {"shop churn": pair.churn.trees, "shop value": pair.clv.trees}
    verdicts: list[Verdict] = ["first", "refreshed", "held back", "refreshed"]
    for number, verdict in enumerate(verdicts, 1):
        versions = log_training(settings, boosters, {}, {"auc": 0.8}, {}, {RECIPE_FILE: pair.recipe()})
        enter(settings, Entry(str(number), verdict, "why", date(2026, 1, number)))
        if verdict != "held back":
            make_champion(settings, versions)
    log_figures(settings, "realised", {}, {"auc": 0.7}, {})
    after, files = datetime.now(UTC) + timedelta(minutes=1), len(model_files(tmp_path))

    assert forget_runs(settings, after - timedelta(days=1), []) == 0
    assert forget_runs(settings, after, latest_champions(settings)) == 3  # versions 1 and 3, and the figures
    assert forget_runs(settings, after, latest_champions(settings)) == 0

    assert [one.version for one in registered_versions(settings)] == latest_champions(settings) == ["2", "4"]
    assert (files, len(model_files(tmp_path)), len(list(tmp_path.rglob(RECIPE_FILE)))) == (8, 4, 2)
    assert load_champion(settings).version == "4" and load_version(settings, "2").versions["shop value"] == "2"
    with pytest.raises(ModelError, match="There are: 2, 4"):
        load_version(settings, "1")


def test_a_tracking_server_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="tracking.uri"):
        load_champion(settings_at(tmp_path, uri="http://127.0.0.1:9"))
