"""Old nights are removed as configured; the newest, what links name, and what another run holds stay."""

from datetime import date
from pathlib import Path

from configs.operations import Retention
from configs.settings import Settings
from configs.sources import Source
from features.time import Cutoff
from pipelines.retention import prune
from pipelines.storage import commit, point, run_lock, staged

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
    return prune(settings, Cutoff(TODAY, settings.zone), lambda _: None)


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
