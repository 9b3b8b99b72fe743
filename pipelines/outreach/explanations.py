"""Why every score is what it is, for the data team: all who were scored, batch by batch."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from features.matrix import KEYS
from models.explain import BATCH_ROWS
from pipelines.outreach.explain import Explainer
from pipelines.progress import track

EXPLANATIONS_FILE = "explanations.parquet"
Explain = Literal["listed", "all"]


def explanations(matrix: pl.DataFrame, explainer: Explainer) -> pl.DataFrame:
    """Keys of `matrix`, the contribution of each group of reasons, `expected`, and up to three reasons a row.

    Groups and `expected` add up to the raw score (log-odds).
    """
    grouped, expected, reasons = explainer.explain(matrix)
    return pl.concat([matrix.select(KEYS), grouped, expected.to_frame(), reasons], how="horizontal")


def write_explanations(features: Path, leave_out: pl.Series, explainer: Explainer, target: Path) -> int:
    """Explain the rows of the matrix in the file `features` into the file `target`; returns how many were explained.

    `leave_out`: customers (customer_id) of whom nothing may be said. Read and written batch by batch, so that memory
    does not grow with the customers; progress is shown.
    """
    kept, rows = ~pl.col("customer_id").is_in(leave_out.implode()), 0
    with pq.ParquetFile(features) as source:
        batches = track(_batches(source), "explanations", -(-source.metadata.num_rows // BATCH_ROWS))
        tables = (explanations(batch.filter(kept), explainer).to_arrow() for batch in batches)
        first = next(tables)
        with pq.ParquetWriter(target, first.schema, compression="zstd") as writer:
            for table in chain([first], tables):
                writer.write_table(table)
                rows += table.num_rows
    return rows


def _batches(source: pq.ParquetFile) -> Iterator[pl.DataFrame]:
    for batch in source.iter_batches(BATCH_ROWS):
        yield pl.DataFrame(pa.Table.from_batches([batch]))
