"""The risk list of the customers decided on: order, figures, reasons, and what changed since the last list."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from configs.outreach import Lists
from configs.playbook import load_playbook
from configs.settings import Settings
from features.time import INSTANT, MICROSECONDS_PER_DAY, Cutoff, local_day
from models.timing import further_columns
from pipelines.outreach.changes import changes, left
from pipelines.outreach.customers import CONTACT_COLUMNS
from pipelines.outreach.decide import Decided
from pipelines.outreach.explain import explainer
from pipelines.outreach.history import RISK_LIST_FILE, WHY_FILE, Published, probability_history
from pipelines.outreach.leave_alone import leave_alone
from pipelines.outreach.playbook import advice
from pipelines.outreach.policy import LISTED
from pipelines.score import FEATURES_FILE
from pipelines.storage import MANIFEST, read_json

LAST_LIST = {"customer_id": pl.String(), "account_manager": pl.String(), "churn_probability": pl.Float64()}
FIGURES = ["churn_probability", "predicted_clv", "value_if_retained", "value_at_risk", "expected_gain"]
# Account managers read these: nothing here may tell an arm.
LIST_COLUMNS = [
    *("rank", "customer_id", *CONTACT_COLUMNS, "risk_band", "cutoff", *FIGURES),
    *("act_by", "act_by_why", "item_opened", "last_purchase_on", "probability_history"),
]


@dataclass(frozen=True)
class Listing:
    """What is published of the decisions.

    `risk_list`: the listed, by account manager and rank. `why`: customer_id of the listed and what each group of
    reasons adds to the estimate (log-odds). `leave_alone`: who is too costly to call, with figures. `left`: who was
    on the last list and is no longer, and why.
    """

    risk_list: pl.DataFrame
    why: pl.DataFrame
    leave_alone: pl.DataFrame
    left: pl.DataFrame


def listing(settings: Settings, cutoff: Cutoff, scored: Path, decided: Decided) -> Listing:
    """What is published of `decided`; only the listed are explained."""
    decisions, last = decided.decisions, decided.last
    listed = ranked(decisions.filter(pl.col("decision") == LISTED), settings.lists)
    since = None if last is None else last.day
    last_list = pl.DataFrame(schema=LAST_LIST) if last is None else last.read(RISK_LIST_FILE, LAST_LIST)
    last_list = last_list.join(decided.facts.filter("forgotten"), on="customer_id", how="anti")

    looked_up = pl.concat([listed["customer_id"], last_list["customer_id"]]).unique()
    features = (
        pl.scan_parquet(scored / FEATURES_FILE).filter(pl.col("customer_id").is_in(looked_up.implode())).collect()
    )
    bought = _last_purchases(features, cutoff)
    history = probability_history(decided.earlier, listed, cutoff.day)
    for more in (bought, history):
        listed = listed.join(more, on="customer_id", how="left", maintain_order="left")

    features = listed.select("customer_id").join(features, on="customer_id", how="left", maintain_order="left")
    version = read_json(scored / MANIFEST)["model_version"]
    grouped, _, reasons = explainer(settings, cutoff, version).explain(features)
    why = pl.concat([listed.select("customer_id"), grouped], how="horizontal")
    mine = pl.col("account_manager") != settings.lists.unassigned_manager
    addressed = listed.with_columns(pl.when(mine).then("account_manager"))
    plays = load_playbook(settings.outreach.playbook).plays
    advised = advice(addressed, features, grouped, reasons["reason_3_shap"], plays, settings.company or settings.name)
    retrained = last is not None and read_json(last.folder / MANIFEST)["model_version"] != version
    changed = changes(listed, _moved(why, last), since, retrained)

    basis = decided.save_rate.in_words(settings.outreach.action_cost, settings.currency)
    further = further_columns(listed.columns).values()
    risk_list = pl.concat(
        [listed.select(*LIST_COLUMNS, *further, gain_basis=pl.lit(basis)), changed, reasons, advised], how="horizontal"
    )
    known = decided.facts.select("customer_id", "display_name").join(bought, on="customer_id", how="left")
    gone = left(last_list.join(known, on="customer_id", how="left"), decisions, since)
    return Listing(
        risk_list.drop(c for c in CONTACT_COLUMNS[1:] if risk_list[c].null_count() == risk_list.height),
        why,
        leave_alone(decisions, basis, settings.outreach.action_cost, settings.currency),
        gone,
    )


def ranked(listed: pl.DataFrame, lists: Lists) -> pl.DataFrame:
    """`listed` with rank and risk_band, sorted by account manager and rank.

    `rank` (Int64) counts from 1 within an account manager, by expected_gain, ties by customer_id.
    """
    probability = pl.col("churn_probability")
    band = (
        pl.when(probability >= lists.high_risk_from)
        .then(pl.lit("high"))
        .when(probability >= lists.medium_risk_from)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )
    return listed.sort("account_manager", "expected_gain", "customer_id", descending=[False, True, False]).with_columns(
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("account_manager"), risk_band=band
    )


def _last_purchases(features: pl.DataFrame, cutoff: Cutoff) -> pl.DataFrame:
    since = pl.duration(microseconds=(pl.col("rfm__recency_days") * MICROSECONDS_PER_DAY).round().cast(pl.Int64))
    last = local_day(pl.lit(cutoff.instant, INSTANT) - since, cutoff.zone)
    return features.select("customer_id", last_purchase_on=last)


def _moved(why: pl.DataFrame, last: Published | None) -> pl.DataFrame:
    """How far each group of reasons moved since the last publication, of those who were listed then too."""
    before = why.clear() if last is None else last.read(WHY_FILE, why.schema)
    groups = [name for name in why.columns if name != "customer_id"]
    both = why.join(before, on="customer_id", suffix="_before")
    return both.select("customer_id", *(pl.col(name) - pl.col(f"{name}_before") for name in groups))
