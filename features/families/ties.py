"""Ties: contact between company and customer, in both directions.

A message is a contact from the company (direction "out"); it is answered once `responded_at` is known. Contact is
two-way when the customer gets in touch, or answers a message: then it counts at the time of the answer.
"""

from functools import partial

import polars as pl

from features.family import Derived, Events, Family, Feature, Op, Reason, lasting, plural, previous
from features.time import LIFETIME, MICROSECONDS_PER_DAY, Window, days_between, windows

HALF_LIFE_DAYS = 60
SILENT_DAYS, NEGLECTED_DAYS, UNANSWERED_RUN = 60, 180, 3  # worth saying from here on

YEAR = (*windows(365), LIFETIME)
RECENT = (*windows(30, 90), *YEAR)
TWO_WAY_SPANS = windows(30, 60, 90, 365)
ROW = pl.int_range(pl.len(), dtype=pl.Int64)  # differences within a customer count messages
ANSWERED = pl.col("responded_at").is_not_null()
IN, OUT = pl.col("direction") == "in", pl.col("direction") == "out"
# Doubles every half-life from 1970 on, so that its sum over contacts, which fade as the cutoff moves on, is made once.
GROWN = 2.0 ** (pl.col("occurred_at").dt.epoch("us") / (MICROSECONDS_PER_DAY * HALF_LIFE_DAYS))
GROWN_AT_CUTOFF = 2.0 ** (pl.col("cutoff_at").dt.epoch("us") / (MICROSECONDS_PER_DAY * HALF_LIFE_DAYS))

TWO_WAY_AT = pl.max_horizontal("ties__received_max_lifetime", "ties__answers_max_lifetime")
TWO_WAY_DAYS, SENT_DAYS = pl.col("ties__two_way_days"), pl.col("ties__sent_days")
SENT, RECEIVED = pl.col("ties__sent_count_lifetime"), pl.col("ties__received_count_lifetime")
RUN, EVER_ANSWERED = pl.col("ties__unanswered_run"), pl.col("ties__answered_mean_lifetime") > 0


def measure(name: str, op: Op, description: str, unit: str, spans: tuple[Window, ...] = (LIFETIME,)) -> Feature:
    """A feature over the column of its name."""
    return Feature(name, pl.col(name), op, description, unit, "contact", spans)


def hidden(name: str, op: Op, description: str, unit: str, spans: tuple[Window, ...] = (LIFETIME,)) -> Feature:
    """A measure over the column of its name that only derived features use."""
    return Feature(name, pl.col(name), op, description, unit, "contact", spans, internal=True)


def balance(span: str) -> Derived:
    """Who is in touch more."""
    received, sent = pl.col(f"ties__received_count_{span}d"), pl.col(f"ties__sent_count_{span}d")
    described = f"contacts from the customer less messages, over both, in {span} days: -1 to 1"
    return Derived(f"balance_{span}d", (received - sent) / (received + sent), described, "share", "contact")


def two_way(span: Window) -> Derived:
    """How often contact was two-way."""
    received, answered = pl.col(f"ties__received_count_{span.suffix}"), pl.col(f"ties__answers_count_{span.suffix}")
    described = f"contacts from the customer and answers to messages in {span.days} days"
    return Derived(f"two_way_{span.suffix}", received + answered, described, "contacts", "contact", fill=0.0)


CONTACTS = Events(
    "interactions",
    columns=(
        pl.when(IN).then("occurred_at").alias("received"),
        pl.when(OUT).then("occurred_at").alias("sent"),
        pl.when(IN).then(GROWN).alias("received_grown"),
        days_between(previous(pl.col("occurred_at")), pl.col("occurred_at")).alias("gap"),
        pl.col("channel").alias("channels"),
    ),
    measures=(
        measure("received", "count", "contacts from the customer", "contacts", RECENT),
        measure("sent", "count", "messages to the customer", "contacts", RECENT),
        measure("gap", "mean", "mean time between contacts, in either direction", "days"),
        measure("gap", "std", "spread of the times between contacts", "days"),
        measure("channels", "n_unique", "channels used", "channels", YEAR),
        hidden("received", "count", "contacts from the customer", "contacts", windows(60)),
        hidden("occurred_at", "min", "first contact", "time"),
        hidden("received", "max", "latest contact from the customer", "time"),
        hidden("sent", "max", "latest message", "time"),
        hidden("received_grown", "sum", "weights of contacts from the customer", "weights"),
    ),
)

