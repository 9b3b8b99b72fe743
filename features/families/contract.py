"""Contracts: what runs, when it renews, what it costs a month, and what the newest term changed.

A row is one term. When a contract renews, a source may end the term and write a new one, write the new one and leave
the old one open, or keep one row and move its `renews_on`. So a term runs while it is neither ended nor past its
renewal day; past that day it runs on only while it is the customer's newest (the latest to begin), for otherwise a
newer one took its place. What the newest term changed, it changed against the term that began before it.
"""

import polars as pl

from features.family import Derived, Events, Family, Feature, Op, Reason, ago, money, number, previous
from features.time import days_between

RENEWS_SOON_DAYS, LATELY_DAYS = 60, 180  # worth saying up to here
LONGEST_PASSED_DAYS = 365

CUTOFF, RENEWS_ON, FEE, PLAN = pl.col("cutoff_at"), pl.col("renews_on"), pl.col("monthly_fee"), pl.col("plan")
OPEN = pl.col("ended_on").is_null()
PASSED = OPEN & (RENEWS_ON < CUTOFF).fill_null(False)
AHEAD = OPEN & ~PASSED
CHANGE = (FEE - previous(FEE)).fill_null(0)
MOVED = (PLAN != previous(PLAN)).fill_null(False)

NEWEST_PASSED = pl.col("contract__passed_last_lifetime").fill_null(0) == 1
TERMS, RUNNING = pl.col("contract__terms_count_lifetime"), pl.col("contract__running")
TERM_DAYS, ENDED_DAYS = pl.col("contract__term_days_min_lifetime"), pl.col("contract__ended_days_min_lifetime")
RENEWAL_DAYS = pl.col("contract__renewal_days").floor()
FEE_BEFORE = pl.col("contract__fee_before_last_lifetime")
FEE_CHANGE = pl.col("contract__fee_change_last_lifetime")
THE_CONTRACT = pl.when(RUNNING == 1).then(pl.lit("The contract")).otherwise(pl.lit("A contract"))
ONE_CHANGED_LATELY = (RUNNING == 1) & (TERM_DAYS <= LATELY_DAYS)


def measure(name: str, op: Op, description: str, unit: str, internal: bool = False) -> Feature:
    """A measure over the column of its name."""
    return Feature(name, pl.col(name), op, description, unit, "contract", internal=internal)


def ahead(days: pl.Expr) -> pl.Expr:
    """In how many days, by the calendar."""
    later = pl.format("in {} days", number(days))
    return pl.when(days == 0).then(pl.lit("today")).when(days == 1).then(pl.lit("tomorrow")).otherwise(later)


TERMS_BEGUN = Events(
    "contracts",
    state=True,
    columns=(
        AHEAD.alias("ahead"),
        PASSED.cast(pl.Int64).alias("passed"),
        pl.when(AHEAD).then(FEE).alias("ahead_fee"),
        pl.when(PASSED).then(FEE.fill_null(0)).otherwise(0).alias("passed_fee"),
        pl.when(AHEAD).then("age_days").alias("ahead_age"),
        pl.when(AHEAD).then(days_between(CUTOFF, RENEWS_ON)).alias("renewal_in"),
        pl.when(PASSED).then(days_between(RENEWS_ON, CUTOFF)).alias("passed_days"),
        days_between(pl.col("ended_on"), CUTOFF).alias("ended_days"),
        pl.col("age_days").alias("term_days"),
        # Zero where nothing is known, so that the last one is that of the newest term.
        previous(FEE).fill_null(0).alias("fee_before"),
        CHANGE.alias("fee_change"),
        MOVED.cast(pl.Int64).alias("plan_changed"),
        pl.when(MOVED).then(CHANGE.sign()).otherwise(0).alias("plan_move"),
    ),
    measures=(
        Feature("terms", pl.col("contract_id"), "count", "terms begun so far", "terms", "contract"),
        Feature("ended", pl.col("ended_on"), "count", "terms ended so far", "terms", "contract"),
        Feature("tenure_days", pl.col("age_days"), "max", "days since the first term began", "days", "contract"),
        measure("term_days", "min", "days since the newest term began", "days"),
        measure("ended_days", "min", "days since a term last ended", "days"),
        measure("fee_before", "last", "fee of the term before the newest; 0: none, or unknown", "amount"),
        measure("fee_change", "last", "fee of the newest term less that of the one before; 0: unknown", "amount"),
        Feature("plans", PLAN, "n_unique", "different plans so far", "plans", "contract"),
        measure("plan_changed", "last", "1 where the newest term has another plan than the one before", "flag"),
        measure(
            "plan_move", "last", "plan of the newest term: dearer 1, cheaper -1 than the one before, else 0", "flag"
        ),
        measure("ahead", "sum", "open terms not past their renewal day", "terms", internal=True),
        measure("passed", "last", "whether the newest term is open and past its renewal day", "flag", internal=True),
        measure("ahead_fee", "sum", "fees of the terms not past their renewal day", "amount", internal=True),
        measure("passed_fee", "last", "fee of the newest term where past its renewal day", "amount", internal=True),
        measure("ahead_age", "max", "age of the oldest term not past its renewal day", "days", internal=True),
        measure("renewal_in", "min", "days to the next renewal day", "days", internal=True),
        measure("passed_days", "last", "days since the newest term's renewal day", "days", internal=True),
    ),
)

