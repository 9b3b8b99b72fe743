"""Who is listed: for each account manager the customers with the most value at risk."""

import polars as pl

from configs.settings import Lists
from features.cohort import objectors
from features.time import Cutoff

CONTACT_COLUMNS = ["account_manager", "display_name", "phone", "email", "preferred_channel"]
ROUNDING = 1e-9


def latest_customers(customers: pl.DataFrame, cutoff: Cutoff) -> pl.DataFrame:
    """One row a customer (customer_id and the columns for lists): the newest version valid before the cutoff."""
    valid = customers.filter(pl.col("valid_from").is_null() | (pl.col("valid_from") < cutoff.instant))
    newest = valid.sort("customer_id", "valid_from").unique("customer_id", keep="last", maintain_order=True)
    return newest.select("customer_id", *CONTACT_COLUMNS)


def refused_contact(objections: pl.DataFrame, cutoff: Cutoff) -> pl.Series:
    """Ids of customers who asked, before the cutoff, not to be contacted or to be forgotten."""
    return objectors(objections, ["no_contact", "erased"], cutoff)["customer_id"]


def select(scores: pl.DataFrame, customers: pl.DataFrame, refused: pl.Series, lists: Lists) -> pl.DataFrame:
    """The listed: `scores` with rank, risk_band and the columns of `customers`, sorted by account manager and rank.

    Only customers at least as likely to leave as the average of all scored are listed: a loyal customer of great value
    is no news. `rank` (Int64) counts from 1 within an account manager, by value_at_risk, ties by customer_id.
    Customers without an account manager share one list. Columns that nobody has a value for are left out.
    """
    probability = pl.col("churn_probability")
    band = (
        pl.when(probability >= lists.high_risk_from)
        .then(pl.lit("high"))
        .when(probability >= lists.medium_risk_from)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )
    ranked = (
        scores.filter(probability >= probability.mean() - ROUNDING)
        .filter(~pl.col("customer_id").is_in(refused.implode()))
        .join(customers, on="customer_id", how="left")
        .with_columns(pl.col("account_manager").fill_null(lists.unassigned_manager), risk_band=band)
        .sort("account_manager", "value_at_risk", "customer_id", descending=[False, True, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("account_manager"))
        .filter(pl.col("rank") <= lists.customers_per_manager)
    )
    unknown = [c for c in CONTACT_COLUMNS if ranked[c].null_count() == ranked.height]
    return ranked.drop(unknown)
