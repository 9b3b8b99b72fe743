"""From scores to a publication: who is listed and why, a list for each account manager, made current in one step."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from configs.errors import ModelError
from configs.settings import Settings
from features.family import CURRENCY_SIGN
from features.time import INSTANT, MICROSECONDS_PER_DAY, Cutoff
from models.explain import by_group, contributions
from models.pair import ModelPair, features_only
from models.tracking import load_champion
from pipelines.build import Tables, families_of, open_store, tables_by_bucket
from pipelines.outreach.lists import ListContext, write_lists
from pipelines.outreach.reasons import reasons_for
from pipelines.outreach.select import latest_customers, refused_contact, select
from pipelines.outreach.wording import currency_prefix
from pipelines.progress import Log
from pipelines.score import FEATURES_FILE, SCORES_FILE
from pipelines.storage import MANIFEST, combined_hash, commit, point, read_json, staged

RISK_LIST_FILE = "risk_list.parquet"
CURRENT = "current"


def publish_lists(settings: Settings, cutoff: Cutoff, scored: Path, log: Log) -> Path:
    """Choose whom to list from the scored folder, and publish; returns the publication's folder."""
    return publish(settings, cutoff, scored, outreach(settings, cutoff, scored, log), log)


def outreach(settings: Settings, cutoff: Cutoff, scored: Path, log: Log) -> pl.DataFrame:
    """The risk list of the scored folder: who is listed, with the figures and up to three reasons each.

    Columns: rank, customer_id, display name and contact data where given, account_manager, risk_band, cutoff, the
    scores, last_purchase_on, reason_1..3 and reason_1_shap..3_shap. Only the listed are explained.
    """
    store = open_store(settings, cutoff)
    parts = [_for_lists(tables, cutoff) for tables in tables_by_bucket(store, only=["customers", "objections"])]
    customers = pl.concat([customers for customers, _ in parts])
    refused = pl.concat([refused for _, refused in parts])
    listed = select(pl.read_parquet(scored / SCORES_FILE), customers, refused, settings.lists)

    features = pl.read_parquet(scored / FEATURES_FILE)
    features = listed.select("customer_id").join(features, on="customer_id", how="left", maintain_order="left")
    families = families_of(store, settings)
    champion = load_champion(settings)
    if champion.version != read_json(scored / MANIFEST)["model_version"]:
        raise ModelError("the champion changed since the customers were scored. Run `holdfast score` again.")
    groups = {column: group for family in families for column, group in family.reason_groups().items()}
    churn = ModelPair.restore(champion.churn, champion.clv, champion.recipe).churn
    grouped = by_group(contributions(churn, features_only(features)), groups)
    since = pl.duration(microseconds=(pl.col("rfm__recency_days") * MICROSECONDS_PER_DAY).round().cast(pl.Int64))
    last = pl.lit(cutoff.instant, INSTANT) - since
    last = features.select(last_purchase_on=last.dt.convert_time_zone(cutoff.zone.key).dt.date())
    log(f"{listed.height:,} customers listed for {listed['account_manager'].n_unique():,} account managers")
    reasons = reasons_for(features, grouped, families).with_columns(
        pl.col(pl.String).str.replace_all(CURRENCY_SIGN, currency_prefix(settings.currency), literal=True)
    )
    return pl.concat([listed, last, reasons], how="horizontal")


def publish(settings: Settings, cutoff: Cutoff, scored: Path, risk_list: pl.DataFrame, log: Log) -> Path:
    """Write the publication of `cutoff`'s day and return its folder, `published/.revisions/<date>/<n>`.

    It is staged, hashed and flushed first, then `published/<date>` points to it, and `published/current` too unless
    it names a later date. Until then the last publication stays as it is. The same data gives the same bytes, and
    then no new revision.
    """
    store, facts = open_store(settings, cutoff), read_json(scored / MANIFEST)
    scores = pl.read_parquet(scored / SCORES_FILE)
    context = ListContext(
        company=settings.company or settings.name,
        as_of=cutoff.day,
        horizon_days=settings.churn.horizon_days,
        clv_horizon_days=settings.clv_horizon_days,
        currency=settings.currency,
        model_version=facts["model_version"],
        model_grade=facts["grade"],
        scored_customers=scores.height,
        data_until=_latest_event(store),
    )
    root, name = settings.root / "published", cutoff.day.isoformat()
    with staged(root, name) as folder:
        scores.write_parquet(folder / SCORES_FILE)
        risk_list.write_parquet(folder / RISK_LIST_FILE)
        write_lists(risk_list, context, folder / "lists")
        manifest: dict[str, Any] = facts | {
            "config_hash": combined_hash(settings.comparable()),
            "counts": {
                "scored": scores.height,
                "listed": risk_list.height,
                "account_managers": risk_list["account_manager"].n_unique(),
                "tables": {
                    table: {kind: count for kind, count in counts.items() if kind not in ("table", "reasons")}
                    for table, counts in read_json(store / MANIFEST)["tables"].items()
                },
            },
        }
        done = commit(root, name, folder, manifest)
    current = root / CURRENT
    if not current.exists() or read_json(current / MANIFEST)["as_of"] <= name:
        point(current, done)
    log(f"published: {root / name / 'lists' / 'index.html'}")
    return done


def _for_lists(tables: Tables, cutoff: Cutoff) -> tuple[pl.DataFrame, pl.Series]:
    """What lists need of one bucket: customers' contact data, and the ids of those who refused contact."""
    objections = tables.get("objections")
    none = pl.Series("customer_id", dtype=pl.String)
    refused = none if objections is None else refused_contact(objections, cutoff)
    return latest_customers(tables["customers"], cutoff), refused


def _latest_event(store: Path) -> datetime:
    """Instant (UTC) of the newest transaction in the store."""
    newest = pl.scan_parquet(store / "transactions").select(pl.col("occurred_at").cast(INSTANT).max())
    return newest.collect().item()
