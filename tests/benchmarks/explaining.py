"""How many customers a second can be explained, by the shape of the trees; one run, rows made up.

    python -m tests.benchmarks.explaining [--rows N]

The reference is 300 trees of 63 leaves over 60 features; `holdfast nightly --explain all` is meant to be at least eight
times as fast. Seconds of a busy machine tell little; the ratio and the seconds of computing do.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from configs.modelling import Training
from models.churn import ChurnModel, Shape, train_churn
from models.explain import contributions
from models.tune import MOST_DEPTH, MOST_LEAVES

TARGET = 8
LEARNED_FROM, TREES, FEATURES = 20_000, 300, 190
SHAPES = {
    "reference": (Training(leaves=63), 60),
    "as configured by default": (Training(), FEATURES),
    "the largest that tuning tries": (Training(leaves=MOST_LEAVES, depth=MOST_DEPTH), FEATURES),
}


def main(arguments: Sequence[str]) -> int:
    """Print the rows a second of each shape; returns the exit code, 1 where the default misses the target."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.explaining", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4000, metavar="N", help="customers explained; default 4000")
    rows = parser.parse_args(arguments).rows
    found = {name: speed(*trained(training, features), rows) for name, (training, features) in SHAPES.items()}
    for name, (by_clock, by_computing) in found.items():
        ratio = by_computing / found["reference"][1]
        print(f"{name}: {by_clock:,.0f} rows/s, {by_computing:,.0f} a second of computing, {ratio:.1f} x the reference")
    met = found["as configured by default"][1] >= TARGET * found["reference"][1]
    print(f"target {TARGET} x: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def trained(training: Training, features: int) -> tuple[ChurnModel, pl.DataFrame]:
    """A model of made-up rows and so many features, every tenth of which tells something; and the rows."""
    random = np.random.default_rng(1)
    values = random.gamma(2.0, 20.0, (LEARNED_FROM, features))
    risk = np.log(values[:, ::10]).sum(axis=1)
    matrix = pl.DataFrame(values, schema=[f"feature_{i}" for i in range(features)])
    churned = pl.Series((risk + random.logistic(size=LEARNED_FROM) > np.median(risk)).astype(np.int8))
    cutoffs = pl.repeat(date(2026, 1, 1), LEARNED_FROM, eager=True)
    return train_churn(matrix, churned, cutoffs, training, Shape(TREES)), matrix


def speed(model: ChurnModel, matrix: pl.DataFrame, rows: int) -> tuple[float, float]:
    """Rows explained a second, by the clock and by the processor."""
    contributions(model, matrix[:10])  # the first call imports
    clock, computing = time.perf_counter(), time.process_time()
    contributions(model, matrix[:rows])
    return rows / (time.perf_counter() - clock), rows / (time.process_time() - computing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
