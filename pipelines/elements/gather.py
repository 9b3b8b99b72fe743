"""What a report is made from, read bucket by bucket: each month as it was known at its end."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from configs.settings import Settings
from features.cohort import objectors
from features.kept import kept
from features.service import complaints, promises, surveys
from features.signups import by_cohort, signed_up, stays
from features.standing import families_for, money, standing
from features.time import Month
from features.timeline import Bucket
from pipelines.build import Tables, first_purchase_day, over_buckets, tables_in
from pipelines.elements.figures import COMPARED
from pipelines.outreach.customers import latest_customers

PERIODS = 12  # since signing up, each as long as the churn horizon
STANDING = (
    "rfm__recency_days",
    "rfm__tenure_days",
    "rfm__orders_count_365d",
    "rfm__spent_sum_365d",
    "profitability__margin_sum_365d",
    "profitability__to_serve_sum_365d",
    "profitability__net_value_365d",
    "loyalty__enrolled",
    "loyalty__earned_sum_365d",
    "loyalty__redeemed_sum_365d",
    "loyalty__redeemed_days",
    "loyalty__referrals_count_365d",
    "ties__two_way_faded",
    "ties__two_way_90d",
    "ties__sent_count_365d",
    "ties__answered_mean_365d",
)


@dataclass(frozen=True)
class Facts:
    """One month: rows of `features.service`, totals of money, and customers (columns `STANDING`, as far as there are).

    `standing` and `kept` hold nobody who objected to profiling or was erased by the day of the report.
    """

    month: Month
    complaints: pl.DataFrame
    promises: pl.DataFrame
    surveys: pl.DataFrame
    totals: dict[str, int]
    standing: pl.DataFrame
    kept: pl.DataFrame


@dataclass(frozen=True)
class Gathered:
    """The months by name (`COMPARED`), and what became of customers since they signed up, by now.

    `managers`: customer_id and account_manager of everybody. `tables`: those in the store. `costed`: whether any
    transaction has a cost. `began`: day of the first purchase.
    """

    facts: dict[str, Facts]
    cohorts: pl.DataFrame
    stays: pl.DataFrame
    managers: pl.DataFrame
    tables: frozenset[str]
    costed: bool
    began: date


def gather(settings: Settings, store: Path, now: Month) -> Gathered:
    """Read the store of the day on which the month `now` ended."""
    tables, began = frozenset(tables_in(store)), first_purchase_day(store, settings)
    families = families_for(sorted(tables))
    months = {name: now.earlier(back) for name, back in COMPARED.items()}

    def read(bucket: Bucket) -> dict[tuple[str, str], pl.DataFrame]:
        gone = _gone(bucket, now)
        stood = standing(bucket, [month.cutoff for month in months.values()], families)
        stood = stood.select("customer_id", "cutoff", *(name for name in STANDING if name in stood.columns))
        found = {("standing", ""): stood.join(gone, on="customer_id", how="anti", maintain_order="left")}
        people = signed_up(bucket, now, settings.churn, began).join(gone.lazy(), on="customer_id", how="anti")
        managers = latest_customers(bucket["customers"], now.cutoff).select("customer_id", "account_manager")
        found["managers", ""] = managers
        found["cohorts", ""] = by_cohort(bucket, people, now, settings.churn, PERIODS)
        found["stays", ""] = stays(bucket, people, now, settings.churn)
        for name, month in months.items():
            found["complaints", name] = complaints(bucket, month, settings.report)
            found["promises", name] = promises(bucket, month)
            found["surveys", name] = surveys(bucket, month)
            found["totals", name] = money(bucket, month)
            stayed = kept(bucket, month, settings.churn)
            found["kept", name] = stayed.join(gone, on="customer_id", how="anti", maintain_order="left")
        return found

    buckets = list(over_buckets(settings.engine, store, families, read))
    all_of = {key: pl.concat([found[key] for found in buckets]) for key in buckets[0]}
    facts = {
        name: Facts(
            month,
            *(all_of[part, name] for part in ("complaints", "promises", "surveys")),
            totals=all_of["totals", name].sum().row(0, named=True),
            standing=all_of["standing", ""].filter(cutoff=month.cutoff.day),
            kept=all_of["kept", name],
        )
        for name, month in months.items()
    }
    cohorts = all_of["cohorts", ""].group_by("cohort", "period").sum().sort("cohort", "period")
    return Gathered(facts, cohorts, all_of["stays", ""], all_of["managers", ""], tables, _costed(store), began)


def _gone(bucket: Tables, now: Month) -> pl.DataFrame:
    """customer_id of those of whom no row may tell."""
    if "objections" not in bucket:
        return pl.DataFrame(schema={"customer_id": pl.String})
    return objectors(bucket["objections"], ["no_profiling", "erased"], now.cutoff)


def _costed(store: Path) -> bool:
    return pl.scan_parquet(store / "transactions").select(pl.col("cost").is_not_null().any()).collect().item()
