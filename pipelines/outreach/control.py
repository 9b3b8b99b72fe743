"""The control group: of all who would be listed, a share drawn at random is withheld, for a season.

Whom to act on is decided first and alike for all (intention to treat), so the two arms differ by chance alone. The draw
is a hash of customer and season. Within strata of risk and value the share is met as nearly as whole customers allow,
counting those drawn on earlier days of the season.
"""

from datetime import date
from math import floor

import polars as pl
import polars_hash as plh

from models.effect import CONTROL, TREAT

DRAWS = 2**64
ROUNDING = 1e-9

# One row a customer and season: the first list of the season, and the day on which the latest item opened.
ASSIGNMENTS = {
    "customer_id": pl.String(),
    "season": pl.String(),
    "arm": pl.String(),
    "stratum": pl.String(),
    "first_listed": pl.Date(),
    "item_opened": pl.Date(),
}
KEY = ["customer_id", "season"]


def season_of(day: date, season: str) -> str:
    """The month, quarter or year of a day: "2026-08", "2026-Q3" or "2026"."""
    match season:
        case "month":
            return f"{day:%Y-%m}"
        case "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case _:
            return f"{day.year}"


def strata(would_list: pl.DataFrame) -> pl.DataFrame:
    """`would_list` with `stratum`: risk and value of each customer against the medians of them all."""
    risk, value = pl.col("churn_probability"), pl.col("value_if_retained")
    return would_list.with_columns(
        stratum=pl.format(
            "{} risk, {} value",
            pl.when(risk > risk.median()).then(pl.lit("higher")).otherwise(pl.lit("lower")),
            pl.when(value > value.median()).then(pl.lit("higher")).otherwise(pl.lit("lower")),
        )
    )


def draw(new: pl.DataFrame, season: str, drawn: pl.DataFrame, share: float) -> pl.DataFrame:
    """`new` (customer_id, stratum) with `arm`; `drawn` holds stratum and arm of those drawn earlier in the season.

    The controls of the season so far are the share of all, rounded down or up by chance (a hash of the season), so that
    lists of a few customers have controls too, now and then. The stratum that lacks most gives the next one, within it
    the customer with the lowest hash.
    """
    before = drawn.group_by("stratum").agg(
        earlier=pl.len().cast(pl.Int64), controls=(pl.col("arm") == CONTROL).sum().cast(pl.Int64)
    )
    everybody, luck = drawn.height + new.height, _hashed(pl.DataFrame({"text": [season]}))[0] / DRAWS
    due = floor(share * everybody + luck + ROUNDING) - before["controls"].sum()
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    wanted = share * (pl.col("earlier") + pl.len().over("stratum")) - pl.col("controls")
    hashed = _hashed(new.select(text=pl.concat_str(pl.lit(f"{season} "), "customer_id")))
    return (
        new.with_columns(hash=hashed)
        .join(before, on="stratum", how="left")
        .with_columns(pl.col("earlier", "controls").fill_null(0))
        .sort("hash", "customer_id")
        .with_columns(lacks=wanted - place.over("stratum"))
        .sort("lacks", "hash", "customer_id", descending=[True, False, False])
        .with_columns(arm=pl.when(place < due).then(pl.lit(CONTROL)).otherwise(pl.lit(TREAT)))
        .drop("hash", "earlier", "controls", "lacks")
    )


def with_arms(would_list: pl.DataFrame, assignments: pl.DataFrame, season: str, share: float) -> pl.DataFrame:
    """`would_list` with arm, season and stratum, sorted by customer_id.

    A customer keeps the arm drawn in the season. An item that goes on (`was_open`, or snoozed up to now) keeps the arm
    that it was opened with, also into the next season: who was seen on a list cannot be withheld.
    """
    goes_on = pl.col("was_open") | (pl.col("code_before") == "snoozed").fill_null(False)
    newest = assignments.sort(*KEY).unique("customer_id", keep="last").select("customer_id", kept_season="season")
    asked = (
        would_list.join(newest, on="customer_id", how="left")
        .with_columns(season=pl.when(goes_on).then("kept_season").fill_null(season))
        .drop("kept_season")
    )
    known = asked.join(assignments.select(*KEY, "arm", "stratum"), on=KEY, how="inner")
    new = strata(would_list).select("customer_id", "stratum").join(known, on="customer_id", how="anti")
    drawn = draw(new, season, assignments.filter(pl.col("season") == season), share)
    arms = pl.concat([known.select("customer_id", "arm", "stratum"), drawn.select("customer_id", "arm", "stratum")])
    return asked.join(arms, on="customer_id", how="left").sort("customer_id")


def updated(assignments: pl.DataFrame, armed: pl.DataFrame, today: date) -> pl.DataFrame:
    """`assignments` with those of tonight's `armed` (customer_id, season, arm, stratum, item_opened), sorted."""
    tonight = armed.with_columns(first_listed=pl.lit(today)).select(list(ASSIGNMENTS))
    newest_last = pl.concat([assignments.select(list(ASSIGNMENTS)), tonight])
    found = newest_last.group_by(KEY, maintain_order=True).agg(
        pl.col("arm", "stratum", "first_listed").first(), pl.col("item_opened").last()
    )
    return found.sort(KEY)


def _hashed(texts: pl.DataFrame) -> pl.Series:
    """xxHash64 of the column `text`; with the season in it, it tells nothing of the buckets."""
    return texts.select(plh.col("text").nchash.xxhash64()).to_series()
