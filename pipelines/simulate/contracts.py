"""Service contracts: they run from the day of signing up and renew themselves until a departed customer ends them."""

from datetime import date, timedelta

import polars as pl

from pipelines.simulate import parameters as p
from pipelines.simulate.population import People


def contract_terms(people: People, ids: pl.Series, ends: pl.DataFrame, first_day: date, until: date) -> pl.DataFrame:
    """One row a term begun before `until`: customer_id, time (its start), renews_on, ended_on, monthly_fee, plan.

    A contract that renews is an ended row and a new one that starts on the same day. `ends` has customer_id and `ended`
    (Date) of the contracts that customers ended before `until`; an `ended_on` at or after `until` is null. All days are
    Date, fees are currency (Float64).
    """
    plans = pl.DataFrame({"plan": list(p.PLANS), "monthly_fee": list(p.PLANS.values())}).with_columns(
        pl.int_range(pl.len()).alias("number")
    )
    term, last_day = pl.duration(days=p.TERM_DAYS), pl.coalesce("ended", pl.lit(until))
    terms = ((last_day - pl.col("signed_up_on")).dt.total_days() - 1) // p.TERM_DAYS + 1
    ended_on = pl.min_horizontal("renews_on", "ended")
    return (
        pl.DataFrame(
            {
                "customer_id": ids,
                "signed_up_on": [first_day + timedelta(days=int(day)) for day in people.joined],
                "number": people.plan,
            }
        )
        .join(plans, on="number", how="inner")
        .join(ends, on="customer_id", how="left", validate="1:1")
        .with_columns(pl.int_ranges(0, terms.clip(lower_bound=1)).alias("term"))
        .explode("term")
        .with_columns((pl.col("signed_up_on") + pl.col("term") * term).alias("time"))
        .with_columns((pl.col("time") + term).alias("renews_on"))
        .with_columns(pl.when(ended_on < pl.lit(until)).then(ended_on).alias("ended_on"))
    )
