"""Who is listed: the most value at risk, for each account manager."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from configs.settings import Lists
from features.time import Cutoff
from pipelines.outreach.select import CONTACT_COLUMNS, latest_customers, refused_contact, select

CUTOFF = Cutoff(date(2024, 6, 1), ZoneInfo("UTC"))
NOBODY = pl.Series("customer_id", dtype=pl.String)


def may(day: int) -> datetime:
    return datetime(2024, 5, day, tzinfo=UTC)


def scores(*rows: tuple[str, float, float]) -> pl.DataFrame:
    names = ["customer_id", "churn_probability", "value_at_risk"]
    return pl.DataFrame(rows, schema=names, orient="row")


def customers(**managers: str | None) -> pl.DataFrame:
    empty = {column: pl.lit(None, dtype=pl.String) for column in CONTACT_COLUMNS[1:]}
    frame = pl.DataFrame(
        {"customer_id": list(managers), "account_manager": list(managers.values())},
        schema={"customer_id": pl.String, "account_manager": pl.String},
    )
    return frame.with_columns(**empty)


def lists(**changes: Any) -> Lists:
    return Lists.model_validate(changes)


def test_each_manager_gets_the_most_value_at_risk() -> None:
    scored = scores(("A", 0.5, 10.0), ("B", 0.5, 30.0), ("C", 0.5, 20.0), ("D", 0.5, 5.0), ("E", 0.5, 1.0))
    known = customers(A="Anna", B="Anna", C="Anna", D="Bert", E="Bert")

    listed = select(scored, known, NOBODY, lists(customers_per_manager=2))

    assert listed.select("account_manager", "rank", "customer_id").rows() == [
        ("Anna", 1, "B"),
        ("Anna", 2, "C"),
        ("Bert", 1, "D"),
        ("Bert", 2, "E"),
    ]
    assert listed.schema["rank"] == pl.Int64


@pytest.mark.parametrize("reverse", [False, True])
def test_ties_go_by_customer_id(reverse: bool) -> None:
    rows = sorted([("A", 0.5, 10.0), ("B", 0.5, 10.0), ("C", 0.5, 10.0)], reverse=reverse)

    listed = select(scores(*rows), customers(A="Anna", B="Anna", C="Anna"), NOBODY, lists(customers_per_manager=2))

    assert listed["customer_id"].to_list() == ["A", "B"]


def test_customers_without_a_manager_share_a_list() -> None:
    scored = scores(("A", 0.5, 1.0), ("B", 0.5, 2.0), ("C", 0.5, 3.0))

    listed = select(scored, customers(A="Anna", B=None), NOBODY, lists(unassigned_manager="nobody's"))

    assert listed.select("account_manager", "rank", "customer_id").rows() == [
        ("Anna", 1, "A"),
        ("nobody's", 1, "C"),  # not among the customers at all
        ("nobody's", 2, "B"),
    ]


@pytest.mark.parametrize(
    ("probability", "band"), [(0.6, "high"), (0.5999, "medium"), (0.3, "medium"), (0.2999, "low"), (0.0, "low")]
)
def test_bands_begin_at_their_thresholds(probability: float, band: str) -> None:
    limits = lists(high_risk_from=0.6, medium_risk_from=0.3)
    assert select(scores(("A", probability, 5.0)), customers(), NOBODY, limits)["risk_band"].to_list() == [band]


def test_who_is_less_likely_to_leave_than_the_average_is_not_listed() -> None:
    # The average is 0.3: B is at it, C below it, however much is at risk.
    scored = scores(("A", 0.5, 1.0), ("B", 0.3, 2.0), ("C", 0.1, 900.0))
    assert select(scored, customers(), NOBODY, lists())["customer_id"].to_list() == ["B", "A"]


def test_customers_who_are_all_alike_are_all_listed() -> None:
    # Seven times 0.1 adds up to a mean just above 0.1.
    scored = scores(*((name, 0.1, 1.0) for name in "ABCDEFG"))
    assert select(scored, customers(), NOBODY, lists()).height == 7


def test_who_refused_contact_is_not_listed_and_takes_no_place() -> None:
    scored = scores(("A", 0.5, 30.0), ("B", 0.5, 20.0), ("C", 0.5, 10.0))

    listed = select(scored, customers(), pl.Series("customer_id", ["A"]), lists(customers_per_manager=2))

    assert listed.select("rank", "customer_id").rows() == [(1, "B"), (2, "C")]


def test_columns_that_nobody_has_are_left_out() -> None:
    known = customers(A="Anna", B="Anna").with_columns(phone=pl.Series([None, "123"], dtype=pl.String))

    listed = select(scores(("A", 0.5, 1.0), ("B", 0.5, 2.0)), known, NOBODY, lists())

    assert {"phone", "account_manager"} <= set(listed.columns)
    assert not {"display_name", "email", "preferred_channel"} & set(listed.columns)


def test_objections_count_from_the_day_they_take_effect() -> None:
    objections = pl.DataFrame(
        [
            ("A", "no_contact", may(31)),
            ("B", "erased", may(1)),
            ("C", "no_profiling", may(1)),
            ("D", "no_contact", datetime(2024, 6, 1, tzinfo=UTC)),  # at the cutoff: not yet
            ("A", "no_contact", may(2)),
        ],
        schema=["customer_id", "kind", "effective_at"],
        orient="row",
    )

    assert sorted(refused_contact(objections, CUTOFF)) == ["A", "B"]


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
