"""Makes the n-th write of a run fail, or kills the process at it.

A write is whatever changes the disk: a file written by polars, XlsxWriter or Python, a flush, a rename, a link.
"""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import xlsxwriter

WRITES: list[tuple[Any, str]] = [
    (pl.DataFrame, "write_parquet"),
    (pl.DataFrame, "write_csv"),
    (pl.LazyFrame, "sink_parquet"),
    (xlsxwriter.Workbook, "close"),
    (Path, "write_text"),
    (Path, "write_bytes"),
    (Path, "symlink_to"),
    (os, "fsync"),
    (os, "rename"),
    (os, "replace"),
]


def disk_full() -> None:
    """What a write meets when the disk is full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def killed() -> None:
    """What no handler sees."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dying_at(number: int | None, death: Callable[[], None] = disk_full, after: bool = False) -> Iterator[list[str]]:
    """Let `death` strike before (or `after`) the `number`-th write, counted from 0; None: never. Yields the writes."""
    done: list[str] = []

    def watched(name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            strikes = len(done) == number
            done.append(name)
            if strikes and not after:
                death()
            result = write(*arguments, **options)
            if strikes and after:
                death()
            return result

        return call

    patches = [patch.object(owner, name, watched(name, getattr(owner, name))) for owner, name in WRITES]
    for one in patches:
        one.start()
    try:
        yield done
    finally:
        for one in patches:
            one.stop()
