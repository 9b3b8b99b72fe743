"""Folders that become current in one atomic step, locks, hashes, and the buckets of the store.

A run writes into a staging folder on the same file system, flushes it to disk, renames it to
`.revisions/<name>/<n>`, and switches the link `<name>` (and `current`) by one rename each. Whatever dies on the way
leaves the links where they were; the next run removes what it left.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import polars_hash as plh
from filelock import FileLock, Timeout

from configs.errors import LockError

MANIFEST = "manifest.json"
TOMBSTONES = "erased.parquet"
ERASING, ERASING_SECONDS = ".lock-erasing", 600  # FileLock takes it by flock, too
WRITE_ERRORS = {errno.EFBIG, errno.ENOSPC, errno.EROFS, errno.EDQUOT}


def bucket_of(customer_id: pl.Expr, buckets: int) -> pl.Expr:
    """Bucket (Int64, 0-based) of a customer: xxHash64 of the id, whose value is the same in every version."""
    return (plh.col(customer_id.meta.output_name()).nchash.xxhash64() % buckets).cast(pl.Int64).fill_null(0)


def sample_part_of(customer_id: pl.Expr, parts: int) -> pl.Expr:
    """Part (Int64, 0-based) of a customer by another hash (wyhash), so that every bucket holds all parts alike."""
    return (plh.col(customer_id.meta.output_name()).nchash.wyhash() % parts).cast(pl.Int64)


def bucket_file(store: Path, table: str, bucket: int) -> Path:
    """File of one bucket of a canonical table in a store folder."""
    return store / table / f"bucket-{bucket:04d}.parquet"


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON with sorted keys, so that equal content gives equal bytes."""
    path.write_bytes(_as_json(content))


def replace_json(path: Path, content: Any) -> None:
    """Write JSON as `write_json` does, there as a whole or as it was before, whatever dies on the way."""
    write_bytes_whole(path, _as_json(content))


def _as_json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, default=str) + "\n").encode()


def read_json(path: Path) -> Any:
    """Content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes_below(folder: Path) -> dict[str, str]:
    """Path relative to `folder` -> SHA-256 of every file below it but the manifest, sorted by path."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def combined_hash(content: Any) -> str:
    """SHA-256 of JSON content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def write_whole(path: Path, frame: pl.DataFrame, mode: int | None = None) -> None:
    """Write a Parquet file that is there as a whole or not at all; `mode` as for `write_bytes_whole`."""
    with _taking_the_place_of(path, mode) as new:
        frame.write_parquet(new)


def write_bytes_whole(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file that is there as a whole or not at all, whatever dies on the way.

    `mode`: its rights; by default those of the file whose place it takes. Raises OSError where the disk took no more.
    """
    with _taking_the_place_of(path, mode) as new:
        new.write_bytes(content)


@contextmanager
def _taking_the_place_of(path: Path, mode: int | None) -> Generator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.parent / f".{path.name}.new"
    if mode is None and path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
    try:
        with _disk_errors(path):
            new.touch()
            if mode is not None:
                new.chmod(mode)  # before there is anything to read
            yield new
            with new.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(new, path)
            _flush_folder(path.parent)
    finally:
        new.unlink(missing_ok=True)


def tombstones(root: Path) -> pl.DataFrame:
    """customer_id and erased_on (Date) of everybody who was erased: no row of theirs is ever taken again."""
    file, nobody = root / TOMBSTONES, {"customer_id": pl.String(), "erased_on": pl.Date()}
    return pl.read_parquet(file) if file.exists() else pl.DataFrame(schema=nobody)


@contextmanager
def run_lock(root: Path, as_of: date) -> Generator[None]:
    """Hold the lock of this date under `root`, and let nobody be erased meanwhile.

    Waits while somebody is erased; raises LockError where that takes too long, and at once where another run holds the
    date.
    """
    with nobody_erased(root), _lock(root / f".lock-{as_of.isoformat()}", f"another run for {as_of} is under way"):
        yield


@contextmanager
def champion_lock(root: Path, wait_seconds: float = 0) -> Generator[None]:
    """Hold the lock of who decides about the champion, a training or a person; raises LockError where one still does
    after `wait_seconds`."""
    with _lock(root / ".lock-champion", "a training or a person is deciding about the champion", wait_seconds):
        yield


