"""Builds the canonical tables from the log of facts: ids, later-filled columns, and nothing at or after `until`."""

from collections.abc import Callable
from datetime import date

import polars as pl

from pipelines.simulate import parameters as p
from pipelines.simulate.contracts import contract_terms
from pipelines.simulate.event_log import EventLog
from pipelines.simulate.population import People

CATEGORIES = dict(enumerate(["home", "garden", "office", "tools", "travel"]))
COLUMNS = {  # the key, the customer, the time, the rest
    "transactions": "transaction_id customer_id occurred_at amount cost quantity product category channel discount",
    "complaints": "complaint_id customer_id opened_at cause severity channel first_response_at resolved_at reopened_at "
    "satisfaction satisfaction_at",
    "promises": "promise_id customer_id promised_at due_at kept_at",
    "interactions": "interaction_id customer_id occurred_at channel direction campaign responded_at",
    "surveys": "survey_id customer_id sent_at kind answered_at score",
    "loyalty": "event_id customer_id occurred_at kind points tier",
    "contracts": "contract_id customer_id started_on renews_on ended_on monthly_fee plan",
    "costs": "cost_id customer_id occurred_at kind amount",
}
Facts = Callable[[str], pl.DataFrame]


def build_tables(log: EventLog, people: People, first_day: date, until: date) -> dict[str, pl.DataFrame]:
    """Every event table by name, sorted by time; `customers` and `outcomes` are not among them.

    Events are strictly before `until` (00:00 UTC); a later-filled cell is null when its time is not.
    """

    def facts(name: str) -> pl.DataFrame:
        return log.frame(name).filter(pl.col("time").dt.date() < until)

    ends = facts("contract_end").select("customer_id", pl.col("time").dt.date().alias("ended"))
    complaints = _complaints(facts)
    promises = _completed(facts("promise"), facts("keeping"), {"time": "kept_at"})
    surveys = _completed(facts("survey"), facts("answer"), {"time": "answered_at"})
    costs = [("delivery", "delivery"), ("complaint_cost", "complaint"), ("service", "service")]
    return {
        "transactions": transactions(facts("transaction")),
        "complaints": complaints,
        "complaint_updates": _updates(facts("update"), complaints),
        "promises": _table("promises", "R", promises.rename({"due": "due_at"})),
        "interactions": _interactions(facts),
        "surveys": _table("surveys", "S", surveys),
        "loyalty": _loyalty(facts),
        "contracts": _table("contracts", "V", contract_terms(people, log.ids, ends, first_day, until)),
        "costs": _table("costs", "X", pl.concat([_of_kind(facts(fact), kind) for fact, kind in costs])),
        "objections": _objections(facts),
    }


def transactions(facts: pl.DataFrame) -> pl.DataFrame:
    """The canonical `transactions`: `amount` is what was paid, `discount` the money taken off before that."""
    product = pl.col("product")
    described = facts.with_columns(
        product.replace_strict({number: f"P{number:03d}" for number in range(p.PRODUCTS)}, return_dtype=pl.String),
        (product % len(CATEGORIES)).replace_strict(CATEGORIES, return_dtype=pl.String).alias("category"),
    )
    return _table("transactions", "T", described)


def _complaints(facts: Facts) -> pl.DataFrame:
    complaints = facts("complaint")
    for fact, names in (
        ("first_response", {"time": "first_response_at"}),
        ("resolution", {"time": "resolved_at"}),
        ("reopening", {"time": "reopened_at"}),
        ("rating", {"time": "satisfaction_at", "score": "satisfaction"}),
    ):
        complaints = _completed(complaints, facts(fact), names)
    return _table("complaints", "K", complaints)


def _updates(updates: pl.DataFrame, complaints: pl.DataFrame) -> pl.DataFrame:
    of_complaint = complaints.select("complaint_id", "customer_id", pl.col("opened_at").alias("began"))
    return (
        updates.join(of_complaint, on=["customer_id", "began"], validate="m:1")
        .select("complaint_id", pl.col("time").alias("sent_at"))
        .sort("sent_at", "complaint_id")
    )


def _interactions(facts: Facts) -> pl.DataFrame:
    letters = _completed(facts("letter"), facts("response"), {"time": "responded_at"})
    sent = [(letters, "newsletter"), (facts("price_change"), "price_change")]
    outward = [
        frame.with_columns(channel=pl.lit("email"), direction=pl.lit("out"), campaign=pl.lit(campaign))
        for frame, campaign in sent
    ]
    inward = facts("contact").with_columns(direction=pl.lit("in"))
    return _table("interactions", "I", pl.concat([inward, *outward], how="diagonal"))


def _loyalty(facts: Facts) -> pl.DataFrame:
    events = [_of_kind(facts(kind), kind) for kind in ("enrol", "earn", "redeem", "referral")]
    tiers = [_of_kind(facts(tier), "tier").with_columns(tier=pl.lit(tier)) for tier in p.TIERS]
    return _table("loyalty", "L", pl.concat([*events, *tiers], how="diagonal"))


def _objections(facts: Facts) -> pl.DataFrame:
    return (
        pl.concat([_of_kind(facts(kind), kind) for kind in ("no_contact", "no_profiling")])
        .select("customer_id", "kind", pl.col("time").alias("effective_at"))
        .sort("effective_at", "customer_id")
    )


def _of_kind(events: pl.DataFrame, kind: str) -> pl.DataFrame:
    return events.with_columns(kind=pl.lit(kind))


def _completed(events: pl.DataFrame, later: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """Add what became of each event, under these names; `later` tells which by customer_id and `began`."""
    return events.join(
        later.rename(names), left_on=["customer_id", "time"], right_on=["customer_id", "began"], how="left"
    )


def _table(name: str, prefix: str, events: pl.DataFrame) -> pl.DataFrame:
    """The canonical columns, sorted by time, the key being the prefix and a number of seven digits."""
    key, customer, time, *_ = columns = COLUMNS[name].split()
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)
    return (
        events.rename({"time": time})
        .sort(time, customer, maintain_order=True)
        .with_columns(pl.concat_str(pl.lit(prefix), number).alias(key))
        .select(columns)
    )
