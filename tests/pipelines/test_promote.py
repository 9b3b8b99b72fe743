"""Deciding by hand, on a registry made up for it."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pipelines.promote
from configs.errors import LockError, ModelError
from configs.settings import Settings
from models.champion import Entry, Version
from pipelines.promote import overview, promote, rollback
from pipelines.storage import champion_lock

TODAY = date(2026, 7, 1)


@dataclass
class Registry:
    """Versions 1 to `count` of a churn model, the last champion; `said` holds the log."""

    settings: Settings
    count: int = 3
    champion: str | None = "3"
    horizons: dict[str, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def load(self, _: Settings, version: str) -> Any:
        churn = self.settings.churn.meaning() | {"horizon_days": self.horizons.get(version, 90)}
        further = [{"days": days} for days in self.settings.churn.further_days]
        versions = {"churn": version, "clv": f"9{version}"}
        recipe = {"definition": churn, "clv_horizon_days": 90, "timing": further}
        return SimpleNamespace(version=version, recipe=recipe, versions=versions)

    def make_champion(self, _: Settings, versions: dict[str, str]) -> None:
        assert versions["clv"] == f"9{versions['churn']}"
        self.champion = versions["churn"]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    sources = {"transactions": {"path": "x.csv"}}
    made = Registry(Settings.model_validate({"name": "x", "root": str(tmp_path), "sources": sources}))
    made.entries = [Entry(version, "refreshed", f"why {version}", date(2026, 6, int(version))) for version in "123"]
    versions = [
        Version("1", "2026-06-01", "A", 0.8123, "old"),
        Version("2", None, None, None, "new"),
        Version("3", "x", "B", 0.8, "new"),
    ]
    for name, stand_in in {
        "champion_version": lambda _: made.champion,
        "load_version": made.load,
        "make_champion": made.make_champion,
        "enter": lambda _, entry: made.entries.append(entry),
        "record": lambda _: made.entries,
        "registered_versions": lambda _: versions[: made.count],
    }.items():
        monkeypatch.setattr(pipelines.promote, name, stand_in)
    return made


def test_by_hand_and_back_again_until_there_is_none(registry: Registry) -> None:
    settings, log = registry.settings, registry.said.append
    promote(settings, "1", "a better list", TODAY, log)
    assert registry.champion == "1" and registry.entries[-1] == Entry("1", "promoted by hand", "a better list", TODAY)
    for before in ("3", "2", "1"):
        present = registry.champion
        rollback(settings, "", TODAY, log)
        assert registry.champion == before
        assert registry.entries[-1] == Entry(before, "rolled back", f"away from version {present}", TODAY)
    with pytest.raises(ModelError, match="no champion before version 1 is on record"):
        rollback(settings, "", TODAY, log)
    assert registry.champion == "1"
    by_hand, warned, back, *_ = registry.said
    assert by_hand.startswith("champion: churn version 1, clv version 91 (promoted by hand: a better list)")
    assert warned.startswith("warning: its features are not those of version 3") and back.startswith("champion: churn")
    assert sum(line.startswith("warning") for line in registry.said) == 3  # to 1, to 3, and from 2 to 1


def test_without_a_champion_there_is_none_to_go_back_to(registry: Registry) -> None:
    registry.champion = None
    with pytest.raises(ModelError, match="no champion is on record at all"):
        rollback(registry.settings, "", TODAY, print)


def test_the_champion_is_not_made_champion_again(registry: Registry) -> None:
    promote(registry.settings, "3", "again", TODAY, registry.said.append)
    assert registry.said == ["version 3 is champion already"] and len(registry.entries) == 3


def test_a_model_of_another_definition_is_refused(registry: Registry) -> None:
    registry.horizons = {"2": 60}
    for decide in (
        lambda: promote(registry.settings, "2", "", TODAY, print),
        lambda: rollback(registry.settings, "", TODAY, print),
    ):
        with pytest.raises(ModelError, match="version 2 was trained for another definition: horizon_days 60 -> 90"):
            decide()
    assert registry.champion == "3" and len(registry.entries) == 3


def test_nobody_decides_while_a_training_does(registry: Registry) -> None:
    with champion_lock(registry.settings.root):
        with pytest.raises(LockError, match="deciding about the champion"):
            promote(registry.settings, "1", "", TODAY, print)
        with pytest.raises(LockError, match="deciding about the champion"):
            rollback(registry.settings, "", TODAY, print)
    assert registry.champion == "3"


def test_the_overview_names_the_champion_the_one_before_and_every_decision(registry: Registry) -> None:
    rollback(registry.settings, "odd lists", TODAY, print)
    assert overview(registry.settings) == [
        "version 3: as of x, grade B, AUC 0.800",
        "    2026-06-03 refreshed: why 3",
        "version 2: as of unknown, grade unknown, AUC unknown, champion",
        "    2026-06-02 refreshed: why 2",
        "    2026-07-01 rolled back: odd lists",
        "version 1: as of 2026-06-01, grade A, AUC 0.812, champion before",
        "    2026-06-01 refreshed: why 1",
    ]
    registry.champion = None
    assert not any("champion" in line for line in overview(registry.settings))
    registry.count = 0
    assert overview(registry.settings) == ["no model is registered yet. Run `holdfast train` first."]
