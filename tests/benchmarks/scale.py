"""How ingest and scoring go over to Dask workers: here, then by one and by two of them (`make bench-scale`).

    python -m tests.benchmarks.scale [--large | --transactions N --customers N] [--data DIR]

Each run is a process of its own and must leave the same bytes. What moves is all that the scheduler sends and is sent,
by and to the workers and this process.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from configs.settings import Settings
from pipelines.engine import client
from pipelines.ingest import ingest
from pipelines.score import score
from pipelines.storage import MANIFEST, read_json
from tests.benchmarks.contestant import peak_mib
from tests.benchmarks.declared import LAST_DAY
from tests.benchmarks.features import folder_for
from tests.benchmarks.measure import PROJECT
from tests.benchmarks.night import LARGE, USUAL, made, measured, settings_of, silent, the_day

RUNS = {"here": {}, "1 worker": {"kind": "dask", "workers": 1}, "2 workers": {"kind": "dask", "workers": 2}}
STAGES = ("ingest", "score")


def run(settings: Settings) -> dict[str, Any]:
    """Ingest and score; what each took, the peak of every worker (MiB), and how many bytes moved."""
    found: dict[str, Any] = {"workers_mib": []}
    moved = counted_bytes() if settings.engine.kind == "dask" else [0]
    if settings.engine.kind == "dask":
        client(settings.engine)  # starting the workers is no part of the work
    with measured(found, "ingest"):
        ingest(settings, the_day(), silent)
    with measured(found, "score"):
        score(settings, the_day(), silent)
    if settings.engine.kind == "dask":
        found["workers_mib"] = list(client(settings.engine).run(peak_mib).values())
        found["workers_cpu"] = sum(client(settings.engine).run(work).values())
    tasks = settings.ingest.buckets * (len(settings.sources) + 1)  # each table ingested, and scored
    return found | {"moved_per_bucket": sum(moved) / tasks, "files": files_of(settings)}


def counted_bytes() -> list[int]:
    """What this process sends and is sent from now on by Dask, in bytes, as it goes."""
    from distributed.comm import tcp

    moved, write, from_frames = [0], tcp.TCP.write, tcp.from_frames

    async def counted_write(comm: Any, *arguments: Any, **named: Any) -> int:
        size = await write(comm, *arguments, **named)
        moved.append(size)
        return size

    def counted_read(frames: Any, *arguments: Any, **named: Any) -> Any:
        moved.append(sum(memoryview(frame).nbytes for frame in frames))
        return from_frames(frames, *arguments, **named)

    tcp.TCP.write, tcp.from_frames = counted_write, counted_read
    return moved


def work() -> float:
    """Seconds of processors that this process has taken."""
    import time

    return time.process_time()


def files_of(settings: Settings) -> dict[str, str]:
    """SHA-256 of every file of the store and of the scores."""
    days = [settings.folder_of(part, LAST_DAY) for part in ("store", "scored")]
    return {
        f"{day.parent.name}/{name}": sha for day in days for name, sha in read_json(day / MANIFEST)["files"].items()
    }


def main(arguments: list[str]) -> int:
    """Print the table; 1 where a run left other bytes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="200 M transactions of 10 M customers (80 GB of disk)")
    parser.add_argument("--transactions", type=int, default=USUAL[0], metavar="N")
    parser.add_argument("--customers", type=int, default=USUAL[1], metavar="N")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep what is made here, and use it again")
    parser.add_argument("--job", choices=RUNS, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    transactions, customers = LARGE if asked.large else (asked.transactions, asked.customers)
    if asked.job:
        settings = settings_of(asked.data, "company", transactions, asked.job.replace(" ", "-"), RUNS[asked.job])
        shutil.rmtree(settings.root, ignore_errors=True)
        print(json.dumps(run(settings)))
        return 0
    found = {}
    with folder_for(asked.data) as folder:
        made(folder, (transactions, customers))
        for job in RUNS:
            command = [sys.executable, "-m", "tests.benchmarks.scale", "--job", job, "--data", str(folder)]
            command += ["--transactions", str(transactions)]
            done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
            found[job] = json.loads(done.stdout.splitlines()[-1])
            shutil.rmtree(settings_of(folder, "company", transactions, job.replace(" ", "-")).root)
    print(f"{transactions:,} transactions of {customers:,} customers\n")
    print("\n".join(table(found)))
    same = all(one["files"] == found["here"]["files"] for one in found.values())
    print("\nthe same bytes" if same else "\nOTHER BYTES")
    return 0 if same else 1


def table(found: dict[str, Any]) -> list[str]:
    """The lines of the table, in Markdown."""
    lines = [
        "| | ingest | score | of processors | this process | each worker | moved a bucket |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        work_done = sum(one[stage]["cpu_seconds"] for stage in STAGES) + one.get("workers_cpu", 0)
        here = max(one[stage]["peak_mib"] for stage in STAGES) / 1024
        each = f"{max(one['workers_mib']) / 1024:.1f} GiB" if one["workers_mib"] else ""
        moved = f"{one['moved_per_bucket'] / 1024:,.0f} KiB" if one["workers_mib"] else ""
        seconds = " | ".join(f"{one[stage]['seconds']:.1f} s" for stage in STAGES)
        lines.append(f"| {name} | {seconds} | {work_done:.1f} s | {here:.1f} GiB | {each} | {moved} |")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
