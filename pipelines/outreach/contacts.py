"""What was done lately with each customer: the latest contact from our side, and a pause that was asked for.

An outcome says that the customer was dealt with, which closes the open item and begins a cool-down, unless its status
is a pause or that nobody was reached.
"""

import polars as pl

from configs.outreach import Outreach
from features.tables import TABLES
from features.time import Cutoff, local_day
from pipelines.build import Tables

SNOOZE = "snooze"  # not before the day in `snooze_until`
NO_ANSWER = "no_answer"


def contacts(tables: Tables, cutoff: Cutoff, outreach: Outreach) -> pl.DataFrame:
    """One row a customer of the bucket: customer_id, last_contact_on and snoozed_until (Date, null where none).

    A contact is an interaction from our side, mass mailings (those of a campaign) aside unless configured, or an
    outcome that closes an item. The pause is that of the latest outcome; without a date it lasts a cool-down.
    """
    interactions = tables.get("interactions", TABLES["interactions"].empty())
    outcomes = tables.get("outcomes", TABLES["outcomes"].empty())
    personal = pl.lit(outreach.campaigns_are_contacts) | pl.col("campaign").is_null()
    reached_out = interactions.filter(pl.col("direction") == "out", personal)
    status = pl.col("status").fill_null("")
    closing = outcomes.filter(~status.is_in([SNOOZE, NO_ANSWER]))
    made = pl.concat([reached_out.select("customer_id", at="occurred_at"), closing.select("customer_id", "at")])
    latest = outcomes.sort("customer_id", "at", "list_date").unique("customer_id", keep="last", maintain_order=True)
    asked_for = local_day(pl.col("snooze_until"), cutoff.zone)
    otherwise = local_day(pl.col("at"), cutoff.zone) + pl.duration(days=outreach.cool_down_days)
    paused = latest.filter(status == SNOOZE).select("customer_id", snoozed_until=pl.coalesce(asked_for, otherwise))
    last = made.group_by("customer_id").agg(last_contact_on=local_day(pl.col("at").max(), cutoff.zone))
    return last.join(paused, on="customer_id", how="full", coalesce=True)


def answers_by(tables: Tables) -> pl.DataFrame:
    """customer_id and answers_by, the channel on which the customer last got in touch or answered, of those who did."""
    heard = pl.when(pl.col("direction") == "in").then("occurred_at").otherwise("responded_at")
    return (
        tables.get("interactions", TABLES["interactions"].empty())
        .select("customer_id", "interaction_id", answers_by="channel", heard=heard)
        .drop_nulls("heard")
        .sort("customer_id", "heard", "interaction_id")
        .unique("customer_id", keep="last", maintain_order=True)
        .select("customer_id", "answers_by")
    )
