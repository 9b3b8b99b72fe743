"""Which share of the value at risk acting saves: measured where enough customers were withheld, else assumed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from configs.settings import Settings
from features.labels import labels
from features.time import Cutoff
from pipelines.build import Tables
from pipelines.outreach.control import CONTROL, TREAT
from pipelines.outreach.wording import money, percent

UPLIFT = "uplift"
LEAST = 0.01  # a list that a bad measurement empties could never be measured again


@dataclass(frozen=True)
class SaveRate:
    """A share of the value at risk, and whether it was "measured" or "assumed"; "uplift": a model says it instead."""

    share: float
    source: str

    def in_words(self, action_cost: float, currency: str) -> str:
        """What an expected gain rests on, e.g. "20% of the value at risk saved (assumed), less €2.00 for acting"."""
        saved = f"{percent(self.share)} of the value at risk saved ({self.source})"
        if self.source == UPLIFT:
            saved = "what acting brought for customers alike, learned from the controls"
        return f"{saved}, less {money(action_cost, currency)} for acting" if action_cost else saved


def save_rate(assignments: pl.DataFrame, buckets: Iterable[Tables], cutoff: Cutoff, settings: Settings) -> SaveRate:
    """The share of the leaving that acting kept from leaving, among all first listed so long ago that it is known.

    1 - share of leavers among those acted on / among the controls, at least 0.01, by intention to treat. Measured from
    `outreach.measured_from` customers of each arm on whose horizons ended before `cutoff`, and where a control left;
    else the configured one. `buckets` hold transactions, and contracts and costs where there are any.
    """
    assumed, needed = settings.outreach.save_rate, settings.outreach.measured_from
    over = pl.col("first_listed") + timedelta(days=settings.observation_days) <= cutoff.day
    ended = assignments.filter(over).select("customer_id", "arm", cutoff="first_listed")
    counts = dict(ended["arm"].value_counts().rows())
    if min(counts.get(TREAT, 0), counts.get(CONTROL, 0)) < needed:
        return SaveRate(assumed, "assumed")
    cutoffs = [Cutoff(day, cutoff.zone) for day in ended["cutoff"].unique().sort()]
    left = {TREAT: 0, CONTROL: 0}
    for tables in buckets:
        known = {name: rows.join(ended, on="customer_id", how="semi") for name, rows in tables.items()}
        here = ended.join(tables["customers"], on="customer_id", how="semi")
        found = labels(known, here.drop("arm"), cutoffs, settings.churn, settings.clv_horizon_days)
        churned = here.join(found, on=["customer_id", "cutoff"]).filter(pl.col("churned") == 1)
        for arm, customers in churned["arm"].value_counts().rows():
            left[arm] += customers
    if not left[CONTROL]:
        return SaveRate(assumed, "assumed")
    kept = 1 - (left[TREAT] / counts[TREAT]) / (left[CONTROL] / counts[CONTROL])
    return SaveRate(round(max(kept, LEAST), 4), "measured")
