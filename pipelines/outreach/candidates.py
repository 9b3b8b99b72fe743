"""What the rules look at: each scored customer with what the store and the last publication tell beside the scores."""

from pathlib import Path

import polars as pl

from configs.settings import Settings
from features.time import Cutoff
from pipelines.build import Tables, tables_by_bucket
from pipelines.outreach.contacts import answers_by, contacts
from pipelines.outreach.control import CONTROL
from pipelines.outreach.customers import latest_customers, objected
from pipelines.outreach.history import DECISIONS_FILE, Published
from pipelines.outreach.policy import LISTED

LAST_DECISIONS = {
    **dict.fromkeys(("customer_id", "decision", "code", "arm", "act_by_why"), pl.String()),
    **dict.fromkeys(("item_opened", "act_by"), pl.Date()),
    "churn_probability": pl.Float64(),
}


def facts_of(store: Path, cutoff: Cutoff, settings: Settings) -> pl.DataFrame:
    """One row a customer of the store: contact data, no_contact, forgotten, and what `contacts` tells."""
    tables = ["customers", "objections", "interactions", "outcomes"]
    return pl.concat([_facts(bucket, cutoff, settings) for bucket in tables_by_bucket(store, only=tables)])


def _facts(tables: Tables, cutoff: Cutoff, settings: Settings) -> pl.DataFrame:
    facts = latest_customers(tables["customers"], cutoff)
    for more in (objected(tables, cutoff), contacts(tables, cutoff, settings.outreach), answers_by(tables)):
        facts = facts.join(more, on="customer_id", how="full", coalesce=True)
    return facts.with_columns(pl.col("no_contact", "forgotten").fill_null(False))


def candidates(
    scores: pl.DataFrame,
    facts: pl.DataFrame,
    last: Published | None,
    assignments: pl.DataFrame,
    cutoff: Cutoff,
    settings: Settings,
) -> pl.DataFrame:
    """One row a customer of `scores`, with the columns that `policy` names and, of the last publication:

    was_listed (Boolean), before (churn_probability) and code_before; of an item that is still open, item_opened,
    act_by and act_by_why. A contact closes an item; a control's ends after `outreach.item_days`.
    """
    published = pl.DataFrame(schema=LAST_DECISIONS) if last is None else last.read(DECISIONS_FILE, LAST_DECISIONS)
    published = published.rename({"code": "code_before", "churn_probability": "before"})
    newest = assignments.sort("customer_id", "season").unique("customer_id", keep="last")
    withheld = newest.filter(pl.col("arm") == CONTROL).select("customer_id", withheld_on="item_opened")
    ended = pl.col("item_opened") + pl.duration(days=settings.outreach.item_days) <= cutoff.day
    closed = (pl.col("last_contact_on") >= pl.col("item_opened")).fill_null(False) | (
        (pl.col("arm") == CONTROL) & ended
    ).fill_null(False)
    return (
        scores.join(facts, on="customer_id", how="left", validate="1:1")
        .join(published, on="customer_id", how="left", validate="1:1")
        .join(withheld, on="customer_id", how="left", validate="1:1")
        .with_columns(
            pl.col("account_manager").fill_null(settings.lists.unassigned_manager),
            pl.col("no_contact").fill_null(False),
            pl.when(~closed).then(pl.col("item_opened", "act_by", "act_by_why")),
            was_listed=(pl.col("decision") == LISTED).fill_null(False),
        )
        .drop("arm", "decision", "forgotten")
    )
