"""One contestant at work in a process of its own, which says at the end what it took.

python -m tests.benchmarks.contestant NAME STORE OUT DAY [DAY ...]
"""

import importlib
import json
import resource
import sys
import time
from datetime import date
from pathlib import Path

# Name -> module and function: imported only when asked for, since no interpreter has them all.
CONTESTANTS = {
    "read": ("polars_queries", "read"),
    "count": ("polars_queries", "count"),
    "polars": ("polars_queries", "all_files"),
    "polars by file": ("polars_queries", "file_by_file"),
    "engine": ("engine", "build"),
    "pandas": ("pandas_query", "query"),
    "duckdb": ("duckdb_query", "query"),
    "featuretools": ("featuretools_query", "query"),
}


def peak_mib() -> float:
    """Most memory this process held; getrusage would count in what its parent held when it started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS, in bytes


def main(name: str, store: Path, out: Path, cutoffs: list[date]) -> None:
    """Run the contestant and print seconds, CPU seconds and peak memory as JSON."""
    module, function = CONTESTANTS[name]
    work = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)
    began, cpu = time.perf_counter(), time.process_time()
    work(store, out, cutoffs)
    took = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
    print(json.dumps(took | {"peak_mib": peak_mib()}))


if __name__ == "__main__":
    name, store, out, *days = sys.argv[1:]
    main(name, Path(store), Path(out), [date.fromisoformat(day) for day in days])
