"""A champion, a worse challenger, and people who decide otherwise: what scores the night."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import models.compare
import pipelines.challenge
import pipelines.reports.training
from configs.errors import ModelError
from configs.settings import Settings
from models.challenge import Comparison, Entrant, compare_recipes
from models.champion import record
from models.tracking import champion_version, connected, load_champion, load_version
from pipelines.nightly import nightly, training
from pipelines.promote import overview, promote, rollback
from pipelines.storage import MANIFEST, read_json
from tests.flows.conftest import AS_OF, Company

pytestmark = pytest.mark.slow
TODAY = date(2026, 7, 1)


def trained_with(company: Company, **changes: float) -> Settings:
    """The company's settings with others for training."""
    changed = company.settings.training.model_copy(update={"rounds": 25, "cutoff_every_days": 60} | changes)
    return company.settings.model_copy(update={"training": changed})


def blind(challenger: Entrant, *others: Any) -> Comparison:
    """The real comparison, with a challenger that sees the features of other customers."""
    seen = challenger.labelled.with_columns(pl.col(r"^\w+__.*$").shuffle(seed=1))
    return compare_recipes(replace(challenger, labelled=seen), *others)


def without_complaints(settings: Settings) -> Settings:
    """Other tables, and so other features."""
    kept = {name: source for name, source in settings.sources.items() if not name.startswith("complaint")}
    return settings.model_copy(update={"sources": kept})


@pytest.fixture(scope="module")
def decided(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Version 1 was first; version 2, of more tables and other settings, was held back; version 3 is the recipe of
    version 1 anew."""
    root = tmp_path_factory.mktemp("decided")
    (root / "simulated").symlink_to(company.settings.root / "simulated")
    own = replace(company, settings=company.settings.model_copy(update={"root": root}), lines=[])
    training(without_complaints(trained_with(own)), own.cutoff(), own.log)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipelines.challenge, "compare_recipes", blind)
        patch.setattr(models.compare, "DRAWS", 40)
        patch.setattr(pipelines.reports.training, "write_report", lambda *_: None)
        assert training(trained_with(own, leaves=5), own.cutoff(), own.log) == {"churn": "3", "clv": "3"}
    return own


def scored_by(company: Company) -> str:
    """Version of the model that a night publishes the scores of."""
    return read_json(nightly(company.settings, company.cutoff(), company.log) / MANIFEST)["model_version"]


def test_a_worse_recipe_is_held_back_and_the_champions_learns_anew(decided: Company) -> None:
    settings = decided.settings
    verdicts = [(entry.version, entry.verdict, entry.day) for entry in record(settings)]
    assert verdicts == [("1", "first", AS_OF), ("2", "held back", AS_OF), ("3", "refreshed", AS_OF)]
    first, worse, anew = (load_version(settings, version) for version in "123")
    assert (worse.recipe["training"]["leaves"], anew.recipe["training"]["leaves"]) == (5, 7)
    assert anew.churn.feature_name() == anew.clv.feature_name() == first.recipe["features"]
    assert set(worse.recipe["features"]) > set(anew.recipe["features"]) == set(first.recipe["features"])
    assert anew.recipe["catalogue"] == worse.recipe["catalogue"] != first.recipe["catalogue"]
    assert "to make it champion all the same: holdfast promote --version 2" in decided.lines


def test_the_run_the_version_and_the_log_tell_the_decision(decided: Company) -> None:
    with connected(decided.settings) as mlflow:
        client = mlflow.MlflowClient()
        versions = [client.get_model_version("churn", version) for version in "123"]
        first, worse, anew = (client.get_run(version.run_id).data for version in versions)
    assert [run.tags["decision"] for run in (first, worse, anew)] == ["first", "held back", "refreshed"]
    assert (worse.tags["opponent_version"], anew.tags["opponent_version"]) == ("1", "1")
    compared = [worse.metrics[f"challenge_auc_{name}"] for name in ("low", "difference", "high")]
    assert compared == sorted(compared) and compared[-1] < 0 and "test cutoffs: 3" in worse.tags["reason"]
    assert "challenge_auc_low" not in {**first.metrics, **anew.metrics}
    assert anew.metrics["auc"] == pytest.approx(first.metrics["auc"], abs=0.02)
    assert versions[1].tags["reason"] == worse.tags["reason"]
    assert f"held back: churn version 2, clv version 2 ({worse.tags['reason']})" in decided.lines


def test_the_night_follows_who_is_champion(decided: Company) -> None:
    settings, log = decided.settings, decided.log
    assert scored_by(decided) == "3"
    risk_list = pl.read_parquet(settings.folder_of("published", AS_OF) / "risk_list.parquet")
    assert risk_list.height > 0 and risk_list["reason_1"].null_count() == 0  # by fewer features than the night knows
    promote(settings, "2", "the lists read better", TODAY, log)
    assert scored_by(decided) == "2"
    rollback(settings, "", TODAY, log)
    assert scored_by(decided) == "3"
    rollback(settings, "", TODAY, log)
    assert load_champion(settings).versions == {"churn": "1", "clv": "1"}
    assert decided.lines[-1].startswith("warning: its features are not those of version 3")
    with pytest.raises(ModelError, match="catalogue"):
        nightly(settings, decided.cutoff(), log)
    with pytest.raises(ModelError, match="no champion before version 1"):
        rollback(settings, "", TODAY, log)
    assert [line.split(":")[0] for line in overview(settings) if line.endswith(", champion")] == ["version 1"]


def test_what_is_not_there_or_was_altered_is_refused(decided: Company) -> None:
    settings, champion = decided.settings, champion_version(decided.settings)
    with pytest.raises(ModelError, match=r"no version 7. There are: 1, 2, 3\."):
        promote(settings, "7", "", TODAY, decided.log)
    with connected(settings) as mlflow:
        folder = mlflow.artifacts.download_artifacts(artifact_uri="models:/clv/2")
    file = next(Path(folder).rglob("model.lgb"))
    kept = file.read_text()
    file.write_text(kept.replace("leaf_value=", "leaf_value=9", 1))
    try:
        with pytest.raises(ModelError, match="SHA-256 differs"):
            promote(settings, "2", "", TODAY, decided.log)
    finally:
        file.write_text(kept)
    assert champion_version(settings) == champion
