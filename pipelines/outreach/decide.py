"""Every scored customer is listed, withheld as a control, or left alone, with the one code that says why."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from configs.errors import PublishError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.build import open_store, tables_by_bucket
from pipelines.outreach.act_by import FEATURES_READ, act_by
from pipelines.outreach.candidates import candidates, facts_of
from pipelines.outreach.control import ASSIGNMENTS, CONTROL, KEY, season_of, updated, with_arms
from pipelines.outreach.history import ASSIGNMENTS_FILE, Published, published_before, published_on
from pipelines.outreach.leave_alone import LAST_YEAR, last_year
from pipelines.outreach.policy import LEFT_ALONE, LISTED, WITHHELD, expected_gain, places
from pipelines.outreach.save_rate import UPLIFT, SaveRate, save_rate
from pipelines.progress import Log
from pipelines.score import FEATURES_FILE, SCORES_FILE
from pipelines.uplift import gain_tonight

NEW_ITEM, OPEN_ITEM = "new_item", "open_item"
DECISIONS = [
    *("customer_id", "cutoff", "decision", "code", "arm", "would_list", "season", "stratum", "item_opened"),
    *("act_by", "act_by_why", "churn_probability", "predicted_clv", "value_if_retained", "value_at_risk"),
    *("expected_gain", "account_manager"),
]


@dataclass(frozen=True)
class Decided:
    """One night's decisions, and what they rest on.

    `decisions`: one row a scored customer, sorted by customer_id, with `DECISIONS` and the columns of `candidates`.
    `assignments`: the arms drawn so far, tonight's too. `facts`: of every customer of the store (`facts_of`), those
    `forgotten` among them, of whom nothing may be said. `earlier`: the publications before this day, oldest first.
    """

    scores: pl.DataFrame
    decisions: pl.DataFrame
    assignments: pl.DataFrame
    facts: pl.DataFrame
    earlier: list[Published]
    season: str
    save_rate: SaveRate

    @property
    def last(self) -> Published | None:
        """The publication before this day, if there is one."""
        return self.earlier[-1] if self.earlier else None

    def counts(self) -> dict[str, Any]:
        """Customers scored, listed and withheld, and those left alone by code."""
        by_decision = Counter(self.decisions["decision"])
        alone = Counter(self.decisions.filter(pl.col("decision") == LEFT_ALONE)["code"])
        return {
            "scored": self.scores.height,
            LISTED: by_decision[LISTED],
            WITHHELD: by_decision[WITHHELD],
            LEFT_ALONE: dict(sorted(alone.items())),
        }


def decide(settings: Settings, cutoff: Cutoff, scored: Path, log: Log) -> Decided:
    """Decide on every customer of the scored folder, from the store and the publications of the days before.

    Objections are looked up anew: who refused profiling or was erased since the scoring is dropped altogether.
    Raises PublishError unless the decisions add up to the scores.
    """
    store, outreach, published = open_store(settings, cutoff), settings.outreach, settings.root / "published"
    facts = facts_of(store, cutoff, settings)
    forgotten = facts.filter("forgotten").select("customer_id")
    everybody = pl.read_parquet(scored / SCORES_FILE)
    scores = everybody.join(forgotten, on="customer_id", how="anti", maintain_order="left")
    if dropped := everybody.height - scores.height:
        log(f"{dropped:,} customers refused profiling or were erased since the scoring: dropped")

    earlier = published_before(published, cutoff.day)
    last = earlier[-1] if earlier else None
    assignments = _drawn(last, published_on(published, cutoff.day)).join(forgotten, on="customer_id", how="anti")
    history = tables_by_bucket(store, only=["customers", "transactions", "contracts", "costs"])
    rate = save_rate(assignments, history, cutoff, settings)
    uplift = gain_tonight(settings, cutoff, scored / FEATURES_FILE, log)

    features = pl.scan_parquet(scored / FEATURES_FILE)
    wanted = ("customer_id", *FEATURES_READ, *LAST_YEAR.values())
    known = features.select(name for name in features.collect_schema() if name in wanted).collect()
    hopeful = candidates(scores, facts, last, assignments, cutoff, settings)
    hopeful = hopeful.join(last_year(known), on="customer_id", how="left", validate="1:1")
    if uplift is None:
        hopeful = hopeful.with_columns(expected_gain=expected_gain(rate.share, outreach))
    else:
        rate = replace(rate, source=UPLIFT)
        hopeful = hopeful.join(uplift, on="customer_id", how="left")
    ranked = places(hopeful, outreach, settings.lists, cutoff.day)
    season = season_of(cutoff.day, outreach.season)
    armed = with_arms(ranked.filter("would_list"), assignments, season, outreach.control_share)
    armed_known = armed.join(known, on="customer_id", how="left", maintain_order="left")
    armed = armed.with_columns(act_by(armed_known, cutoff.day, outreach))
    found = Decided(
        scores,
        _decisions(ranked, armed, season),
        updated(assignments, armed, cutoff.day),
        facts,
        earlier,
        season,
        rate,
    )
    _refuse_uncounted(found)
    log(_in_words(found))
    return found


def _drawn(last: Published | None, again: list[Published]) -> pl.DataFrame:
    """The arms drawn up to the last publication, and those that an earlier run of this day drew.

    Of that run's lists nothing else counts, but they have been seen: a customer on them cannot become a control.
    """
    drawn = [pl.DataFrame(schema=ASSIGNMENTS)]
    drawn += [] if last is None else [last.read(ASSIGNMENTS_FILE, ASSIGNMENTS)]
    drawn += [p.read(ASSIGNMENTS_FILE, ASSIGNMENTS).filter(pl.col("first_listed") == p.day) for p in again]
    return pl.concat(drawn).unique(KEY, keep="first", maintain_order=True)


def _decisions(ranked: pl.DataFrame, armed: pl.DataFrame, season: str) -> pl.DataFrame:
    """One row a customer of `ranked`, with the arm and deadline of those of `armed`, decision and code."""
    withheld = (pl.col("arm") == CONTROL).fill_null(False)
    listed, was_open = pl.col("would_list"), pl.col("was_open")
    decision = pl.when(withheld).then(pl.lit(WITHHELD)).when(listed).then(pl.lit(LISTED)).otherwise(pl.lit(LEFT_ALONE))
    item = pl.when(was_open).then(pl.lit(OPEN_ITEM)).otherwise(pl.lit(NEW_ITEM))
    drawn = armed.select("customer_id", "arm", "season", "stratum", "act_by", "act_by_why")
    joined = ranked.drop("act_by", "act_by_why").join(drawn, on="customer_id", how="left", validate="1:1")
    return joined.with_columns(
        pl.col("season").fill_null(season),
        decision=decision,
        code=pl.when(withheld).then(pl.lit(WITHHELD)).when(listed).then(item).otherwise("code"),
    ).sort("customer_id")


def _refuse_uncounted(found: Decided) -> None:
    ids, scored = found.decisions["customer_id"], found.scores["customer_id"].sort()
    uncoded = found.decisions.filter(pl.col("code").is_null())["customer_id"]
    if not ids.equals(scored) or ids.n_unique() < len(ids) or len(uncoded):
        raise PublishError(
            f"decisions: {len(ids):,} for {len(scored):,} customers scored, {len(uncoded):,} of them without a code "
            f"({', '.join(uncoded.head(3)) or 'no example'}). Run `holdfast score` again."
        )


def _in_words(found: Decided) -> str:
    counts = found.counts()
    alone = counts[LEFT_ALONE]
    listed, withheld = f"{counts[LISTED]:,} listed", f"{counts[WITHHELD]:,} withheld as controls"
    codes = ", ".join(f"{code} {customers:,}" for code, customers in alone.items()) or "nobody"
    return f"{counts['scored']:,} scored = {listed} + {withheld} + {sum(alone.values()):,} left alone ({codes})"
