"""A shop of a few customers as a store, and its report as of 1 June 2025."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from configs.settings import Settings
from pipelines.elements.report import Report, make_report
from pipelines.ingest import ingest
from tests.features.drawn_tables import cutoff, table

AS_OF = cutoff("2025-06-01")
MONEY = ("amount", "cost", "discount", "monthly_fee")
DRAWN = {
    "customers": """
        customer_id | signed_up_on | account_manager | valid_from
        ada         | 2024-03-02   | Anna            | 2024-03-02
        bea         | 2024-03-02   | Anna            | 2024-03-02
        cid         | 2025-01-10   | Bert            | 2025-01-10
        dan         | 2025-05-20   | Bert            | 2025-05-20
        eve         | 2024-03-02   | Bert            | 2024-03-02
    """,
    # eve objected to profiling: her purchases are in the totals, and nowhere else.
    "transactions": """
        customer_id | occurred_at | amount | cost
        ada         | 2024-03-02  | 100    | 60
        ada         | 2024-05-10  | 100    | 60
        ada         | 2025-04-10  | 100    | 60
        ada         | 2025-05-10  | 300    | 180
        ada         | 2025-05-12  | -50    | -30
        bea         | 2024-03-02  | 40     | 20
        bea         | 2025-03-20  | 40     | 20
        cid         | 2025-01-10  | 60     | -
        cid         | 2025-05-02  | 10     | 8
        dan         | 2025-05-20  | 20     | 10
        eve         | 2025-03-30  | 1000   | 500
        eve         | 2025-05-30  | 1000   | 500
    """,
    "costs": """
        customer_id | occurred_at | kind     | amount
        cid         | 2025-05-03  | delivery | 90
        ada         | 2025-05-11  | delivery | 10
        ada         | 2025-04-11  | delivery | 10
    """,
    "loyalty": """
        customer_id | occurred_at | kind     | points
        ada         | 2024-03-02  | enrol    | -
        ada         | 2025-04-10  | earn     | 100
        ada         | 2025-05-10  | earn     | 300
        ada         | 2025-05-11  | redeem   | 200
        bea         | 2025-05-11  | enrol    | -
        cid         | 2025-05-12  | referral | -
        cid         | 2025-05-13  | referral | -
    """,
    "interactions": """
        customer_id | occurred_at | channel | direction | responded_at
        ada         | 2025-04-02  | email   | in        | -
        bea         | 2025-05-02  | email   | out       | 2025-05-03
        bea         | 2025-05-04  | email   | out       | -
        cid         | 2025-01-02  | email   | out       | -
    """,
    "complaints": """
        customer_id | opened_at  | cause   | first_response_at | resolved_at | satisfaction | satisfaction_at
        ada         | 2025-05-05 | delay   | 2025-05-05        | 2025-05-20  | 2            | 2025-05-21
        bea         | 2025-05-06 | quality | 2025-05-06        | 2025-05-07  | 4            | 2025-05-08
        eve         | 2025-05-07 | quality | 2025-05-09        | 2025-05-10  | -            | -
        cid         | 2025-04-07 | delay   | 2025-04-09        | 2025-04-10  | -            | -
    """,
    "promises": """
        customer_id | promised_at | due_at     | kept_at
        ada         | 2025-05-01  | 2025-05-03 | 2025-05-02
        bea         | 2025-05-01  | 2025-05-03 | 2025-05-04
        cid         | 2025-05-01  | 2025-05-30 | -
        cid         | 2025-04-01  | 2025-04-03 | 2025-04-02
    """,
    "surveys": """
        customer_id | sent_at    | kind | answered_at | score
        ada         | 2025-05-01 | csat | 2025-05-02  | 5
        bea         | 2025-05-01 | csat | 2025-05-02  | 3
        cid         | 2025-05-01 | nps  | 2025-05-02  | 10
        dan         | 2025-05-21 | nps  | 2025-05-22  | 7
        eve         | 2025-05-21 | nps  | 2025-05-23  | 2
        ada         | 2025-05-21 | nps  | 2025-05-24  | 9
        bea         | 2025-05-21 | nps  | -           | -
        ada         | 2025-04-21 | nps  | 2025-04-22  | 0
    """,
    "contracts": """
        customer_id | started_on | ended_on   | monthly_fee | plan
        ada         | 2024-03-02 | -          | 10          | basic
        bea         | 2024-03-02 | 2025-05-10 | 10          | basic
        cid         | 2025-01-10 | 2025-04-10 | 10          | basic
    """,
    "objections": "customer_id | kind | effective_at\neve | no_profiling | 2025-05-31",
}


def shop_in(folder: Path, without: tuple[str, ...] = (), **further: Any) -> Settings:
    """Settings over the tables as drawn, those named `without` left out; keywords are further settings."""
    names = [name for name in DRAWN if name not in without]
    for name in names:
        frame = table(name, DRAWN[name])
        money = [column for column in MONEY if column in frame.columns]
        frame.drop("known_at").with_columns(pl.col(money) / 10_000).write_parquet(folder / f"{name}.parquet")
    made = {
        "name": "shop",
        "root": str(folder / "data"),
        "sources": {name: {"path": str(folder / f"{name}.parquet")} for name in names},
        "ingest": {"buckets": 2},
        "churn": {"horizon_days": 30},
    }
    return Settings.model_validate(made | further)


def report_of(settings: Settings) -> Report:
    """Ingest as of `AS_OF`, and report."""
    ingest(settings, AS_OF, lambda _: None)
    return make_report(settings, AS_OF)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of the shop."""
    return report_of(shop_in(tmp_path_factory.mktemp("shop")))


def told(report: Report, element: str, figure: str, group: str = "", compared: str = "now") -> tuple[int, float] | None:
    """Population and value of one figure; None where there is none."""
    rows = report.figures.filter(element=element, figure=figure, group=group, compared=compared).drop_nulls("value")
    assert rows.height <= 1
    return None if rows.is_empty() else rows.select("population", "value").row(0)
