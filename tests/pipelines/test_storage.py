"""Folders become current in one step, whatever fails on the way."""

import errno
import os
import resource
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from filelock import BaseFileLock

from configs.errors import LockError
from pipelines.storage import (
    MANIFEST,
    champion_lock,
    combined_hash,
    commit,
    disk_error,
    hashes_below,
    point,
    read_json,
    run_lock,
    staged,
    write_bytes_whole,
    write_json,
    write_whole,
)

DAY = "2024-06-01"
STEPS = ("rename", "replace", "fsync")


def store(root: Path, text: str) -> Path:
    """Commit a folder with two files as the newest revision of the day."""
    with staged(root, DAY) as folder:
        (folder / "lists").mkdir()
        (folder / "scores.txt").write_text(text)
        (folder / "lists" / "anna.txt").write_text(text)
        return commit(root, DAY, folder, {"as_of": DAY})


def failing_at(call: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the call-th rename, replace or fsync raise; returns the names of the calls made, as they come."""
    calls: list[str] = []

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            calls.append(name)
            if len(calls) == call:
                raise OSError(errno.EIO, "the power is gone")
            return real(*arguments)

        return step

    for name in STEPS:
        monkeypatch.setattr(os, name, wrapped(name, getattr(os, name)))
    return calls


def test_files_and_manifest(tmp_path: Path) -> None:
    final = store(tmp_path, "yes")

    assert final == tmp_path / ".revisions" / DAY / "1"
    assert (tmp_path / DAY).resolve() == final.resolve()
    # printf yes | sha256sum
    yes = "8a798890fe93817163b10b5f7bd2ca4d25d84c52739a645a889c173eee7d9d3d"
    assert read_json(final / MANIFEST) == {"as_of": DAY, "files": {"lists/anna.txt": yes, "scores.txt": yes}}
    assert hashes_below(final) == {"lists/anna.txt": yes, "scores.txt": yes}
    assert not list((tmp_path / ".staging").iterdir())


def test_equal_content_makes_no_new_revision(tmp_path: Path) -> None:
    assert store(tmp_path, "yes") == store(tmp_path, "yes")

    assert [path.name for path in (tmp_path / ".revisions" / DAY).iterdir()] == ["1"]


def test_changed_content_makes_a_new_revision_and_keeps_the_old(tmp_path: Path) -> None:
    old = store(tmp_path, "yes")
    before = hashes_below(old)

    for expected in range(2, 12):  # past 9: revisions are counted, not sorted as text
        assert store(tmp_path, str(expected)).name == str(expected)

    assert hashes_below(old) == before
    assert (tmp_path / DAY / "scores.txt").read_text() == "11"


def test_a_failure_at_any_step_leaves_the_last_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        calls = failing_at(0, patch)
        store(tmp_path / "counted", "new")
    # Two files, two folders and the revisions' folder are flushed about one rename; then the link is switched.
    assert sorted(calls) == ["fsync"] * 7 + ["rename", "replace"]
    assert calls[-2:] == ["replace", "fsync"] and calls.index("rename") < calls.index("replace")

    for call in range(1, len(calls) + 1):
        root = tmp_path / str(call)
        old = store(root, "old")
        before = hashes_below(old)

        with monkeypatch.context() as patch, pytest.raises(OSError, match="power"):
            failing_at(call, patch)
            store(root, "new")

        assert hashes_below(old) == before
        assert (root / DAY / "scores.txt").read_text() == ("old" if call < len(calls) else "new")
        assert hashes_below(root / DAY) == read_json(root / DAY / MANIFEST)["files"]
        assert not list((root / ".staging").iterdir())

        store(root, "new")
        assert (root / DAY / "scores.txt").read_text() == "new"
        assert [path.name for path in root.iterdir() if path.name.endswith(".new")] == []


def test_the_root_can_be_moved(tmp_path: Path) -> None:
    store(tmp_path / "here", "yes")
    shutil.move(tmp_path / "here", tmp_path / "there")

    assert not os.readlink(tmp_path / "there" / DAY).startswith("/")
    assert (tmp_path / "there" / DAY / "scores.txt").read_text() == "yes"


def test_a_link_can_be_moved_on(tmp_path: Path) -> None:
    for day in ("monday", "tuesday"):
        (tmp_path / day).mkdir()
        point(tmp_path / "current", tmp_path / day)

    assert (tmp_path / "current").resolve().name == "tuesday"


def test_staging_is_emptied_before_and_after(tmp_path: Path) -> None:
    left_behind = tmp_path / ".staging" / DAY / "half.txt"
    left_behind.parent.mkdir(parents=True)
    left_behind.write_text("half")

    with pytest.raises(ValueError, match="stop"), staged(tmp_path, DAY) as folder:
        assert not list(folder.iterdir())
        (folder / "file.txt").write_text("x")
        raise ValueError("stop")

    assert not left_behind.parent.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_that_polars_reports_is_an_error_of_the_disk(number: int, tmp_path: Path) -> None:
    with pytest.raises(OSError) as raised, staged(tmp_path, DAY):
        raise pl.exceptions.ComputeError(f"parquet: underlying IO error: {os.strerror(number)} (os error {number})")

    assert raised.value.errno == number and raised.value.filename == str(tmp_path / ".staging" / DAY)


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """No file may grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "write",
    [
        lambda frame, folder: frame.write_parquet(folder / "rows.parquet"),
        lambda frame, folder: frame.write_csv(folder / "rows.csv"),
        lambda frame, folder: frame.lazy().sink_parquet(pl.PartitionBy(folder, key="part"), mkdir=True),
    ],
)
def test_wherever_in_a_file_the_disk_is_full_it_is_an_error_of_the_disk(
    write: Callable[[pl.DataFrame, Path], None], tmp_path: Path
) -> None:
    wide = {f"column_{number}": ["x"] * 5 for number in range(80)}  # its footer alone is beyond the buffer of polars
    frame = pl.DataFrame({"part": [0] * 5, **wide})
    with staged(tmp_path, DAY) as folder:
        write(frame, folder)
        (size,) = (path.stat().st_size for path in folder.rglob("*") if path.is_file())

    for limit in range(0, size, 301):
        with pytest.raises(OSError) as raised, staged(tmp_path, DAY) as folder, files_of_at_most(limit):
            write(frame, folder)
        assert raised.value.errno in (errno.EFBIG, errno.ENOSPC), limit
        assert not (tmp_path / ".staging" / DAY).exists()


