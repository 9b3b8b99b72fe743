"""Days are published in order, once, and a backfill that died goes on where it was."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from configs.errors import ConfigError, DataError
from configs.settings import PLAYBOOK, Settings
from configs.sources import Source
from features.time import Cutoff
from pipelines import backfill as module
from pipelines.backfill import backfill
from pipelines.storage import MANIFEST, combined_hash, write_json

FIRST, LAST = date(2026, 2, 27), date(2026, 3, 2)
Nights = Callable[[Settings, Cutoff, Callable[[str], None]], Path]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(module, "load_champion", lambda settings: SimpleNamespace(recipe={"as_of": "2026-02-28"}))
    return Settings(name="shop", root=tmp_path, sources={"transactions": Source(path="x.csv")})


def publishing(ran: list[date], failing: date | None = None) -> Nights:
    """A night that leaves a publication, or fails on one day."""

    def night(settings: Settings, cutoff: Cutoff, log: Callable[[str], None]) -> Path:
        ran.append(cutoff.day)
        if cutoff.day == failing:
            raise DataError("no rows")
        folder = settings.folder_of("published", cutoff.day)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / MANIFEST, {"config_hash": combined_hash(settings.comparable())})
        return folder

    return night


def test_days_run_in_order_and_complete_ones_are_skipped(settings: Settings) -> None:
    ran: list[date] = []
    days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]

    assert backfill(settings, FIRST, LAST, lambda _: None, publishing(ran)) == ran == days
    assert backfill(settings, FIRST, LAST, lambda _: None, publishing(ran)) == []
    other = settings.model_copy(update={"currency": "USD"})
    assert backfill(other, FIRST, FIRST, lambda _: None, publishing(ran)) == [FIRST]  # another configuration


def test_days_are_published_again_once_the_playbook_says_something_else(settings: Settings, tmp_path: Path) -> None:
    playbook = tmp_path / "plays.toml"
    playbook.write_bytes(PLAYBOOK.read_bytes())
    own = settings.model_copy(update={"outreach": settings.outreach.model_copy(update={"playbook": playbook})})
    backfill(settings, FIRST, FIRST, lambda _: None, publishing([]))

    assert backfill(own, FIRST, FIRST, lambda _: None, publishing([])) == []  # another file that says the same
    playbook.write_text(playbook.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert backfill(own, FIRST, FIRST, lambda _: None, publishing([])) == [FIRST]


def test_a_failure_stops_it_and_the_next_run_goes_on_there(settings: Settings) -> None:
    ran: list[date] = []
    with pytest.raises(DataError):
        backfill(settings, FIRST, LAST, lambda _: None, publishing(ran, failing=date(2026, 3, 1)))
    assert ran == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
    assert backfill(settings, FIRST, LAST, lambda _: None, publishing([])) == [date(2026, 3, 1), LAST]


def test_a_champion_that_knows_more_than_the_days_is_told_of(settings: Settings) -> None:
    said: list[str] = []
    backfill(settings, FIRST, FIRST, said.append, publishing([]))
    assert any("trained on 2026-02-28" in line for line in said)
    said.clear()
    backfill(settings, date(2026, 2, 28), LAST, said.append, publishing([]))
    assert not any("trained on" in line for line in said)


def test_days_the_wrong_way_round_are_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="--from 2026-03-02 is after --to 2026-02-27"):
        backfill(settings, LAST, FIRST, lambda _: None, publishing([]))
