"""Old nights are removed as configured; the newest, what links name, and what another run holds stay."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from configs.operations import Retention
from configs.settings import Settings
from configs.sources import Source
from features.time import Cutoff
from pipelines.monitoring.history import MONITOR_FILE, NIGHT
from pipelines.realised import EXAMPLES_FILE
from pipelines.retention import prune
from pipelines.storage import commit, point, run_lock, staged
from pipelines.web.audit import access, audit, note
from pipelines.web.database import Database
from pipelines.web.people import invite
from pipelines.web.schema import EXPORTED, Invitation

TODAY = date(2026, 3, 31)


def settings_of(root: Path, **retention: int) -> Settings:
    source = {"transactions": Source(path="x.csv")}
    return Settings(name="shop", root=root, sources=source, retention=Retention(**retention))


def revised(root: Path, day: str, times: int = 1) -> None:
    """A day with so many revisions."""
    for number in range(times):
        with staged(root, day) as folder:
            (folder / "data").write_text(str(number))
            commit(root, day, folder, {})


def days_in(root: Path) -> list[str]:
    links = sorted(path.name for path in root.iterdir() if path.is_symlink() and path.name != "current")
    assert links == sorted(path.name for path in (root / ".revisions").iterdir())
    assert all((root / link / "data").exists() for link in links)
    return links


def pruned(settings: Settings) -> int:
    """Folders removed."""
    return prune(settings, Cutoff(TODAY, settings.zone), lambda _: None)["folders"]


@pytest.mark.parametrize("part", ["store", "scored", "published", "training", "effect"])
def test_each_part_has_a_period_of_its_own(tmp_path: Path, part: str) -> None:
    for folder in ("store", "scored", "published", "training", "effect"):
        for day in ("2026-03-19", "2026-03-20", "2026-03-31"):
            revised(tmp_path / folder, day)

    assert pruned(settings_of(tmp_path, **{f"{part}_days": 11})) == 1
    assert days_in(tmp_path / part) == ["2026-03-20", "2026-03-31"]


def test_days_beyond_the_limit_go_and_the_limit_itself_stays(tmp_path: Path) -> None:
    for day in ("2026-03-20", "2026-03-21", "2026-03-31"):
        revised(tmp_path / "store", day)
        revised(tmp_path / "published", day)

    assert pruned(settings_of(tmp_path, store_days=10)) == 1
    assert days_in(tmp_path / "store") == ["2026-03-21", "2026-03-31"]
    assert len(days_in(tmp_path / "published")) == 3  # by default for good
    assert pruned(settings_of(tmp_path, store_days=10)) == 0


def test_the_newest_day_and_the_current_one_stay(tmp_path: Path) -> None:
    for day in ("2025-01-01", "2025-01-02", "2025-01-03"):
        revised(tmp_path / "published", day)
    point(tmp_path / "published" / "current", tmp_path / "published" / ".revisions" / "2025-01-02" / "1")

    assert pruned(settings_of(tmp_path, published_days=1)) == 1
    assert days_in(tmp_path / "published") == ["2025-01-02", "2025-01-03"]


def test_a_day_that_another_run_holds_stays(tmp_path: Path) -> None:
    for day in ("2025-01-01", "2026-03-31"):
        revised(tmp_path / "store", day)
    with run_lock(tmp_path, date(2025, 1, 1)):
        assert pruned(settings_of(tmp_path, store_days=1)) == 0
    assert pruned(settings_of(tmp_path, store_days=1)) == 1


def test_only_the_newest_revisions_of_a_day_stay_and_those_that_links_name(tmp_path: Path) -> None:
    root = tmp_path / "published"
    revised(root, "2026-03-31", times=12)
    point(root / "current", root / ".revisions" / "2026-03-31" / "3")

    assert pruned(settings_of(tmp_path, revisions=2)) == 9
    left = sorted(int(path.name) for path in (root / ".revisions" / "2026-03-31").iterdir())
    assert left == [3, 11, 12]
    assert (root / "2026-03-31" / "data").read_text() == "11"


def test_what_stopped_old_nights_goes_with_their_tables(tmp_path: Path) -> None:
    for day in ("2026-03-20", "2026-03-21"):
        (tmp_path / "refused" / day).mkdir(parents=True)

    assert pruned(settings_of(tmp_path, store_days=10)) == 1
    assert [path.name for path in (tmp_path / "refused").iterdir()] == ["2026-03-21"]


def test_what_differed_goes_with_the_revision_it_tells_of(tmp_path: Path) -> None:
    root = tmp_path / "published"
    revised(root, "2026-03-30", times=3)
    (root / "differences").mkdir()
    for revision in (1, 2, 3):
        (root / "differences" / f"2026-03-30-{revision}.csv").touch()

    assert pruned(settings_of(tmp_path, revisions=2)) == 1
    assert sorted(path.name for path in (root / "differences").iterdir()) == ["2026-03-30-2.csv", "2026-03-30-3.csv"]


def test_figures_and_examples_go_once_they_are_old(tmp_path: Path) -> None:
    days = [date(2026, 3, 19), date(2026, 3, 20), date(2026, 3, 31)]
    pl.DataFrame({"day": days}, schema={"day": NIGHT["day"]}).write_parquet(tmp_path / MONITOR_FILE)
    pl.DataFrame({"customer_id": ["a", "b", "c"], "cutoff": days}).write_parquet(tmp_path / EXAMPLES_FILE)
    settings, said = settings_of(tmp_path, monitor_days=1, published_days=11), list[str]()

    prune(settings, Cutoff(TODAY, settings.zone), said.append)

    assert pl.read_parquet(tmp_path / MONITOR_FILE)["day"].to_list() == days[2:]
    assert pl.read_parquet(tmp_path / EXAMPLES_FILE)["customer_id"].to_list() == ["b", "c"]
    assert said == ["removed, as [retention] asks for: 1 examples, 2 monitor's figures"]


def test_who_used_the_web_app_is_forgotten_after_a_year_and_who_may_come_in_is_not(tmp_path: Path) -> None:
    settings, now = settings_of(tmp_path), datetime(2026, 3, 31, tzinfo=UTC)
    database = Database(settings)
    database.migrate()
    for name, days in (("anna", 366), ("bo", 365), ("cy", 1)):
        at = now - timedelta(days=days)
        database.write(lambda session, name=name, at=at: invite(session, name, "data", None, at, hours=1))
        database.write(lambda session, name=name, at=at: note(session, at, name, EXPORTED, "a list"))
    said: list[str] = []

    prune(settings, Cutoff(TODAY, settings.zone), said.append)

    told, people = database.read(lambda session: (audit(session, "", "", 0, 10)[0], access(session, now)))
    links = database.read(lambda session: session.scalars(select(Invitation.person)).all())
    database.close()
    assert said == ["removed, as [retention] asks for: 3 lines of who used the web app"]  # two events and a link
    assert {line.person for line in told} == set(links) == {"bo", "cy"}
    assert {one.person.name for one in people} == {"anna", "bo", "cy"}
