"""Loyalty: membership of the programme, points earned, spent and left, tiers, and friends brought along.

A member is who has an event of the programme other than a referral, which anybody can make; membership begins with the
first of them. Points are earned by `earn` and spent by `redeem`, whose points may be written with either sign; those
of other events are not counted, since sources use them for totals too. A change of tier is a `tier` event that does
not name the tier of the one before; whether it leads up or down cannot be told from its name.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature, Op, Reason, lasting, plural, previous
from features.time import LIFETIME, Window, days_between, windows

SILENT_DAYS, UNSPENT_DAYS = 90, 180  # worth saying from here on

WHEN, KIND, POINTS = pl.col("occurred_at"), pl.col("kind"), pl.col("points")
YEAR = (*windows(365), LIFETIME)

ENROLLED, MEMBER_DAYS = pl.col("loyalty__enrolled") == 1, pl.col("loyalty__member_days")
EARNED_DAYS, REDEEMED_DAYS = pl.col("loyalty__earned_days"), pl.col("loyalty__redeemed_days")
BALANCE = pl.col("loyalty__balance")
LEFT = plural(BALANCE.floor(), "loyalty point", "loyalty points")


def measure(name: str, op: Op, description: str, unit: str, *spans: Window, internal: bool = False) -> Feature:
    """A measure over the column of its name."""
    return Feature(name, pl.col(name), op, description, unit, "loyalty", spans or (LIFETIME,), internal)


def since(name: str, measured: str, what: str) -> Derived:
    """Days from a measured instant to the cutoff."""
    instant = pl.col(f"loyalty__{measured}_lifetime")
    return Derived(name, days_between(instant, pl.col("cutoff_at")), f"days since {what}", "days", "loyalty")


EVENTS = Events(
    "loyalty",
    columns=(
        pl.when(KIND != "referral").then(WHEN).alias("member_at"),
        pl.when(KIND == "earn").then(POINTS).alias("earned"),
        pl.when(KIND == "redeem").then(POINTS.abs()).alias("redeemed"),
        # A correction, with points taken away, is no earning.
        pl.when((KIND == "earn") & (POINTS > 0).fill_null(True)).then(WHEN).alias("earn_at"),
        pl.when(KIND == "redeem").then(WHEN).alias("redeem_at"),
        pl.when(KIND == "referral").then(WHEN).alias("referral_at"),
    ),
    measures=(
        measure("earned", "sum", "points earned", "points", *windows(90, 365)),
        measure("redeemed", "sum", "points spent", "points", *windows(365)),
        Feature("referrals", pl.col("referral_at"), "count", "customers referred", "referrals", "loyalty", YEAR),
        measure("earned", "sum", "points earned", "points", internal=True),
        measure("redeemed", "sum", "points spent", "points", internal=True),
        measure("member_at", "min", "start of membership", "time", internal=True),
        measure("earn_at", "max", "latest earning", "time", internal=True),
        measure("redeem_at", "max", "latest spending", "time", internal=True),
    ),
)

TIERS = Events(
    "loyalty",
    where=KIND == "tier",
    columns=(pl.when(pl.col("tier").eq(previous(pl.col("tier"))).fill_null(False).not_()).then(WHEN).alias("tier_at"),),
    measures=(
        Feature("tier_changes", pl.col("tier_at"), "count", "changes of tier", "changes", "loyalty", YEAR),
        measure("tier_at", "max", "latest change of tier", "time", internal=True),
    ),
)

FAMILY = Family(
    name="loyalty",
    description="Membership of the loyalty programme: points earned, spent and left, tiers, referrals.",
    events=(EVENTS, TIERS),
    derived=(
        since("member_days", "member_at_min", "joining the programme"),
        Derived(
            "enrolled",
            pl.col("loyalty__member_days").is_not_null(),
            "1 for a member of the programme, 0 for others",
            "flag",
            "loyalty",
        ),
        Derived(
            "balance",
            pl.col("loyalty__earned_sum_lifetime") - pl.col("loyalty__redeemed_sum_lifetime"),
            "points earned less points spent",
            "points",
            "loyalty",
            fill=0.0,
        ),
        since("earned_days", "earn_at_max", "points were last earned"),
        since("redeemed_days", "redeem_at_max", "points were last spent"),
        since("tier_changed_days", "tier_at_max", "the latest change of tier"),
    ),
    reasons=(
        # First, since who orders nothing earns nothing: that is said of the orders already.
        Reason(
            "loyalty",
            (BALANCE >= 1) & (REDEEMED_DAYS >= UNSPENT_DAYS),
            pl.format("{} left, none spent for {}", LEFT, lasting(REDEEMED_DAYS)),
        ),
        Reason(
            "loyalty",
            (BALANCE >= 1) & REDEEMED_DAYS.is_null() & (MEMBER_DAYS >= UNSPENT_DAYS),
            pl.format("{} left, none ever spent", LEFT),
        ),
        Reason(
            "loyalty", EARNED_DAYS >= SILENT_DAYS, pl.format("No loyalty points earned for {}", lasting(EARNED_DAYS))
        ),
        Reason(
            "loyalty",
            EARNED_DAYS.is_null() & (MEMBER_DAYS >= SILENT_DAYS),
            pl.format("No loyalty points earned in {} of membership", lasting(MEMBER_DAYS)),
        ),
        Reason("loyalty", ~ENROLLED, pl.lit("Never joined the loyalty programme")),
    ),
)
