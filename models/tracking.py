"""The only door to MLflow: runs, registered models, the champion.

Each model file's SHA-256 is kept as a tag of its version and checked before LightGBM opens the file: a truncated file
would kill the interpreter, and an altered one would load in silence.
"""

import hashlib
import json
import os
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightgbm as lgb
import polars as pl
from filelock import FileLock

from configs.errors import DependencyError, HoldfastError, ModelError
from configs.load import expand_environment
from configs.settings import Settings

# Set before MLflow is imported: no telemetry, and a server that is away is told within a minute, not in 14.
for name, value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}.items():
    os.environ.setdefault(name, value)

CHAMPION = "champion"
HASH_TAG = "sha256"
RECIPE_FILE = "recipe.json"
MOST_RUNS = 1000  # forgotten at a time; the next night goes on


@dataclass(frozen=True)
class Registered:
    """A registered pair of models with what scoring needs beside them. `version` is that of the churn model.

    `versions`: registered name -> version of both.
    """

    version: str
    churn: lgb.Booster
    clv: lgb.Booster
    recipe: dict[str, Any]
    versions: Mapping[str, str]


def log_training(
    settings: Settings,
    boosters: Mapping[str, lgb.Booster],
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    artifacts: Mapping[str, Any],
) -> dict[str, str]:
    """Log one training run and register its boosters (key: registered name); returns name -> version.

    `artifacts`: file name -> JSON content. Nothing but figures and names of columns may be passed: no customer's data.
    Raises DependencyError where MLflow does not answer.
    """
    with connected(settings) as mlflow:
        _experiment(mlflow, settings)
        with mlflow.start_run(tags=dict(tags)) as run:
            mlflow.log_params(dict(parameters))
            mlflow.log_metrics(dict(metrics))
            for file, content in artifacts.items():
                mlflow.log_text(_as_json(content), file)
            versions = {name: _register(mlflow, name, booster, run.info.run_id) for name, booster in boosters.items()}
            recipe_hash = hashlib.sha256(_as_json(artifacts[RECIPE_FILE]).encode()).hexdigest()
            for name, version in versions.items():
                client = mlflow.MlflowClient()
                client.set_model_version_tag(name, version, "recipe_sha256", recipe_hash)
                client.set_model_version_tag(name, version, "versions", json.dumps(versions))
        return versions


def log_report(settings: Settings, versions: Mapping[str, str], folder: Path, metrics: Mapping[str, float]) -> None:
    """Add the files of `folder` and `metrics` to the run that registered `versions`; figures only, as for it.

    Raises DependencyError where MLflow does not answer.
    """
    name = settings.tracking.churn_model
    with connected(settings) as mlflow:
        client = mlflow.MlflowClient()
        run_id = client.get_model_version(name, versions[name]).run_id
        client.log_artifacts(run_id, str(folder), "report")
        for key, value in metrics.items():
            client.log_metric(run_id, key, value)


def log_table(settings: Settings, versions: Mapping[str, str], file: str, table: pl.DataFrame) -> None:
    """Add a table of figures, as Parquet, to the run that registered `versions`.

    Raises DependencyError where MLflow does not answer.
    """
    name = settings.tracking.churn_model
    with connected(settings) as mlflow, TemporaryDirectory() as folder:
        client = mlflow.MlflowClient()
        table.write_parquet(Path(folder) / file)
        client.log_artifact(client.get_model_version(name, versions[name]).run_id, str(Path(folder) / file))


def load_table(settings: Settings, version: str, file: str) -> pl.DataFrame | None:
    """The table that `log_table` added to the run of this version of the churn model; None where it has none.

    Raises DependencyError where MLflow does not answer.
    """
    with connected(settings) as mlflow:
        client = mlflow.MlflowClient()
        run_id = client.get_model_version(settings.tracking.churn_model, version).run_id
        if file not in {artifact.path for artifact in client.list_artifacts(run_id)}:
            return None
        return pl.read_parquet(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=file))


def log_figures(
    settings: Settings,
    run_name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    artifacts: Mapping[str, Any],
) -> None:
    """Log a run that registers no model; `artifacts`: file name -> JSON content, figures and settings only.

    Raises DependencyError where MLflow does not answer.
    """
    with connected(settings) as mlflow:
        _experiment(mlflow, settings)
        with mlflow.start_run(run_name=run_name):
            mlflow.log_params(dict(parameters))
            mlflow.log_metrics(dict(metrics))
            for file, content in artifacts.items():
                mlflow.log_text(_as_json(content), file)


def make_champion(settings: Settings, versions: Mapping[str, str]) -> None:
    """Let the alias `champion` of each registered name point to this version; the churn model's decides."""
    with connected(settings) as mlflow:
        churn = settings.tracking.churn_model
        for name in sorted(versions, key=lambda name: name == churn):  # the churn model last: it is read first
            mlflow.MlflowClient().set_registered_model_alias(name, CHAMPION, versions[name])


def load_champion(settings: Settings) -> Registered:
    """The champion's models and recipe; raises what `load_version` does, and ModelError without a champion."""
    version = champion_version(settings)
    if version is None:
        name = settings.tracking.churn_model
        raise ModelError(f"no model named {name!r} is champion. Run `holdfast train` first.")
    return load_version(settings, version)


def champion_version(settings: Settings) -> str | None:
    """Version of the churn model that is champion; None where none is, or none was ever registered.

    Raises DependencyError where MLflow does not answer.
    """
    with connected(settings) as mlflow:
        try:
            found = mlflow.MlflowClient().get_model_version_by_alias(settings.tracking.churn_model, CHAMPION)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            return None
        return str(found.version)


