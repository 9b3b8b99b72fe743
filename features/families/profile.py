"""Profile: the columns of `customers` that a configuration names, as they were known before the cutoff.

A value counts from its `valid_from` on; without one, only where the column is declared fixed. Categories are numbered
by how frequent they were when the model was fitted, from 1; 0 is any other, null unknown.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from features.family import Events, Family, Feature

OTHER = 0.0


def profile(kinds: Mapping[str, str], fixed: Sequence[str], categories: Mapping[str, Sequence[str]]) -> Family:
    """The family of the columns in `kinds` ("number" or "category"), of which the `fixed` never change.

    `categories`: of each category column the known ones, the most frequent first.
    """
    measures = []
    for column, kind in kinds.items():
        value = pl.col(column)
        if kind == "category":
            known = list(categories.get(column, ()))
            codes = [float(code) for code in range(1, len(known) + 1)]
            value = value.replace_strict(
                known, codes, default=pl.when(value.is_not_null()).then(OTHER), return_dtype=pl.Float64
            )
        else:
            value = value.cast(pl.Float64, strict=False)
        if column not in fixed:
            value = pl.when(pl.col("valid_from").is_not_null()).then(value)
        unit = "category" if kind == "category" else "number"
        measures.append(Feature(column, value, "last", f"{column} of the customer", unit, "profile"))
    return Family("profile", "What is known of the customer.", (Events("customers", tuple(measures)),))
