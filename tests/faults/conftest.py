"""A small company with a champion and a publication, and a way to see whether a publication is whole."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from configs.load import load_settings
from configs.settings import Settings
from features.time import Cutoff
from pipelines.nightly import nightly, training
from pipelines.simulate.company import simulate
from pipelines.storage import MANIFEST, hashes_below, read_json

if TYPE_CHECKING:
    from tests.faults.nights import Nights

PROJECT = Path(__file__).parents[2]
YESTERDAY, TODAY = date(2026, 6, 29), date(2026, 6, 30)
LONG = os.environ.get("HOLDFAST_FAULTS") == "long"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Trained and published as of yesterday; nothing of today is there yet."""
    root = tmp_path_factory.mktemp("faults")
    config = root / "small.toml"
    demo = (PROJECT / "configs" / "demo.toml").read_text(encoding="utf-8")
    config.write_text(
        demo + "[ingest]\nbuckets = 2\n[training]\ncutoff_every_days = 60\nrounds = 40\n", encoding="utf-8"
    )
    settings = load_settings(config, root)
    simulate(root / "simulated", customers=300, seed=5, until=TODAY)
    cutoff = Cutoff(YESTERDAY, settings.zone)
    training(settings, cutoff, lambda _: None)
    nightly(settings, cutoff, lambda _: None)
    return settings


@pytest.fixture(scope="session")
def nights() -> Iterator["Nights"]:
    """Starts nights in processes of their own."""
    from tests.faults.nights import starting_nights

    with starting_nights() as started:
        yield started


@contextmanager
def copy_of(settings: Settings) -> Iterator[Settings]:
    """The same company in a folder of its own, removed at the end."""
    with TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        shutil.copytree(settings.root, root, symlinks=True)
        yield load_settings(root / "small.toml", root)


def whole(folder: Path) -> bool:
    """Whether every file of a publication is there, as its manifest says, and no other."""
    return read_json(folder / MANIFEST)["files"] == hashes_below(folder)


def night(settings: Settings, log: Callable[[str], None] = lambda _: None) -> None:
    """Today's night."""
    nightly(settings, Cutoff(TODAY, settings.zone), log)


def refuse_half(settings: Settings) -> str:
    """The day that `current` names; fails where any link names a publication that is not whole."""
    root = settings.root / "published"
    for link in (root / "current", *root.glob("????-??-??")):
        assert whole(link), link
    return read_json(root / "current" / MANIFEST)["as_of"]
