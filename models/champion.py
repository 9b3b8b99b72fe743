"""Who is champion, who was before, and why: a record of every decision, kept with the registered churn model.

Each decision is a tag of the registered model of its own, numbered, so that none replaces an earlier one. Who was
champion before follows from them alone.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from configs.settings import Settings
from models.challenge import Verdict
from models.tracking import champion_version, connected

TAG = "decision."


@dataclass(frozen=True)
class Entry:
    """One decision: about which version of the churn model, its verdict and reason in words, and for which day.

    Every verdict but "held back" made the version champion; "rolled back" made it champion again. `day`: that of a
    training, or on which a person decided.
    """

    version: str
    verdict: Verdict
    reason: str
    day: date


@dataclass(frozen=True)
class Version:
    """A registered version of the churn model with the figures of its training, None where they were not logged.

    `catalogue`: the fingerprint of its features.
    """

    version: str
    as_of: str | None
    grade: str | None
    auc: float | None
    catalogue: str | None


def enter(settings: Settings, entry: Entry) -> None:
    """Add a decision to the record, and show it on its version; raises DependencyError where MLflow does not answer."""
    name = settings.tracking.churn_model
    with connected(settings) as mlflow:
        client = mlflow.MlflowClient()
        number = max(_tags(client, name), default=0) + 1
        client.set_registered_model_tag(name, f"{TAG}{number}", json.dumps(asdict(entry), default=str))
        for key, value in (("decision", entry.verdict), ("reason", entry.reason)):
            client.set_model_version_tag(name, entry.version, key, value)


def record(settings: Settings) -> list[Entry]:
    """Every decision, oldest first; raises DependencyError where MLflow does not answer."""
    with connected(settings) as mlflow:
        tags = _tags(mlflow.MlflowClient(), settings.tracking.churn_model)
    entries = [json.loads(tags[number]) for number in sorted(tags)]
    return [Entry(**entry | {"day": date.fromisoformat(entry["day"])}) for entry in entries]


def registered_versions(settings: Settings) -> list[Version]:
    """Every version of the churn model, oldest first; raises DependencyError where MLflow does not answer."""
    with connected(settings) as mlflow:
        client = mlflow.MlflowClient()
        found = client.search_model_versions(f"name = '{settings.tracking.churn_model}'")
        runs = {str(one.version): client.get_run(one.run_id).data for one in found}
    return [
        Version(
            version,
            data.params.get("as_of"),
            data.tags.get("grade"),
            data.metrics.get("auc"),
            data.tags.get("catalogue"),
        )
        for version, data in sorted(runs.items(), key=lambda item: int(item[0]))
    ]


def line_of_champions(entries: Sequence[Entry], champion: str, there: Collection[str]) -> list[str]:
    """The versions that were champion, oldest first, each the one to go back to from the next; `champion` comes last.

    Going back drops what came after. `there`: the versions that still exist. A champion that no decision made (its
    alias was moved in MLflow) follows on those that decisions did.
    """
    line: list[str] = []
    for entry in entries:
        if entry.verdict == "rolled back" and entry.version in line:
            del line[len(line) - line[::-1].index(entry.version) :]
        elif entry.verdict != "held back":
            line.append(entry.version)
    line = [version for version in line if version in there]
    return line if line[-1:] == [champion] else [*line, champion]


def latest_champions(settings: Settings) -> list[str]:
    """The version of the churn model that is champion, and the one to go back to; none where none was registered.

    Raises DependencyError where MLflow does not answer.
    """
    champion = champion_version(settings)
    there = {one.version for one in registered_versions(settings)}
    return line_of_champions(record(settings), champion, there)[-2:] if champion else []


def _tags(client: Any, name: str) -> dict[int, str]:
    """The decisions of a registered model, as JSON, by number; none where it does not exist."""
    models = client.search_registered_models(f"name = '{name}'")
    tags = models[0].tags if models else {}
    return {int(key.removeprefix(TAG)): value for key, value in tags.items() if key.startswith(TAG)}
