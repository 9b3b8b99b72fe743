"""How many of the leaving acting keeps: measured where enough customers were withheld, else assumed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from configs.settings import Settings
from features.time import Cutoff
from models.effect import CONTROL, TREAT, kept_at_even_odds
from pipelines.build import Tables
from pipelines.effect import became_of
from pipelines.outreach.wording import money, percent

UPLIFT = "uplift"
LEAST, MOST = 0.01, 0.9  # a list that a bad measurement empties could never be measured again


@dataclass(frozen=True)
class SaveRate:
    """The share that acting keeps of the leaving where half would leave (`policy.saved_share`).

    `source`: whether it was "measured" or "assumed"; "uplift": a model says instead what acting brings.
    """

    share: float
    source: str

    def in_words(self, action_cost: float, currency: str) -> str:
        """What an expected gain rests on, cost of the action included where there is one."""
        share = percent(self.share)
        saved = f"at a 50% chance of leaving, acting keeps {share} of who would leave ({self.source}); above, fewer"
        if self.source == UPLIFT:
            saved = "what acting brought for customers alike, learned from earlier lists"
        return f"{saved}; {money(action_cost, currency)} for acting taken off" if action_cost else saved


def save_rate(assignments: pl.DataFrame, buckets: Iterable[Tables], cutoff: Cutoff, settings: Settings) -> SaveRate:
    """The share kept from leaving by acting, at even odds, among all first listed so long ago that it is known.

    By intention to treat (`kept_at_even_odds`), held within 0.01 and 0.9. Measured from `outreach.measured_from`
    customers of each arm on whose horizons ended before `cutoff`, and where a control left; else the configured one.
    `buckets` hold transactions, and contracts and costs where there are any.
    """
    assumed, needed = settings.outreach.save_rate, settings.outreach.measured_from
    over = pl.col("first_listed") + timedelta(days=settings.observation_days) <= cutoff.day
    ended = assignments.filter(over).select("customer_id", "arm", "season", "stratum", cutoff="first_listed")
    counts = dict(ended["arm"].value_counts().rows())
    if min(counts.get(TREAT, 0), counts.get(CONTROL, 0)) < needed:
        return SaveRate(assumed, "assumed")
    cutoffs = [Cutoff(day, cutoff.zone) for day in ended["cutoff"].unique().sort()]
    became = pl.concat([became_of(settings, tables, ended, cutoffs, cutoff, None) for tables in buckets])
    if became.filter(pl.col("arm") == CONTROL, pl.col("retained") == 0).is_empty():
        return SaveRate(assumed, "assumed")
    kept = kept_at_even_odds(became)
    return SaveRate(round(min(max(kept, LEAST), MOST), 4), "measured")
