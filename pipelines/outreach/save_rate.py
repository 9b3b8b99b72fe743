"""How many of the leaving acting keeps: measured where enough customers were withheld, else assumed."""

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
        saved = f"acting keeps {percent(self.share)} of the leaving where half would ({self.source}), fewer where more"
        if self.source == UPLIFT:
            saved = "what acting brought for customers alike, learned from the controls"
        return f"{saved}; {money(action_cost, currency)} for acting taken off" if action_cost else saved


def save_rate(assignments: pl.DataFrame, buckets: Iterable[Tables], cutoff: Cutoff, settings: Settings) -> SaveRate:
    """The share kept from leaving by acting, at even odds, among all first listed so long ago that it is known.

    By intention to treat, from the odds ratio of staying between the arms, strata and seasons each compared within
    itself (Mantel and Haenszel 1959, "Statistical Aspects of the Analysis of Data from Retrospective Studies of
    Disease"), held within 0.01 and 0.9. Measured from `outreach.measured_from` customers of each arm on whose horizons
    ended before `cutoff`, and where a control left; else the configured one. `buckets` hold transactions, and contracts
    and costs where there are any.
    """
    assumed, needed = settings.outreach.save_rate, settings.outreach.measured_from
    over = pl.col("first_listed") + timedelta(days=settings.observation_days) <= cutoff.day
    ended = assignments.filter(over).select("customer_id", "arm", "season", "stratum", cutoff="first_listed")
    counts = dict(ended["arm"].value_counts().rows())
    if min(counts.get(TREAT, 0), counts.get(CONTROL, 0)) < needed:
        return SaveRate(assumed, "assumed")
    cutoffs = [Cutoff(day, cutoff.zone) for day in ended["cutoff"].unique().sort()]
    parts = []
    for tables in buckets:
        known = {name: rows.join(ended, on="customer_id", how="semi") for name, rows in tables.items()}
        here = ended.join(tables["customers"], on="customer_id", how="semi")
        found = labels(known, here.select("customer_id", "cutoff"), cutoffs, settings.churn, settings.clv_horizon_days)
        parts.append(here.join(found, on=["customer_id", "cutoff"]))
    became = pl.concat(parts)
    if not became.filter(arm=CONTROL)["churned"].sum():
        return SaveRate(assumed, "assumed")
    kept = _kept_at_even_odds(became)
    return SaveRate(round(min(max(kept, LEAST), MOST), 4), "measured")


def _kept_at_even_odds(became: pl.DataFrame) -> float:
    """(odds ratio - 1) / (odds ratio + 1), which is what acting keeps of the leaving where half would leave."""

    def customers(arm: str, churned: int) -> pl.Expr:
        return ((pl.col("arm") == arm) & (pl.col("churned") == churned)).sum()

    kept = customers(CONTROL, 1) * customers(TREAT, 0) / pl.len()
    lost = customers(CONTROL, 0) * customers(TREAT, 1) / pl.len()
    cells = became.group_by("season", "stratum").agg(kept=kept, lost=lost)
    for_acting, against = (float(cells[name].sum()) for name in ("kept", "lost"))
    return (for_acting - against) / (for_acting + against) if for_acting + against else 0.0
