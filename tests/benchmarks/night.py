"""What a whole night costs, beside reading three columns and predicting as many rows (`make bench-night`).

    python -m tests.benchmarks.night [--large | --transactions N --customers N] [--data DIR]

The champion learns from a small company of the same shape; only the night counts. It runs as `holdfast nightly` does,
in a process of its own, and the yardstick in another one, once each.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from configs.settings import Settings
from features.matrix import KEYS
from features.time import Cutoff
from models.pair import ModelPair
from models.tracking import load_champion
from pipelines.nightly import nightly, training
from pipelines.outreach.decide import decide
from pipelines.outreach.listing import listing
from pipelines.publish import publish, publish_lists
from pipelines.score import FEATURES_FILE
from tests.benchmarks.contestant import peak_mib
from tests.benchmarks.declared import LAST_DAY
from tests.benchmarks.features import folder_for
from tests.benchmarks.measure import PROJECT
from tests.benchmarks.nights import drop_everything

USUAL, LARGE = (20_000_000, 1_000_000), (200_000_000, 10_000_000)  # transactions, customers
SAMPLE, LEARNED_FROM = "sample", (100_000, 5_000)
ROWS_OF_A_BUCKET = 1_250_000
TARGET, MOST_GIB = 6, 4
COUNTED = ("ingest", "score", "decide", "explain", "publish")
BEYOND = ("prune", "send", "monitor")


def settings_of(
    folder: Path, company: str, transactions: int, run: str = "", engine: dict[str, Any] | None = None
) -> Settings:
    """Settings of a `run` over the export in `folder`/`company`; all of a folder share one champion."""
    return Settings.model_validate(
        {
            "name": company,
            "root": str(folder / "runs" / (run or company)),
            "sources": {table: {"path": str(folder / company / table)} for table in ("customers", "transactions")},
            "ingest": {"buckets": max(2, round(transactions / ROWS_OF_A_BUCKET))},
            "training": {"cutoff_every_days": 60},  # a champion soon; the night does not look at it
            # Where it learns, the champion lies with the rest of the run.
            "tracking": {} if company == SAMPLE else {"uri": f"sqlite:///{folder / 'runs' / SAMPLE / 'mlflow.db'}"},
            "engine": engine or {},
        }
    )


def made(folder: Path, size: tuple[int, int]) -> None:
    """The exports of a company of this size and of the one that the champion learns from, and the champion."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (transactions, customers) in {SAMPLE: LEARNED_FROM, "company": size}.items():
        if not (folder / name).exists():
            drop_everything(folder / f"{name}.new", transactions, customers)
            (folder / f"{name}.new").rename(folder / name)
    if not (folder / "runs" / SAMPLE / "mlflow.db").exists():
        training(settings_of(folder, SAMPLE, LEARNED_FROM[0]), the_day(), silent)


def the_day() -> Cutoff:
    return Cutoff(LAST_DAY, ZoneInfo("UTC"))


def silent(_line: str) -> None:
    """Says nothing."""


def night(settings: Settings) -> dict[str, Any]:
    """Run a night; what each of its stages took."""
    found: dict[str, Any] = {}

    def run(step: Callable[..., Any], *arguments: Any) -> Any:
        if step is not publish_lists:
            with measured(found, step.__name__):
                return step(*arguments)
        _, cutoff, scored, log, explain = arguments
        with measured(found, "decide"):
            decided = decide(settings, cutoff, scored, log)
        with measured(found, "explain"):
            listed = listing(settings, cutoff, scored, decided)
        with measured(found, "publish"):
            return publish(settings, cutoff, scored, decided, listed, log, explain)

    nightly(settings, the_day(), silent, run)
    return found


