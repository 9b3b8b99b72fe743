"""Calendar: where in the year the cutoff lies, the same for every customer."""

import math

import polars as pl

from features.family import Derived, Family

YEAR_DAYS = 365.25
ANGLE = 2 * math.pi * pl.col("cutoff").dt.ordinal_day() / YEAR_DAYS

FAMILY = Family(
    name="calendar",
    description="Season of the cutoff.",
    derived=(
        Derived("year_sin", ANGLE.sin(), "sine of the day of the year", "circle", "season"),
        Derived("year_cos", ANGLE.cos(), "cosine of the day of the year", "circle", "season"),
        Derived("month", pl.col("cutoff").dt.month().cast(pl.Float64), "month of the cutoff", "month", "season"),
    ),
)
