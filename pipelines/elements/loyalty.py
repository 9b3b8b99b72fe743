"""Loyalty: whether customers come again, join and use the programme, bring others, and stay in touch."""

from collections.abc import Iterator
from functools import partial

import polars as pl

from models.estimates import counted, mean_of, ratio_of, share_of
from pipelines.elements.figures import Absent, Figure, span_of
from pipelines.elements.gather import Facts

ELEMENT, YEAR, QUARTER = "loyalty", 365, 90
REPEATED = "share with at least two purchases in the period, of the customers with any"
_figure = partial(Figure, ELEMENT)


def active(facts: Facts) -> pl.DataFrame:
    """Customers with a purchase in the 365 days before the end of the month."""
    return facts.standing.filter(pl.col("rfm__orders_count_365d") > 0)


def loyalty(facts: Facts, tables: frozenset[str], seed: int) -> list[Figure]:
    """The figures over the year before the end of the month."""
    customers, span = active(facts), span_of(facts.month, YEAR)
    if customers.is_empty():
        return []
    again = share_of(int((customers["rfm__orders_count_365d"] >= 2).sum()), customers.height)
    orders = mean_of(customers["rfm__orders_count_365d"].to_numpy(), seed)
    found = [
        _figure("repeat rate", again, "share", span, REPEATED),
        _figure(
            "purchases a customer",
            orders,
            "number",
            span,
            "mean number of purchases in the period, of the customers with any",
        ),
    ]
    found += _programme(facts, customers, seed) if "loyalty" in tables else []
    return found + (list(_ties(facts, customers, seed)) if "interactions" in tables else [])


def left_out(tables: frozenset[str]) -> list[Absent]:
    """What cannot be told without tables that are absent."""
    needed = {"enrolment, redemption, referrals and advocates": "loyalty", "tie strength": "interactions"}
    return [Absent(ELEMENT, what, f"no table {table}") for what, table in needed.items() if table not in tables]


def _programme(facts: Facts, customers: pl.DataFrame, seed: int) -> Iterator[Figure]:
    span, buyers = span_of(facts.month, YEAR), "of the customers with a purchase in the period"
    members = customers.filter(pl.col("loyalty__enrolled") == 1)
    enrolled = share_of(members.height, customers.height)
    yield _figure("enrolment", enrolled, "share", span, f"share that belongs to the programme, {buyers}")
    redeemed = (members["loyalty__redeemed_days"] <= YEAR).sum()
    said = "share that spent points in the period, of the members with a purchase in it"
    yield _figure("members who redeem", share_of(int(redeemed or 0), members.height), "share", span, said)
    if members.height:
        spent, earned = (members[f"loyalty__{what}_sum_365d"].to_numpy() for what in ("redeemed", "earned"))
        said = "points spent over points earned in the period, by the members with a purchase in it"
        yield _figure("redemption", ratio_of(spent, earned, members.height, seed), "share", span, said)
    referrals = customers["loyalty__referrals_count_365d"]
    told = counted(customers.height, float(referrals.sum()))
    yield _figure("referrals", told, "count", span, f"new customers brought, by the customers {buyers[3:]}")
    advocates = share_of(int((referrals > 0).sum()), customers.height)
    yield _figure("advocates", advocates, "share", span, f"share that brought a new customer, {buyers}")


def _ties(facts: Facts, customers: pl.DataFrame, seed: int) -> Iterator[Figure]:
    strength = mean_of(customers["ties__two_way_faded"].to_numpy(), seed)
    said = (
        "contacts from a customer and answers to our messages, each counting half as much for every 60 days since; "
        "mean of the customers with a purchase in the period"
    )
    yield _figure("tie strength", strength, "number", span_of(facts.month, YEAR), said)
    two_way = share_of(int((customers["ties__two_way_90d"] > 0).sum()), customers.height)
    said = "share that got in touch or answered within 90 days, of the customers with a purchase in 365 days"
    yield _figure("in touch both ways", two_way, "share", span_of(facts.month, QUARTER), said)
    sent = customers["ties__sent_count_365d"]
    answers = (sent * customers["ties__answered_mean_365d"].fill_null(0)).to_numpy()
    answered = ratio_of(answers, sent.to_numpy(), int(sent.sum()), seed)
    said = "share of the messages sent in the period that were answered by its end, of customers with a purchase in it"
    yield _figure("messages answered", answered, "share", span_of(facts.month, YEAR), said)