def test_other_errors_of_polars_pass() -> None:
    assert disk_error(pl.exceptions.ComputeError("no such thing (os error 2)")) is None
    assert disk_error(pl.exceptions.ComputeError("28 rows")) is None


def test_a_second_run_for_the_date_is_refused_at_once(tmp_path: Path) -> None:
    with run_lock(tmp_path, date(2024, 6, 1)):
        with run_lock(tmp_path, date(2024, 6, 2)):
            pass  # another date is free
        started = time.monotonic()
        with pytest.raises(LockError, match=f"another run for {DAY} is under way") as raised:
            with run_lock(tmp_path, date(2024, 6, 1)):
                pass

    assert raised.value.exit_code == 6
    assert time.monotonic() - started < 1


def test_one_at_a_time_decides_about_the_champion_and_a_training_waits_a_while(tmp_path: Path) -> None:
    with champion_lock(tmp_path), run_lock(tmp_path, date(2024, 6, 1)):  # of any date
        started = time.monotonic()
        with pytest.raises(LockError, match="deciding about the champion"), champion_lock(tmp_path, wait_seconds=0.2):
            pass
        assert time.monotonic() - started >= 0.2
    with champion_lock(tmp_path):
        pass


def test_the_lock_is_released_after_success_and_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseFileLock, "__del__", lambda lock: None)  # or the garbage collector would let go for us

    with run_lock(tmp_path, date(2024, 6, 1)):
        pass
    with pytest.raises(ValueError, match="stop"), run_lock(tmp_path, date(2024, 6, 1)):
        raise ValueError("stop")
    with run_lock(tmp_path, date(2024, 6, 1)):
        pass


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [date(2024, 6, 1)]})
    write_json(tmp_path / "b.json", {"a": [date(2024, 6, 1)], "b": 1})

    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert combined_hash({"b": 1, "a": 2}) == combined_hash({"a": 2, "b": 1}) != combined_hash({"a": 1, "b": 2})


def test_a_file_that_takes_anothers_place_takes_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "held.parquet"
    write_whole(file, pl.DataFrame({"a": [1]}), mode=0o640)

    write_whole(file, pl.DataFrame({"a": [2]}))
    assert (pl.read_parquet(file).item(), file.stat().st_mode & 0o777) == (2, 0o640)
    write_bytes_whole(file, b"x", mode=0o600)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"x", 0o600)


def test_a_file_that_could_not_be_written_leaves_the_one_before_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "held.parquet"
    write_bytes_whole(file, b"before")

    def full(*_: object) -> None:
        raise pl.exceptions.ComputeError("No space left on device (os error 28)")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(OSError) as raised:
        write_whole(file, pl.DataFrame({"a": [2]}))

    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(file))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("held.parquet", b"before")]
