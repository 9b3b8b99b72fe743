"""Folders that become current in one atomic step, locks, hashes, and the buckets of the store.

A run writes into a staging folder on the same file system, flushes it to disk, renames it to
`.revisions/<name>/<n>`, and switches the link `<name>` (and `current`) by one rename each. Whatever dies on the way
leaves the links where they were; the next run removes what it left.
"""

import errno
import hashlib
import json
import os
import re
import shutil
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
    path.write_text(json.dumps(content, indent=2, sort_keys=True, default=str) + "\n", encoding="utf-8")


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


def write_whole(path: Path, frame: pl.DataFrame) -> None:
    """Write a Parquet file that is there as a whole or not at all, whatever dies on the way."""
    with _replaced(path) as new:
        frame.write_parquet(new)


def write_text(path: Path, text: str) -> None:
    """Write a text file that is there as a whole or not at all, whatever dies on the way."""
    with _replaced(path) as new:
        new.write_text(text, encoding="utf-8")


@contextmanager
def _replaced(path: Path) -> Generator[Path]:
    """A new file beside `path`, which takes its place once it is written and flushed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.parent / f".{path.name}.new"
    yield new
    with new.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(new, path)
    _flush_folder(path.parent)


def tombstones(root: Path) -> pl.DataFrame:
    """customer_id and erased_on (Date) of everybody who was erased: no row of theirs is ever taken again."""
    file, nobody = root / TOMBSTONES, {"customer_id": pl.String(), "erased_on": pl.Date()}
    return pl.read_parquet(file) if file.exists() else pl.DataFrame(schema=nobody)


@contextmanager
def run_lock(root: Path, as_of: date) -> Generator[None]:
    """Hold the lock of this date under `root`; raises LockError at once where another run holds it."""
    with _lock(root / f".lock-{as_of.isoformat()}", f"another run for {as_of} is under way"):
        yield


@contextmanager
def champion_lock(root: Path, wait_seconds: float = 0) -> Generator[None]:
    """Hold the lock of who decides about the champion, a training or a person; raises LockError where one still does
    after `wait_seconds`."""
    with _lock(root / ".lock-champion", "a training or a person is deciding about the champion", wait_seconds):
        yield


@contextmanager
def sink_lock(root: Path) -> Generator[None]:
    """Hold the lock of who sends publications elsewhere; raises LockError where another does after ten minutes."""
    with _lock(root / ".lock-sinks", "publications are being sent", 600):
        yield


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
    """A new empty folder on the file system of `root`, removed at the end unless it was committed.

    Raises OSError where the disk took no more: polars reports that as an error of its own, or without its number.
    """
    folder = root / ".staging" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    except (pl.exceptions.PolarsError, OSError) as error:
        number = disk_error(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(folder)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
        _flush(folder)
        os.rename(folder, final)
        _flush_folder(revisions)
    point(root / name, final)
    return final


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