def load_version(settings: Settings, version: str) -> Registered:
    """The models and recipe of a version of the churn model, each checked against its hash before it is opened.

    Raises ModelError where there is no such version (with those there are), or where it is not whole or a file was
    altered, DependencyError where MLflow does not answer.
    """
    name = settings.tracking.churn_model
    with connected(settings) as mlflow:
        client = mlflow.MlflowClient()
        there = {str(found.version): found for found in client.search_model_versions(f"name = '{name}'")}
        if version not in there:
            known = ", ".join(sorted(there, key=int)) or "none: run `holdfast train` first"
            raise ModelError(f"{name!r} has no version {version}. There are: {known}.")
        found = there[version]
        if "versions" not in found.tags:
            raise ModelError(f"version {version} of {name!r} is not whole: its training did not end. Train again.")
        versions = json.loads(found.tags["versions"])
        path = mlflow.artifacts.download_artifacts(run_id=found.run_id, artifact_path=RECIPE_FILE)
        recipe = json.loads(_checked(Path(path), found.tags["recipe_sha256"], name).read_text())
        churn, clv = (
            _load_booster(mlflow, client, registered, versions[registered])
            for registered in (name, settings.tracking.clv_model)
        )
        return Registered(version, churn, clv, recipe, versions)


def forget_runs(settings: Settings, begun_before: datetime, staying: Collection[str]) -> int:
    """Delete the runs begun before an instant, with the versions they registered and their files; returns how many.

    `staying`: versions of the churn model whose runs stay. `mlflow gc` removes what MLflow itself keeps of a deleted
    run, its parameters and figures. Raises DependencyError where MLflow does not answer.
    """
    with connected(settings) as mlflow:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name(settings.name)
        if experiment is None:
            return 0
        before = f"attributes.start_time < {int(begun_before.timestamp() * 1000)}"
        runs, forgotten = client.search_runs([experiment.experiment_id], before, max_results=MOST_RUNS), 0
        for run in runs:
            run_id = run.info.run_id
            versions = client.search_model_versions(f"run_id = '{run_id}'")
            if any(one.name == settings.tracking.churn_model and str(one.version) in staying for one in versions):
                continue
            # The run goes last: whatever dies before it is found here again.
            for one in versions:
                client.delete_model_version(one.name, one.version)
            of_this_run = f"source_run_id = '{run_id}'"
            for model in client.search_logged_models([experiment.experiment_id], of_this_run):
                get_artifact_repository(model.artifact_location).delete_artifacts()
                client.delete_logged_model(model.model_id)
            get_artifact_repository(run.info.artifact_uri).delete_artifacts()
            client.delete_run(run_id)
            forgotten += 1
        return forgotten


@contextmanager
def connected(settings: Settings) -> Generator[Any]:
    """The module MLflow, pointed at the settings' address; its failures become DependencyError.

    A fresh SQLite file is migrated under a lock: several processes at once would break the migration for good.
    """
    import mlflow

    address = expand_environment(settings.tracking_uri)
    try:
        settings.root.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.root / ".lock-mlflow", timeout=60):
            mlflow.set_tracking_uri(address)
            mlflow.MlflowClient().search_experiments(max_results=1)
        yield mlflow
    except HoldfastError:
        raise
    except Exception as error:  # sqlalchemy, requests, MLflow and file errors, with addresses in their texts
        raise DependencyError(
            f"MLflow at {settings.tracking.uri or 'the SQLite file under the root'} failed ({type(error).__name__}). "
            "Check that the server or file is there and that tracking.uri is right."
        ) from error


def _experiment(mlflow: Any, settings: Settings) -> None:
    """The experiment named for the company; without a server its artefacts lie under the root, not where we run."""
    if mlflow.get_experiment_by_name(settings.name) is None:
        local = None if settings.tracking.uri else (settings.root / "mlruns").resolve().as_uri()
        mlflow.create_experiment(settings.name, artifact_location=local)
    mlflow.set_experiment(settings.name)


def _register(mlflow: Any, name: str, booster: lgb.Booster, run_id: str) -> str:
    """Log a Booster as text (no pickle), register it, and tag the version with the hash of its file."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    columns = Schema([ColSpec("double", column) for column in booster.feature_name()])
    logged = mlflow.lightgbm.log_model(
        booster,
        name=name.replace("/", "_"),
        signature=ModelSignature(columns, Schema([ColSpec("double")])),
        pip_requirements=[f"lightgbm=={lgb.__version__}"],
    )
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    version = client.create_model_version(name, logged.model_uri, run_id, model_id=logged.model_id).version
    client.set_model_version_tag(name, version, HASH_TAG, _sha256(_model_file(mlflow, name, version)))
    return str(version)


def _model_file(mlflow: Any, name: str, version: str) -> Path:
    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}/{version}"))
    return next(folder.rglob("model.lgb"))


def _load_booster(mlflow: Any, client: Any, name: str, version: str) -> lgb.Booster:
    expected = client.get_model_version(name, version).tags[HASH_TAG]
    return lgb.Booster(model_file=str(_checked(_model_file(mlflow, name, version), expected, name)))


def _checked(path: Path, expected: str, name: str) -> Path:
    if _sha256(path) != expected:
        raise ModelError(
            f"{path}: not the file that was registered for {name!r} (its SHA-256 differs), so it is not opened. "
            "Restore it from a backup, or run `holdfast train` again."
        )
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _as_json(content: Any) -> str:
    return json.dumps(content, indent=2, sort_keys=True, default=str)