MESSAGES = Events(
    "interactions",
    state=True,
    where=OUT,
    columns=(
        ROW.alias("row"),
        ANSWERED.alias("answered"),
        pl.when(pl.col("campaign").is_not_null()).then(ANSWERED).alias("campaign_answered"),
        pl.when(ANSWERED).then(ROW).alias("answered_row"),
    ),
    measures=(
        measure("answered", "mean", "share of messages that were answered", "share", (*windows(90), *YEAR)),
        measure("campaign_answered", "mean", "share of messages of campaigns that were answered", "share", YEAR),
        hidden("row", "first", "row of the first message", "rows"),
        hidden("row", "last", "row of the latest message", "rows"),
        hidden("answered_row", "last", "row of the latest message that was answered", "rows"),
    ),
)

ANSWERS = Events(
    "interactions",
    state=True,
    time="responded_at",
    where=OUT,
    columns=(
        pl.col("responded_at").alias("answers"),
        (0.5 ** (pl.col("age_days") / HALF_LIFE_DAYS)).alias("answers_faded"),
    ),
    measures=(
        hidden("answers", "count", "answers to messages", "contacts", TWO_WAY_SPANS),
        hidden("answers", "max", "latest answer to a message", "time"),
        hidden("answers_faded", "sum", "weights of answers to messages", "weights"),
    ),
)


def since(name: str, instant: pl.Expr, what: str) -> Derived:
    """Days from an instant to the cutoff."""
    return Derived(name, days_between(instant, pl.col("cutoff_at")), f"days since the {what}", "days", "contact")


reason = partial(Reason.of, "contact")


FAMILY = Family(
    name="ties",
    description="Contact in both directions: how often, how recently, how evenly, what was answered.",
    events=(CONTACTS, MESSAGES, ANSWERS),
    derived=(
        since("tenure_days", pl.col("ties__occurred_at_min_lifetime"), "first contact"),
        since("sent_days", pl.col("ties__sent_max_lifetime"), "latest message"),
        since("two_way_days", TWO_WAY_AT, "latest two-way contact"),
        *(two_way(span) for span in TWO_WAY_SPANS),
        Derived(
            "two_way_faded",
            pl.col("ties__received_grown_sum_lifetime") / GROWN_AT_CUTOFF + pl.col("ties__answers_faded_sum_lifetime"),
            f"two-way contacts, each counting half as much for every {HALF_LIFE_DAYS} days since",
            "contacts",
            "contact",
            fill=0.0,
        ),
        balance("90"),
        balance("365"),
        Derived(
            "unanswered_run",
            pl.col("ties__row_last_lifetime")
            - pl.coalesce("ties__answered_row_last_lifetime", pl.col("ties__row_first_lifetime") - 1),
            "messages since the latest one that was answered",
            "contacts",
            "contact",
            fill=0.0,
        ),
    ),
    reasons=(
        reason(
            (TWO_WAY_DAYS >= SILENT_DAYS) & (RUN >= UNANSWERED_RUN) & EVER_ANSWERED,
            "No two-way contact for {}; none of our last {} was answered",
            lasting(TWO_WAY_DAYS),
            plural(RUN, "message", "messages"),
        ),
        reason(TWO_WAY_DAYS >= SILENT_DAYS, "No two-way contact for {}", lasting(TWO_WAY_DAYS)),
        # Where a source lacks the times of answers, nobody ever answered: then only what is on record can be said.
        reason(
            (RUN >= UNANSWERED_RUN) & EVER_ANSWERED,
            "None of our last {} was answered",
            plural(RUN, "message", "messages"),
        ),
        reason(RUN >= UNANSWERED_RUN, "No answer on record to any of our {}", plural(RUN, "message", "messages")),
        reason(SENT_DAYS >= NEGLECTED_DAYS, "No message from us for {}", lasting(SENT_DAYS)),
        reason(SENT + RECEIVED == 0, "No contact with us on record"),
    ),
)
