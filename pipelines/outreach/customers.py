"""What the store knows of customers beside their figures: whom they belong to, and what they asked of us."""

import polars as pl

from features.cohort import objectors
from features.tables import TABLES
from features.time import Cutoff
from pipelines.build import Tables

CONTACT_COLUMNS = ["account_manager", "display_name", "phone", "email", "preferred_channel"]


def latest_customers(customers: pl.DataFrame, cutoff: Cutoff) -> pl.DataFrame:
    """One row a customer (customer_id and the columns for lists): the newest version valid before the cutoff."""
    valid = customers.filter(pl.col("valid_from").is_null() | (pl.col("valid_from") < cutoff.instant))
    newest = valid.sort("customer_id", "valid_from").unique("customer_id", keep="last", maintain_order=True)
    return newest.select("customer_id", *CONTACT_COLUMNS)


def objected(tables: Tables, cutoff: Cutoff) -> pl.DataFrame:
    """Customers with an objection that took effect before the cutoff: customer_id, no_contact, forgotten (Boolean).

    `forgotten`: they refused profiling or were erased, so nothing at all may be said of them.
    """
    objections = tables.get("objections", TABLES["objections"].empty())
    refused = objectors(objections, ["no_contact"], cutoff).with_columns(no_contact=True)
    forgotten = objectors(objections, ["no_profiling", "erased"], cutoff).with_columns(forgotten=True)
    return refused.join(forgotten, on="customer_id", how="full", coalesce=True)