FAMILY = Family(
    name="contract",
    description="Contracts as they stood: running terms, their renewal, age and fee, and changes of fee and plan.",
    events=(TERMS_BEGUN,),
    derived=(
        Derived(
            "running",
            pl.col("contract__ahead_sum_lifetime") + NEWEST_PASSED,
            "terms running",
            "terms",
            "contract",
            fill=0.0,
        ),
        Derived(
            "renewal_days",
            pl.coalesce(
                "contract__renewal_in_min_lifetime",
                pl.when(NEWEST_PASSED).then(
                    -pl.col("contract__passed_days_last_lifetime").clip(0, LONGEST_PASSED_DAYS)
                ),
            ),
            "days to the next renewal of a running term; where none lies ahead and the newest term is past its own, "
            f"minus the days since, at least -{LONGEST_PASSED_DAYS}",
            "days",
            "contract",
        ),
        Derived(
            "running_days",
            pl.max_horizontal("contract__ahead_age_max_lifetime", pl.when(NEWEST_PASSED).then(TERM_DAYS)),
            "age of the oldest running term",
            "days",
            "contract",
        ),
        Derived(
            "monthly_fee",
            pl.col("contract__ahead_fee_sum_lifetime") + pl.col("contract__passed_fee_last_lifetime").fill_null(0),
            "monthly fees of the running terms, as far as known",
            "amount",
            "contract",
            fill=0.0,
        ),
        Derived(
            "fee_change_share",
            FEE_CHANGE / FEE_BEFORE,
            "fee of the newest term less that of the one before, as a share of that",
            "share",
            "contract",
        ),
    ),
    reasons=(
        Reason(
            "contract",
            (RUNNING == 0) & (ENDED_DAYS <= 365),
            pl.format("The last contract ended {}", ago(ENDED_DAYS)),
        ),
        Reason(
            "contract",
            (RENEWAL_DAYS >= 0) & (RENEWAL_DAYS <= RENEWS_SOON_DAYS),
            pl.format("{} renews {}", THE_CONTRACT, ahead(RENEWAL_DAYS)),
        ),
        Reason(
            "contract",
            ONE_CHANGED_LATELY & (pl.col("contract__plan_move_last_lifetime") == -1),
            pl.format("Moved to a cheaper plan {}", ago(TERM_DAYS)),
        ),
        Reason(
            "contract",
            ONE_CHANGED_LATELY
            & (FEE_BEFORE >= 1)
            & (number(FEE_BEFORE) != number(FEE_BEFORE + FEE_CHANGE))
            & (FEE_CHANGE > 0),
            pl.format(
                "The monthly fee rose from {} to {} with the term that began {}",
                money(FEE_BEFORE),
                money(FEE_BEFORE + FEE_CHANGE),
                ago(TERM_DAYS),
            ),
        ),
        Reason(
            "contract",
            (RENEWAL_DAYS < 0) & (RENEWAL_DAYS >= -LATELY_DAYS),
            pl.format(
                "{} passed its renewal day {}; no new term is on record",
                THE_CONTRACT,
                ago(-pl.col("contract__renewal_days")),
            ),
        ),
        Reason("contract", TERMS == 0, pl.lit("Never had a contract")),
    ),
)
