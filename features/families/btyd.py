"""Buy till you die: how likely a customer still is one, by the BG/NBD model, and what is to be expected of them.

A visit is a purchase at least half a day after the one before. Frequency x counts the visits after the first, t_x is
the time from the first to the last of them, T from the first to the cutoff. The parameters of all customers together
are fitted once for a model (`features.context`), in days and currency units.
"""

from dataclasses import fields
from typing import TypeVar

import numpy as np
import polars as pl

from features.btyd import BGNBD, GammaGamma
from features.family import Derived, Events, Family, Feature, previous
from features.time import days_between

AHEAD_DAYS = 90
PURCHASES, VALUE = ([field.name for field in fields(model)] for model in (BGNBD, GammaGamma))
Model = TypeVar("Model", BGNBD, GammaGamma)

AGAIN = (days_between(previous(pl.col("occurred_at")), pl.col("occurred_at")) >= 0.5).fill_null(False)
AFTER_FIRST = AGAIN.cast(pl.Int32).cum_sum().over("customer_id") > 0

AGE, RECENCY = pl.col("btyd__age"), pl.col("btyd__recency")
FREQUENCY = pl.when(AGE.is_not_null()).then(pl.col("btyd__visits_count_lifetime"))  # null: never bought
ALIVE, EXPECTED = pl.col("btyd__alive"), pl.col("btyd__purchases_90d")


def _arguments(parameters: list[str], *values: pl.Expr) -> pl.Expr:
    fitted = [pl.col(f"btyd__{name}").alias(name) for name in parameters]
    return pl.struct([*fitted, *(value.alias(f"value_{position}") for position, value in enumerate(values))])


def _of_model(frame: pl.DataFrame, model: type[Model], figure: str, *first: float) -> np.ndarray:
    """A figure of the model with the parameters in `frame` for the values beside them; NaN without parameters."""
    parameters = frame.select(field.name for field in fields(model)).row(0)
    if None in parameters:
        return np.full(frame.height, np.nan)
    values = [frame[column].cast(pl.Float64).to_numpy() for column in frame.columns[len(parameters) :]]
    return getattr(model(*parameters), figure)(*first, *values)


def alive(frame: pl.DataFrame) -> np.ndarray:
    """Probability of being a customer still."""
    return _of_model(frame, BGNBD, "alive")


def purchases(frame: pl.DataFrame) -> np.ndarray:
    """Expected visits in the days ahead."""
    return _of_model(frame, BGNBD, "purchases", AHEAD_DAYS)


def value(frame: pl.DataFrame) -> np.ndarray:
    """Expected value of a visit."""
    return _of_model(frame, GammaGamma, "value")


FAMILY = Family(
    name="btyd",
    description="Probability of being alive and expected purchases (BG/NBD), expected value (Gamma-Gamma).",
    events=(
        Events(
            "transactions",
            where=pl.col("amount") > 0,
            columns=(
                pl.when(AGAIN).then(pl.col("occurred_at")).alias("visited_at"),
                pl.when(AFTER_FIRST).then(pl.col("amount")).alias("spent_again"),
            ),
            measures=(
                Feature("first", pl.col("occurred_at"), "first", "first purchase", "time", "silence", internal=True),
                Feature(
                    "visits",
                    pl.col("visited_at"),
                    "count",
                    "visits after the first",
                    "visits",
                    "buying",
                    internal=True,
                ),
                Feature(
                    "visited",
                    pl.col("visited_at"),
                    "last",
                    "latest visit after the first",
                    "time",
                    "silence",
                    internal=True,
                ),
                Feature(
                    "spent",
                    pl.col("spent_again"),
                    "sum",
                    "spent after the first visit",
                    "amount",
                    "buying",
                    internal=True,
                ),
            ),
        ),
    ),
    parameters=tuple(f"btyd__{name}" for name in (*PURCHASES, *VALUE)),
    derived=(
        Derived(
            "age",
            days_between(pl.col("btyd__first_first_lifetime"), pl.col("cutoff_at")),
            "days since the first purchase (T)",
            "days",
            "history",
            internal=True,
        ),
        Derived(
            "recency",
            days_between(pl.col("btyd__first_first_lifetime"), pl.col("btyd__visited_last_lifetime")),
            "days from the first visit to the latest (t_x)",
            "days",
            "silence",
            fill=0.0,
            internal=True,
        ),
        Derived(
            "repeat_value",
            pl.col("btyd__spent_sum_lifetime") / FREQUENCY,
            "mean value of a visit after the first",
            "amount",
            "buying",
            fill=0.0,
            internal=True,
        ),
        Derived(
            "alive",
            _arguments(PURCHASES, FREQUENCY, RECENCY, AGE),
            "probability of being a customer still, by the BG/NBD model",
            "probability",
            "silence",
            function=alive,
        ),
        Derived(
            "buys_90d",
            ALIVE
            * (
                1
                - ((pl.col("btyd__alpha") + AGE) / (pl.col("btyd__alpha") + AGE + AHEAD_DAYS)).pow(
                    pl.col("btyd__r") + FREQUENCY
                )
            ),
            f"probability of a purchase in the next {AHEAD_DAYS} days, by the BG/NBD model",
            "probability",
            "silence",
        ),
        Derived(
            "purchases_90d",
            _arguments(PURCHASES, FREQUENCY, RECENCY, AGE),
            f"expected purchases in the next {AHEAD_DAYS} days, by the BG/NBD model",
            "orders",
            "silence",
            function=purchases,
        ),
        Derived(
            "value",
            _arguments(VALUE, FREQUENCY, pl.col("btyd__repeat_value")),
            "expected value of a purchase, by the Gamma-Gamma model",
            "amount",
            "buying",
            function=value,
        ),
        Derived(
            "spend_90d",
            EXPECTED * pl.col("btyd__value"),
            f"expected sales in the next {AHEAD_DAYS} days: expected purchases x expected value",
            "amount",
            "buying",
        ),
    ),
)
