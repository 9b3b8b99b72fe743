"""How long features take and how much memory, beside straight queries for the same features, in one run.

    python -m tests.benchmarks.features [--small | --large | --transactions N ...] [--report FILE]

Every contestant must find what the engine finds; where one does not, the benchmark fails. A missed target is only said.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipelines.storage import MANIFEST
from tests.benchmarks.comparison import difference
from tests.benchmarks.declared import LAST_DAY, MONTHLY
from tests.benchmarks.measure import Measured, measure
from tests.benchmarks.order_log import write_store
from tests.benchmarks.report import TITLES, tables

FEW = 100_000  # every run begins with these, since featuretools can do no more
SMALL, USUAL, LARGE = 1_000_000, 20_000_000, 200_000_000
LIMITS = {"featuretools": FEW, "pandas": 50_000_000}
ONE_CUTOFF = ["read", "count", "polars", "polars by file", "pandas", "duckdb", "featuretools"]
MANY_CUTOFFS = ["polars", "polars by file"]


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns the exit code."""
    asked = _parser().parse_args(arguments)
    sizes = asked.transactions or ([SMALL] if asked.small else [USUAL, LARGE] if asked.large else [USUAL])
    found: list[Measured] = []
    wrong: list[str] = []
    with folder_for(asked.data) as folder:
        for size in sorted({FEW, *sizes}):
            customers = max(1, size // asked.orders_per_customer)
            store = folder / f"orders-{size}-{customers}"
            if not (store / MANIFEST).exists():
                print(f"making {size:,} transactions of {customers:,} customers", flush=True)
                write_store(store, size, customers)
            repeats = asked.repeats or (3 if size <= USUAL else 1)
            for one, problem in _run(store, folder / "out", size, repeats):
                found.append(one)
                line = one.failure or f"{one.seconds:,.2f} s, {one.peak_mib:,.0f} MiB"
                print(f"{size:,}: {TITLES[one.contestant]}, cutoffs: {one.cutoffs}: {line}", flush=True)
                if problem:
                    wrong.append(f"{size:,}: {TITLES[one.contestant]}, cutoffs: {one.cutoffs}: {problem}")
            if asked.data is None:
                shutil.rmtree(store)
    text = tables(found)
    print(f"\n{text}")
    if asked.report:
        asked.report.write_text(text, encoding="utf-8")
    for problem in wrong:
        print(f"DIFFERS: {problem}", file=sys.stderr)
    return 1 if wrong else 0


def _run(store: Path, out: Path, size: int, repeats: int) -> Iterator[tuple[Measured, str | None]]:
    """Each contestant measured, and what is wrong with its result; it is held against the engine's."""
    measure("read", store, out / "read", size, [LAST_DAY])  # unmeasured, so that all find the files in memory
    for cutoffs, contestants in (([LAST_DAY], ONE_CUTOFF), (MONTHLY, MANY_CUTOFFS)):
        engine = measure("engine", store, out / "engine", size, cutoffs, repeats)
        if engine.failure:
            raise RuntimeError(f"the engine: {engine.failure}")
        yield engine, None
        for contestant in contestants:
            if size > LIMITS.get(contestant, size):
                continue
            one = measure(contestant, store, out / "other", size, cutoffs, repeats)
            yield one, _problem(one, out)
        shutil.rmtree(out)


def _problem(one: Measured, out: Path) -> str | None:
    if one.failure:
        return None if one.failure == "not installed" else one.failure
    return None if one.contestant in ("read", "count") else difference(out / "engine", out / "other")


@contextmanager
def folder_for(data: Path | None) -> Generator[Path]:
    """`data`, which is kept, or a temporary folder."""
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
            yield Path(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.features", description=__doc__.splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help=f"{SMALL:,} transactions instead of {USUAL:,}")
    size.add_argument("--large", action="store_true", help=f"{LARGE:,} as well (20 GB of disk, an hour)")
    size.add_argument("--transactions", type=int, nargs="+", metavar="N", help="other sizes")
    parser.add_argument("--orders-per-customer", type=int, default=20, metavar="N", help="on average; default 20")
    parser.add_argument("--repeats", type=int, metavar="N", help="best of so many; default 3, or 1 beyond 20 M")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the order logs here and use them again")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the tables here too, in Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
