"""Why a customer is listed: up to three sentences with the customer's own numbers, from grouped contributions."""

from collections.abc import Sequence

import polars as pl

from features.family import Family, Reason

REASONS = 3
LEAST = 0.02  # log-odds, half a point at even odds: what adds less is no reason


def reasons_for(features: pl.DataFrame, grouped: pl.DataFrame, families: Sequence[Family]) -> pl.DataFrame:
    """Columns reason_1..3 (text) and reason_1_shap..3_shap (log-odds), one row for each row of `features`, in order.

    `grouped`: contribution of each reason group to each row. A group speaks only where it raises the risk, by `LEAST`
    at least, and has a sentence that holds of the customer; the strongest come first. Nulls where fewer than three do.
    """
    spoken = _sentences(features, families)
    long = pl.concat(
        pl.DataFrame({"row": range(features.height), "shap": grouped[group], "sentence": spoken[group]})
        for group in grouped.columns
        if group in spoken.columns
    )
    raising = long.filter(pl.col("shap") >= LEAST, pl.col("sentence").is_not_null())
    strongest = raising.sort("row", "shap", "sentence", descending=[False, True, False]).group_by(
        "row", maintain_order=True
    )
    places = [pl.col("sentence").get(i, null_on_oob=True).alias(f"reason_{i + 1}") for i in range(REASONS)]
    weights = [pl.col("shap").get(i, null_on_oob=True).alias(f"reason_{i + 1}_shap") for i in range(REASONS)]
    every_row = pl.DataFrame({"row": range(features.height)}, schema={"row": pl.Int64})
    return every_row.join(strongest.agg(*places, *weights), on="row", how="left", maintain_order="left").drop("row")


def _sentences(features: pl.DataFrame, families: Sequence[Family]) -> pl.DataFrame:
    """The sentence of each reason group for each row: that of the first of its reasons that holds, else null."""
    by_group: dict[str, list[Reason]] = {}
    for reason in (reason for family in families for reason in family.reasons):
        by_group.setdefault(reason.group, []).append(reason)
    return features.select(
        pl.coalesce(pl.when(reason.when).then(reason.sentence) for reason in reasons).alias(group)
        for group, reasons in by_group.items()
    )
