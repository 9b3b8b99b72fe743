"""Contestants measured one after the other, each time in a fresh process."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.benchmarks.comparison import rows_in

PROJECT = Path(__file__).parents[2]
OTHER_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"
ELSEWHERE = {"duckdb": "duckdb", "featuretools": "featuretools"}  # contestant -> package it needs there


@dataclass(frozen=True)
class Measured:
    """What one contestant took: the least time and the greatest peak of some repeats. `failure`: why there is none."""

    transactions: int
    contestant: str
    cutoffs: int
    seconds: float = 0
    cpu_seconds: float = 0
    peak_mib: float = 0
    rows: int = 0
    failure: str = ""


def installed(contestant: str) -> bool:
    """Whether the interpreter that the contestant needs has its package."""
    if contestant not in ELSEWHERE:
        return True
    found = OTHER_PYTHON.exists() and subprocess.run(
        [OTHER_PYTHON, "-c", f"import importlib.metadata as m; m.version('{ELSEWHERE[contestant]}')"],
        capture_output=True,
    )
    return bool(found) and found.returncode == 0


def measure(
    contestant: str, store: Path, out: Path, transactions: int, cutoffs: Sequence[date], repeats: int = 1
) -> Measured:
    """Run `contestant` on `store` this many times; the folder `out` then holds what it wrote the last time."""
    head = (transactions, contestant, len(cutoffs))
    if not installed(contestant):
        return Measured(*head, failure="not installed")
    python = str(OTHER_PYTHON) if contestant in ELSEWHERE else sys.executable
    command = [python, "-m", "tests.benchmarks.contestant", contestant, str(store), str(out), *map(str, cutoffs)]
    took = []
    for _ in range(repeats):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
        if done.returncode:
            said = done.stderr.strip().splitlines()
            reason = "was killed" if done.returncode < 0 else said[-1] if said else "failed"
            return Measured(*head, failure=reason[:200])
        took.append(json.loads(done.stdout.splitlines()[-1]))
    seconds, cpu_seconds = (min(one[name] for one in took) for name in ("seconds", "cpu_seconds"))
    return Measured(*head, seconds, cpu_seconds, max(one["peak_mib"] for one in took), rows_in(out))
