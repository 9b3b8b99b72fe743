"""What became of customers since they signed up: whether they are still there, period by period, and for how long.

A period is as long as the churn horizon. Inactivity: a customer is there in a period with a purchase in it, and has
left once so many days have passed after a purchase, or after signing up, without another one. Contract: there is who
has a running contract at the end of the period; left is who ended one that no other outlasts (see features.labels).
Only customers who signed up since the log began are looked at: of earlier ones the first purchases are not known, and
those who left before it may not be in it at all.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from configs.modelling import Churn
from features.labels import final_ends
from features.service import known_rows
from features.time import Month, local_day

Tables = Mapping[str, pl.DataFrame]


def signed_up(tables: Tables, month: Month, churn: Churn, since: date) -> pl.LazyFrame:
    """customer_id and `signed_up` (Date) of those who signed up from `since` on and before the end of `month`.

    The day of `customers`; where that is not known, and for contracts, the day of the first purchase or contract.
    """
    zone, contractual = month.cutoff.zone, churn.definition == "contract"
    name, time = ("contracts", "started_on") if contractual else ("transactions", "occurred_at")
    first = known_rows(tables, name, month)
    first = first if contractual else first.filter(pl.col("amount") > 0)
    first = first.group_by("customer_id").agg(first=local_day(pl.col(time).min(), zone))
    people = tables["customers"].lazy().group_by("customer_id").agg(said=local_day(pl.col("signed_up_on").min(), zone))
    both = people.join(first, on="customer_id", how="right" if contractual else "full", coalesce=True)
    day = pl.col("first") if contractual else pl.coalesce("said", "first")
    found = both.select("customer_id", signed_up=day)
    return found.filter((pl.col("signed_up") >= since) & (pl.col("signed_up") < month.cutoff.day))


def by_cohort(tables: Tables, people: pl.LazyFrame, month: Month, churn: Churn, periods: int) -> pl.DataFrame:
    """Customers by quarter of signing up and period since, only periods that were over by the end of `month`.

    Columns: cohort ("2025-Q1"), period (from 0), customers, there (how many were), there_before (how many were in the
    period before), left (how many of those were not in this one). `people`: of `signed_up`.
    """
    over = (pl.lit(month.cutoff.day) - pl.col("signed_up")).dt.total_days() // churn.horizon_days
    rows = people.with_columns(period=pl.int_ranges(0, over.clip(upper_bound=periods))).explode("period")
    rows = rows.drop_nulls("period")
    there = _running if churn.definition == "contract" else _buying
    found = rows.join(there(tables, rows, month, churn), on=["customer_id", "period"], how="left")
    found = found.with_columns(pl.col("there").fill_null(False)).sort("customer_id", "period")
    found = found.with_columns(before=pl.col("there").shift(1).over("customer_id").fill_null(False))
    day = pl.col("signed_up")
    cohort = pl.format("{}-Q{}", day.dt.year(), day.dt.quarter())
    return (
        found.group_by(cohort.alias("cohort"), "period")
        .agg(
            customers=pl.len().cast(pl.Int64),
            there=pl.col("there").sum().cast(pl.Int64),
            there_before=pl.col("before").sum().cast(pl.Int64),
            left=(pl.col("before") & ~pl.col("there")).sum().cast(pl.Int64),
        )
        .collect()
    )


def _buying(tables: Tables, rows: pl.LazyFrame, month: Month, churn: Churn) -> pl.LazyFrame:
    """customer_id and period of whoever bought in it, with `there` true."""
    people = rows.select("customer_id", "signed_up").unique()
    bought = _purchase_days(tables, month).join(people, on="customer_id")
    period = (pl.col("day") - pl.col("signed_up")).dt.total_days() // churn.horizon_days
    return bought.select("customer_id", period=period).unique().with_columns(there=True)


def _running(tables: Tables, rows: pl.LazyFrame, month: Month, churn: Churn) -> pl.LazyFrame:
    """customer_id and period of whoever had a running contract at its end, with `there` true."""
    ends = pl.col("signed_up") + pl.duration(days=(pl.col("period") + 1) * churn.horizon_days)
    began, ended = (local_day(pl.col(name), month.cutoff.zone) for name in ("started_on", "ended_on"))
    contracts = known_rows(tables, "contracts", month).select("customer_id", began=began, ended=ended)
    pairs = rows.select("customer_id", "period", at=ends).join(contracts, on="customer_id")
    running = (pl.col("began") < pl.col("at")) & (pl.col("ended") >= pl.col("at")).fill_null(True)
    return pairs.filter(running).select("customer_id", "period").unique().with_columns(there=True)


def stays(tables: Tables, people: pl.LazyFrame, month: Month, churn: Churn) -> pl.DataFrame:
    """A row a customer of `people`: days (Int64) from signing up until they left for the first time, or, where `left`
    is false, until the end of `month`. With inactivity they leave on the day on which the horizon has passed."""
    leave = _ends if churn.definition == "contract" else _silences
    first = leave(tables, people, month, churn).group_by("customer_id").agg(pl.col("left_on").min())
    found = people.join(first, on="customer_id", how="left")
    days = (pl.coalesce("left_on", pl.lit(month.cutoff.day)) - pl.col("signed_up")).dt.total_days()
    return found.select(days=days, left=pl.col("left_on").is_not_null()).collect()


def _silences(tables: Tables, people: pl.LazyFrame, month: Month, churn: Churn) -> pl.LazyFrame:
    """customer_id and left_on (Date): each time that the horizon passed without a purchase, and was over."""
    bought = _purchase_days(tables, month).join(people.select("customer_id"), on="customer_id", how="semi")
    days = pl.concat([people.select("customer_id", day="signed_up"), bought]).unique().sort("customer_id", "day")
    until = pl.col("day").shift(-1).over("customer_id").fill_null(month.cutoff.day)
    silent = (until - pl.col("day")).dt.total_days() > churn.horizon_days
    return days.filter(silent).select("customer_id", left_on=pl.col("day") + pl.duration(days=churn.horizon_days))


def _ends(tables: Tables, people: pl.LazyFrame, month: Month, churn: Churn) -> pl.LazyFrame:
    """customer_id and left_on (Date): each end of a contract that no other outlasts, begun within the days of grace."""
    contracts = known_rows(tables, "contracts", month)
    ended = contracts.filter(pl.col("ended_on").is_not_null())
    final = final_ends(contracts, ended, month.cutoff.zone, churn.grace_days)
    day = local_day(pl.col("at"), month.cutoff.zone)
    over = day + timedelta(days=churn.grace_days) < month.cutoff.day
    return final.filter(over).select("customer_id", left_on=day)


def _purchase_days(tables: Tables, month: Month) -> pl.LazyFrame:
    purchases = known_rows(tables, "transactions", month).filter(pl.col("amount") > 0)
    return purchases.select("customer_id", day=local_day(pl.col("occurred_at"), month.cutoff.zone)).unique()
