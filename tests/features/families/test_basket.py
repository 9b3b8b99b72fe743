"""Breadth and size of one customer's purchases, worked out by hand."""

import polars as pl
import pytest

from features.families.basket import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025: 90 days begin on 3 March 2025, 365 on 1 June 2024.
BOUGHT = table(
    "transactions",
    """
    occurred_at      | amount | product | category | channel | quantity
    2024-05-31 23:59 |     10 | saw     | tools    | shop    | 1
    2024-06-01 00:00 |     10 | axe     | tools    | web     | 4
    2025-03-02 23:59 |     10 | nail    | tools    | web     | 100
    2025-03-03 00:00 |     10 | saw     | tools    | phone   | 2
    2025-03-03 00:00 |     10 | rope    | garden   | phone   | 0
    2025-04-01 00:00 |     10 | -       | -        | -       | -
    2025-05-01 00:00 |    -10 | lamp    | home     | mail    | 50
    2025-05-02 00:00 |     10 | rope    | garden   | web     | 4
    2025-06-01 00:00 |     10 | bulb    | home     | fax     | 7
    """,
)


def test_breadth():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert {name.removeprefix("basket__"): value for name, value in found.items() if name.startswith("basket")} == {
        "products_n_unique_90d": 2,  # saw, rope
        "products_n_unique_365d": 4,  # and axe, nail
        "new_products_count_90d": 1,  # the rope; the saw was bought a year ago
        "new_products_count_365d": 3,
        "new_products_count_lifetime": 4,
        "categories_n_unique_90d": 2,
        "categories_n_unique_365d": 2,
        "categories_n_unique_lifetime": 2,
        "channels_n_unique_365d": 2,  # web, phone
        "units_mean_90d": (2 + 4) / 2,  # a quantity of nothing counts as unknown
        "units_mean_lifetime": pytest.approx((1 + 4 + 100 + 2 + 4) / 5),
    }


def test_a_product_is_new_to_each_customer():
    found = features_of(FAMILY, BOUGHT.vstack(BOUGHT.with_columns(customer_id=pl.lit("abe"))), "2025-06-01")
    assert found["basket__new_products_count_lifetime"] == 4


def test_without_the_optional_columns():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | 3"), "2025-06-01")
    assert found["basket__products_n_unique_90d"] == found["basket__new_products_count_lifetime"] == 0
    assert found["basket__units_mean_lifetime"] is None
    assert sentences_of(FAMILY, found) == {}


@pytest.mark.parametrize(
    ("recent", "sentences"),
    [
        # Eight products in the year: half an even share of 90 days would be 8 * 90 / 365 / 2 = 0.99; of nine, 1.1.
        ("a", {}),
        ("i", {"basket": "Bought 1 product in the last 90 days, 9 in the last year"}),
        ("", {}),  # bought nothing at all: others say so
    ],
)
def test_sentences(recent: str, sentences: dict[str, str]):
    rows = [f"2024-09-0{day} | 1 | {name}" for day, name in enumerate("abcdefgh", 1)]
    rows += [f"2025-05-01 | 1 | {name}" for name in recent]
    source = table("transactions", "\n".join(["occurred_at | amount | product", *rows]))
    assert sentences_of(FAMILY, features_of(FAMILY, source, "2025-06-01")) == sentences
