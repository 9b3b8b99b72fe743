"""Why every score is what it is, for the data team: all who were scored, batch by batch."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from shutil import rmtree
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from configs.engine import Engine
from features.matrix import KEYS
from models.explain import BATCH_ROWS
from pipelines.engine import each_bucket
from pipelines.outreach.explain import Explainer

EXPLANATIONS_FILE = "explanations.parquet"
Explain = Literal["listed", "all"]


def explanations(matrix: pl.DataFrame, explainer: Explainer) -> pl.DataFrame:
    """Keys of `matrix`, the contribution of each group of reasons, `expected`, and up to three reasons a row.

    Groups and `expected` add up to the raw score (log-odds).
    """
    grouped, expected, reasons = explainer.explain(matrix)
    return pl.concat([matrix.select(KEYS), grouped, expected.to_frame(), reasons], how="horizontal")


def write_explanations(engine: Engine, features: Path, leave_out: pl.Series, explainer: Explainer, target: Path) -> int:
    """Explain the rows of the matrix `features` into the file `target`; returns how many were explained.

    `features`: a file, or a folder with a file a bucket, whose order is kept. `leave_out`: customers (customer_id) of
    whom nothing may be said. Read and written batch by batch, so that memory does not grow with the customers.
    """
    files, parts = _files(features), target.with_suffix(".parts")
    parts.mkdir()

    def step(number: int) -> int:
        return _explain(files[number], leave_out, explainer, parts / f"{number:04d}.parquet")

    rows = sum(each_bucket(engine, len(files), step))
    _join(sorted(parts.iterdir()), target)
    rmtree(parts)
    return rows


def _files(features: Path) -> list[Path]:
    return sorted(features.iterdir()) if features.is_dir() else [features]


def _explain(features: Path, leave_out: pl.Series, explainer: Explainer, target: Path) -> int:
    kept, rows = ~pl.col("customer_id").is_in(leave_out.implode()), 0
    with pq.ParquetFile(features) as source:
        batches = (pl.DataFrame(pa.Table.from_batches([batch])) for batch in source.iter_batches(BATCH_ROWS))
        tables = (explanations(batch.filter(kept), explainer).to_arrow() for batch in batches)
        first = next(tables)
        with pq.ParquetWriter(target, first.schema, compression="zstd") as writer:
            for table in chain([first], tables):
                writer.write_table(table)
                rows += table.num_rows
    return rows


def _join(files: Sequence[Path], target: Path) -> None:
    """Write the rows of all files to one, a group of rows at a time."""
    with pq.ParquetWriter(target, pq.read_schema(files[0]), compression="zstd") as writer:
        for file in files:
            with pq.ParquetFile(file) as part:
                for group in range(part.num_row_groups):
                    writer.write_table(part.read_row_group(group))