def yardstick(settings: Settings) -> dict[str, Any]:
    """Read three columns of all transactions, and predict as many rows as were scored with the same champion."""
    found: dict[str, Any] = {}
    champion = load_champion(settings)
    pair = ModelPair.restore(champion.churn, champion.clv, champion.recipe)
    transactions = settings.source("transactions").path
    with measured(found, "read"):
        pl.read_parquet(f"{transactions}/*.parquet", columns=["customer_id", "occurred_at", "amount"])
    rows = 0
    for file in sorted((settings.folder_of("scored", LAST_DAY) / FEATURES_FILE).iterdir()):
        matrix = pl.read_parquet(file, columns=[*KEYS, *champion.recipe["features"]])
        rows += matrix.height
        with measured(found, "predict"):
            pair.score(matrix)
    found["rows"] = rows
    return found


@contextmanager
def measured(found: dict[str, Any], stage: str) -> Any:
    """Add what happens within to `stage`: seconds, seconds of processors, and the peak of this process in MiB."""
    forget_peak()
    began, began_work = time.perf_counter(), time.process_time()
    yield
    before = found.get(stage, {"seconds": 0, "cpu_seconds": 0, "peak_mib": 0})
    found[stage] = {
        "seconds": before["seconds"] + time.perf_counter() - began,
        "cpu_seconds": before["cpu_seconds"] + time.process_time() - began_work,
        "peak_mib": max(before["peak_mib"], peak_mib()),
    }


def forget_peak() -> None:
    """Let the peak of this process be counted anew, where the system can."""
    file = Path("/proc/self/clear_refs")
    if file.exists():
        file.write_text("5", encoding="ascii")


def apart(job: str, folder: Path, transactions: int) -> dict[str, Any]:
    """`night` or `yardstick` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.night", "--job", job, "--data", str(folder)]
    done = subprocess.run(
        [*command, "--transactions", str(transactions)], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def table(found: dict[str, Any], straight: dict[str, Any]) -> list[str]:
    """The lines of the table, in Markdown."""
    lines = ["| | seconds | of processors | peak |", "|---|---|---|---|"]
    rows = {**{name: found[name] for name in COUNTED}, "**to the publication**": total(found, COUNTED)}
    rows |= {f"({name})": found[name] for name in BEYOND if name in found}
    rows |= {"reading three columns": straight["read"], "predicting": straight["predict"]}
    for name, one in rows.items():
        peak = f"{one['peak_mib'] / 1024:.1f} GiB"
        lines.append(f"| {name} | {one['seconds']:.1f} | {one['cpu_seconds']:.1f} | {peak} |")
    return lines


def total(found: dict[str, Any], stages: tuple[str, ...]) -> dict[str, float]:
    """All of these stages together."""
    sums = {name: sum(found[stage][name] for stage in stages) for name in ("seconds", "cpu_seconds")}
    return sums | {"peak_mib": max(found[stage]["peak_mib"] for stage in stages)}


def main(arguments: list[str]) -> int:
    """Print the table; 1 where the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.night", description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="200 M transactions of 10 M customers (80 GB of disk)")
    parser.add_argument("--transactions", type=int, default=USUAL[0], metavar="N")
    parser.add_argument("--customers", type=int, default=USUAL[1], metavar="N")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep what is made here, and use it again")
    parser.add_argument("--job", choices=("night", "yardstick"), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.job:
        settings = settings_of(asked.data, "company", asked.transactions)
        print(json.dumps(night(settings) if asked.job == "night" else yardstick(settings)))
        return 0
    transactions, customers = LARGE if asked.large else (asked.transactions, asked.customers)
    with folder_for(asked.data) as folder:
        made(folder, (transactions, customers))
        found, straight = (apart(job, folder, transactions) for job in ("night", "yardstick"))
    print(f"{transactions:,} transactions of {customers:,} customers, {straight['rows']:,} of them scored\n")
    print("\n".join(table(found, straight)))
    whole, beside = total(found, COUNTED), total(straight, ("read", "predict"))
    times, work = (whole[name] / beside[name] for name in ("seconds", "cpu_seconds"))
    print(f"\nthe night takes {times:.1f} times as long as the yardstick ({work:.1f} times the processors' time)")
    met = times <= TARGET and whole["peak_mib"] <= MOST_GIB * 1024
    print(f"target {TARGET} times and {MOST_GIB} GiB: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
