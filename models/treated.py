"""Learning what happens if nobody acts: treated customers are left out, and controls stand for them."""

from datetime import timedelta

import numpy as np
import polars as pl

from models.effect import CONTROL, TREAT


def without_treated(
    labelled: pl.DataFrame, listed: pl.DataFrame, observation_days: int, lasting_days: int
) -> pl.DataFrame:
    """`labelled` (customer_id, cutoff Date and more) as if nobody had been acted on, sorted by cutoff and customer.

    `listed`: rows of `effect.first_listed` (customer_id, cutoff, season, arm). A row is touched by a listing before its
    label window of `observation_days` ended, unless that was more than `lasting_days` before its cutoff. Touched rows
    of the treated are left out. Those of controls count as often as customers of both arms came to one control in that
    season: they are repeated, the parts of a whole made up over the rows in order. In a season without controls nobody
    could stand for the treated, so they stay.
    """
    share = listed.group_by("season").agg(weight=pl.len() / (pl.col("arm") == CONTROL).sum())
    drawn = listed.join(share.filter(pl.col("weight").is_finite()), on="season", maintain_order="left")
    pairs = touched(labelled, drawn, observation_days, lasting_days)
    weights = pairs.group_by("customer_id", "cutoff").agg(
        weight=pl.when((pl.col("arm") == TREAT).any()).then(0.0).otherwise(pl.col("weight").product())
    )
    if weights.is_empty():
        return labelled
    ordered = labelled.sort("cutoff", "customer_id").join(weights, on=["customer_id", "cutoff"], how="left")
    until = ordered["weight"].fill_null(1.0).to_numpy().cumsum()
    copies = np.diff(np.floor(until + 1e-9), prepend=0).astype(np.int64)
    return ordered.drop("weight")[np.repeat(np.arange(len(copies)), copies)]


def touched(rows: pl.DataFrame, listed: pl.DataFrame, observation_days: int, lasting_days: int) -> pl.DataFrame:
    """Each pair of one of `rows` (customer_id, cutoff) and a listing of the same customer that touches it.

    That is one before the row's label window of `observation_days` ended, unless it was more than `lasting_days` before
    its cutoff. Returns customer_id, cutoff, listed_on, and the other columns of `listed`.
    """
    ended = pl.col("cutoff") + timedelta(days=observation_days)
    began = pl.col("cutoff") - timedelta(days=lasting_days)
    pairs = rows.select("customer_id", "cutoff").unique().join(listed.rename({"cutoff": "listed_on"}), on="customer_id")
    return pairs.filter((pl.col("listed_on") < ended) & (pl.col("listed_on") >= began))
