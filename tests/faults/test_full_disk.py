"""A disk that is really full: a small file system of its own, or, where none may be mounted, a limit on every file."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from configs.load import load_settings
from configs.settings import Settings
from tests.faults.conftest import LONG, PROJECT, TODAY, YESTERDAY, copy_of, night, refuse_half

pytestmark = pytest.mark.slow
FULL = 12 if LONG else 2
SPACE = 4096


def bytes_below(folder: Path) -> int:
    """What the files of a folder take on a tmpfs, in whole pages: folders and links take none."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(-(-path.stat().st_size // SPACE) * SPACE for path in files)


@contextmanager
def small_disk(folder: Path, size: int) -> Generator[Callable[[int], None]]:
    """A file system of `size` bytes at `folder`; yields what makes it larger."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield lambda more: subprocess.run(["mount", "-o", f"remount,size={more}", str(folder)], check=True) and None
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def may_mount(folder: Path) -> bool:
    """Whether a file system may be mounted here."""
    try:
        with small_disk(folder, SPACE):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def tonight(settings: Settings, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """The nightly command in a process of its own, which may write no file beyond `limit` bytes."""
    command = [sys.executable, "-m", "pipelines.cli", "nightly", "--config", str(settings.root / "small.toml")]
    command += ["--output", str(settings.root), "--as-of", TODAY.isoformat()]

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=600, preexec_fn=limited)


def refuse_other_end(settings: Settings, ended: subprocess.CompletedProcess[str]) -> None:
    """Fails unless a night ended for the disk alone, and left everything as it was."""
    assert (ended.returncode, "Free space" in ended.stderr) == (7, True), ended.stderr[-2000:]
    assert str(settings.root) in ended.stderr
    assert refuse_half(settings) == YESTERDAY.isoformat()
    assert not list(settings.root.glob("*/.staging/*"))


def test_a_full_disk_leaves_the_last_publication_and_more_space_heals(published: Settings, tmp_path: Path) -> None:
    if not may_mount(tmp_path):
        print("\nno file system may be mounted here: the limit on files stands in for a full disk")
        return
    with copy_of(published) as company:
        before = bytes_below(company.root)
        night(company)
        needed = bytes_below(company.root) - before
    for number in range(FULL):
        # From next to nothing to nearly enough; a night needs more while it goes on than is left in the end.
        size = before + int(needed * number / FULL) + SPACE
        with small_disk(tmp_path, size) as resize:
            root = tmp_path / "root"
            shutil.copytree(published.root, root, symlinks=True)
            company = load_settings(root / "small.toml", root)
            refuse_other_end(company, tonight(company))
            resize(4 * size)
            ended = tonight(company)
            assert ended.returncode == 0, ended.stderr[-2000:]
            assert refuse_half(company) == TODAY.isoformat()
    print(f"\nfull disks: {FULL}; ended with 7, the last publication kept: {FULL}; healed with more space: {FULL}")


def test_a_limit_on_files_is_a_full_disk_too(published: Settings) -> None:
    with copy_of(published) as company:
        refuse_other_end(company, tonight(company, limit=20_000))
        assert tonight(company).returncode == 0
        assert refuse_half(company) == TODAY.isoformat()
