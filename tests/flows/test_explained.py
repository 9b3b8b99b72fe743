"""What a training leaves behind for people to read, and every score explained."""

import shutil
from datetime import timedelta
from pathlib import Path

import mlflow
import polars as pl
import pytest

from configs.load import load_settings
from models.pair import ModelPair, features_only
from models.tracking import load_champion
from pipelines.nightly import nightly
from pipelines.storage import MANIFEST, hashes_below, read_json
from tests.flows.conftest import AS_OF, Company

pytestmark = pytest.mark.slow


def test_training_leaves_a_report_here_and_in_mlflow(company: Company) -> None:
    folder = company.settings.root / "training" / AS_OF.isoformat()
    assert f"report: {folder / 'index.html'}" in company.lines
    client = mlflow.MlflowClient(company.settings.tracking_uri)
    run = client.get_run(client.get_model_version_by_alias("churn", "champion").run_id)
    logged = {file.path for file in client.list_artifacts(run.info.run_id, "report")}
    assert logged == {f"report/{path.name}" for path in folder.iterdir()}
    assert 0.5 < run.data.metrics["reason_overlap"] <= 1
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert f"AUC ({run.data.metrics['auc_low']:.3f}..{run.data.metrics['auc_high']:.3f})" in index
    customers = pl.read_parquet(company.settings.root / "simulated" / "raw" / "customers.parquet")
    said = b"\n".join(path.read_bytes() for path in folder.iterdir() if path.suffix != ".png").decode()
    for column in ("customer_id", "email", "display_name"):
        assert not [value for value in customers[column].drop_nulls() if value in said]


def test_all_who_are_scored_can_be_explained(company: Company, tmp_path: Path) -> None:
    root = tmp_path / "copy"  # an earlier night would change what later ones say of it
    shutil.copytree(company.settings.root, root, symlinks=True)
    settings, day = load_settings(company.config, root), AS_OF - timedelta(days=60)
    folder = nightly(settings, company.cutoff(day), company.log, explain="all")
    found = pl.read_parquet(folder / "explanations.parquet")
    scored = pl.read_parquet(folder / "scores.parquet").select("customer_id", "cutoff")
    assert found.select("customer_id", "cutoff").sort("customer_id").equals(scored)
    champion = load_champion(settings)
    matrix = pl.read_parquet(settings.folder_of("scored", day) / "features.parquet")
    raw_score = ModelPair.restore(champion.churn, champion.clv, champion.recipe).churn.raw_score(features_only(matrix))
    groups = pl.col(pl.Float64).exclude(r"^reason_.*$")
    assert found.select(pl.sum_horizontal(groups)).to_series().to_list() == pytest.approx(raw_score.tolist(), abs=1e-9)
    risk_list = pl.read_parquet(folder / "risk_list.parquet")
    reasons = ["customer_id", *(f"reason_{i}{end}" for end in ("", "_shap") for i in (1, 2, 3))]
    listed = risk_list.select("customer_id").join(found.select(reasons), on="customer_id", maintain_order="left")
    assert listed.equals(risk_list.select(reasons)) and listed.height > 10
    manifest = read_json(folder / MANIFEST)
    assert "explanations.parquet" in manifest["files"] and manifest["files"] == hashes_below(folder)
    assert any(line == f"{found.height:,} customers explained" for line in company.lines)
    assert nightly(settings, company.cutoff(day), company.log, explain="all") == folder  # the same bytes again