@contextmanager
def arrivals_lock(root: Path, table: str) -> Generator[None]:
    """Hold the lock of who reads what is new of a table; raises LockError where another still does after an hour."""
    with _lock(root / f".lock-arrivals-{table}", f"another run reads {table}", 3600):
        yield


@contextmanager
def sink_lock(root: Path) -> Generator[None]:
    """Hold the lock of who sends publications elsewhere; raises LockError where another does after ten minutes."""
    with _lock(root / ".lock-sinks", "publications are being sent", 600):
        yield


@contextmanager
def erasing_lock(root: Path) -> Generator[None]:
    """Keep every run of whatever date away; raises LockError at once where one is under way."""
    with _lock(root / ERASING, "a run is under way, which may still write what it read"):
        yield


@contextmanager
def nobody_erased(root: Path) -> Generator[None]:
    """Keep `erasing_lock` away, as many as there are; waits for its end, and raises LockError where that is far off."""
    root.mkdir(parents=True, exist_ok=True)
    path, until = root / ERASING, time.monotonic() + ERASING_SECONDS
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise LockError(f"{path}: a customer is being erased. Wait for it to end.") from None
                time.sleep(0.2)
        yield  # closing the file lets go of the lock


@contextmanager
def _lock(path: Path, busy: str, wait_seconds: float = 0) -> Generator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=wait_seconds)
    try:
        lock.acquire()
    except Timeout:
        raise LockError(f"{path}: {busy}. Wait for it to end.") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staged(root: Path, name: str) -> Generator[Path]:
    """A new empty folder (absolute) on the file system of `root`, removed at the end unless it was committed.

    Raises OSError where the disk took no more: polars reports that as an error of its own, or without its number.
    """
    folder = root.resolve() / ".staging" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with _disk_errors(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _disk_errors(path: Path) -> Generator[None]:
    """Raise OSError, with its number and `path`, wherever the disk took no more."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        number = disk_error(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from None


def disk_error(error: Exception) -> int | None:
    """Number of the failed write (disk full, over a limit, read-only) that a polars error tells of, if it is one.

    Where a write fails amid the footer of a wide Parquet file, polars drops the number and calls it a transport error,
    which no damaged file that was read ended with; a full disk is likeliest then.
    """
    if "Invalid thrift: transport error" in str(error):
        return errno.ENOSPC
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found and int(found[1]) in WRITE_ERRORS else None


def commit(root: Path, name: str, folder: Path, manifest: dict[str, Any]) -> Path:
    """Make the staged `folder` the newest revision of `name` and return its final path.

    Writes `manifest` with `files` (path -> SHA-256) added. A folder equal to the newest revision, manifest and all,
    is not kept twice: that revision is returned. The link `root/name` then points to the revision returned.
    """
    write_json(folder / MANIFEST, manifest | {"files": hashes_below(folder)})
    revisions = root / ".revisions" / name
    revisions.mkdir(parents=True, exist_ok=True)
    numbers = sorted(int(p.name) for p in revisions.iterdir() if p.name.isdigit())
    newest = revisions / str(numbers[-1]) if numbers else None
    if newest and sha256_of(newest / MANIFEST) == sha256_of(folder / MANIFEST):
        final = newest
    else:
        final = revisions / str(numbers[-1] + 1 if numbers else 1)
        keep(folder, final)
    point(root / name, final)
    return final


def keep(folder: Path, final: Path) -> None:
    """Rename `folder` to `final`, flushed to disk with everything in it, so that it is there whole or not at all."""
    _flush(folder)
    os.rename(folder, final)
    _flush_folder(final.parent)


def point(link: Path, target: Path) -> None:
    """Let the symbolic link `link` name `target`, by one rename; relative, so that the root can be moved."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)
    os.replace(new, link)
    _flush_folder(link.parent)


def _flush(folder: Path) -> None:
    """Force every file and folder below `folder` to disk: a rename may otherwise outlive the content it names."""
    for directory, _, files in os.walk(folder):
        for name in files:
            with (Path(directory) / name).open("rb") as file:
                os.fsync(file.fileno())
        _flush_folder(Path(directory))


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
