"""Whom customers belong to, and what they asked of us, as of a cutoff."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from features.time import Cutoff
from pipelines.outreach.customers import CONTACT_COLUMNS, latest_customers, objected
from tests.features.drawn_tables import table

CUTOFF = Cutoff(date(2024, 6, 1), ZoneInfo("UTC"))


def may(day: int) -> datetime:
    return datetime(2024, 5, day, tzinfo=UTC)


def test_objections_count_from_the_day_they_take_effect() -> None:
    objections = table(
        "objections",
        """
        customer_id | kind         | effective_at
        A           | no_contact   | 2024-05-31
        B           | erased       | 2024-05-01
        C           | no_profiling | 2024-05-01
        D           | no_contact   | 2024-06-01
        A           | no_contact   | 2024-05-02
        C           | no_contact   | 2024-05-03
        """,
    )

    found = objected({"objections": objections}, CUTOFF).fill_null(False).sort("customer_id")

    # D's takes effect at the cutoff: not yet.
    assert found.select("customer_id", "no_contact", "forgotten").rows() == [
        ("A", True, False),
        ("B", False, True),
        ("C", True, True),
    ]


def test_the_newest_version_of_a_customer_that_was_valid() -> None:
    versions = pl.DataFrame(
        [
            ("A", may(1), "Anna"),
            ("A", may(20), "Bert"),
            ("A", datetime(2024, 6, 1, tzinfo=UTC), "Cleo"),  # valid from the cutoff on
            ("A", None, "before all"),
            ("B", None, "Dora"),
            ("C", may(2), None),
        ],
        schema={"customer_id": pl.String, "valid_from": pl.Datetime("us", "UTC"), "account_manager": pl.String},
        orient="row",
    ).with_columns(pl.lit(None, dtype=pl.String).alias(column) for column in CONTACT_COLUMNS[1:])

    for order in (versions, versions.reverse()):
        latest = latest_customers(order, CUTOFF)
        assert latest.select("customer_id", "account_manager").rows() == [("A", "Bert"), ("B", "Dora"), ("C", None)]
        assert latest.columns == ["customer_id", *CONTACT_COLUMNS]
