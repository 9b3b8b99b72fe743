"""What every check of a night tells: one row a figure, with what is usual and whether it is beyond that."""

from typing import Any

import polars as pl

FEATURES, SCORES, BASE_RATE, COLUMNS = "features", "scores", "base rate", "columns"
AGE = "age"
FRESHNESS, VOLUME, UNSEEN, QUARANTINED = "freshness", "volume", "unseen", "quarantined"
OF_MODELS = (FEATURES, SCORES, BASE_RATE)  # what training anew may mend
FIGURE = {
    "check": pl.String(),
    "table": pl.String(),
    "name": pl.String(),  # of a feature, a score, a column
    "of": pl.String(),  # all customers, or a group of them; empty for tables
    "value": pl.Float64(),
    "usual": pl.Float64(),
    "p": pl.Float64(),  # null where the check is not by a test
    "beyond": pl.Boolean(),  # a limit of its own; null where the PSI and the test, and all those of the night, say
    "says": pl.String(),
}


def figures(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows, each with some of the columns `FIGURE`; the others are empty."""
    return pl.DataFrame(rows, schema=FIGURE, orient="row")
