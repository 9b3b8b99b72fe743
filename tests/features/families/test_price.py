"""Unit prices, discounts and notices of price changes of one customer, worked out by hand."""

import pytest

from features.families.price import FAMILY
from tests.features.drawn_tables import features_of, sentences_of, table

# Seen from 1 June 2025: 90 days begin on 3 March 2025.
BOUGHT = table(
    "transactions",
    """
    occurred_at      | amount | quantity | discount
    2025-01-01 00:00 |     90 | 9        | 10
    2025-02-01 00:00 |     50 | -        | -
    2025-03-02 23:59 |     80 | 4        | 20
    2025-03-03 00:00 |     60 | 2        | 40
    2025-03-04 00:00 |    -60 | -2       | 99
    2025-04-01 00:00 |     30 | 0        | 0
    2025-05-22 00:00 |    100 | 2        | -5
    2025-06-01 00:00 |      1 | 100      | 99
    """,
)
# The return of 4 March, and the zero and the negative discount after it, are no discounts.


def test_prices_and_shares():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["price__unit_price_90d"] == pytest.approx((60 + 100) / (2 + 2))
    assert found["price__unit_price_lifetime"] == pytest.approx((90 + 80 + 60 + 100) / (9 + 4 + 2 + 2))
    assert found["price__unit_price_ratio"] == pytest.approx(40 / (330 / 17))
    assert found["price__discount_share_90d"] == pytest.approx(40 / (60 + 30 + 100 + 40))
    assert found["price__discount_share_lifetime"] == pytest.approx(70 / (90 + 50 + 80 + 60 + 30 + 100 + 70))
    assert found["price__discounted_share_90d"] == pytest.approx(1 / 3)
    assert found["price__discounted_share_lifetime"] == pytest.approx(3 / 6)
    assert found["price__discounted_share_change"] == pytest.approx(1 / 3 - 1 / 2)
    assert found["price__discount_depth"] == pytest.approx(70 / (90 + 80 + 60 + 70))


def test_when_discounts_stopped():
    found = features_of(FAMILY, BOUGHT, "2025-06-01")
    assert found["price__full_price_run_last_lifetime"] == 2  # April and May
    assert found["price__discount_ended_days"] == 61  # since 1 April
    assert found["price__discounted_before"] == pytest.approx(3 / 4)  # January to 3 March
    # While the latest purchase has a discount, none has stopped, though there was a pause in February.
    again = features_of(FAMILY, BOUGHT, "2025-03-05")
    assert (again["price__full_price_run_last_lifetime"], again["price__discount_ended_days"]) == (0, None)
    paused = features_of(FAMILY, BOUGHT, "2025-02-02")
    assert (paused["price__full_price_run_last_lifetime"], paused["price__discount_ended_days"]) == (1, 1)


def test_discounts_are_not_those_of_another_customer():
    never = table("transactions", "occurred_at | amount\n2025-05-01 | 1\n2025-05-02 | 1")
    found = features_of(
        FAMILY, BOUGHT.vstack(never.with_columns(customer_id=BOUGHT["customer_id"].head(2) + "m")), "2025-06-01"
    )
    assert found["price__full_price_run_last_lifetime"] == 2
    before = BOUGHT.with_columns(customer_id=BOUGHT["customer_id"].str.slice(0, 1))
    found = features_of(FAMILY, before.vstack(never), "2025-06-01")
    assert found["price__full_price_run_last_lifetime"] is found["price__discount_depth"] is None


def test_without_the_optional_columns():
    found = features_of(FAMILY, table("transactions", "occurred_at | amount\n2025-05-31 | 3"), "2025-06-01")
    known = {name: value for name, value in found.items() if name.startswith("price") and value is not None}
    assert known == {
        "price__discount_share_90d": 0,
        "price__discount_share_lifetime": 0,
        "price__discounted_share_90d": 0,
        "price__discounted_share_lifetime": 0,
        "price__discounted_share_change": 0,
        "price__notices_count_30d": 0,
        "price__notices_count_90d": 0,
        "price__notices_count_365d": 0,
    }
    assert sentences_of(FAMILY, found) == {}


@pytest.mark.parametrize(
    ("discounts", "sentences"),
    [
        ([10, 10, 0], {"price": "Last purchase without a discount; 10% off on all before"}),
        ([10, 10, 0, 10, 0], {"price": "Last purchase without a discount; 10% off on most before"}),
        ([0, 10, 10, 0, 0, 0], {"price": "Last 3 purchases without a discount; 10% off on most before"}),
        ([0, 10, 0], {}),  # half, not most
        ([10, 10], {}),
        ([0, 0], {}),
        ([0.1, 0], {}),  # a thousandth
    ],
)
def test_sentences_of_a_discount_that_stopped(discounts: list[float], sentences: dict[str, str]):
    rows = [f"2025-05-{day:02d} | {100 - off} | {off}" for day, off in enumerate(discounts, 1)]
    source = table("transactions", "\n".join(["occurred_at | amount | discount", *rows]))
    assert sentences_of(FAMILY, features_of(FAMILY, source, "2025-06-01")) == sentences


def test_a_discount_that_stopped_long_ago_is_no_reason():
    source = table("transactions", "occurred_at | amount | discount\n2024-11-01 | 9 | 1\n2025-03-03 | 10 | 0")
    assert list(sentences_of(FAMILY, features_of(FAMILY, source, "2025-06-01"))) == ["price"]  # 90 days
    assert sentences_of(FAMILY, features_of(FAMILY, source, "2025-06-02")) == {}


# Seen from 1 June 2025: 30 days begin on 2 May, 90 on 3 March. Only what we sent is a notice of ours.
NOTICES = table(
    "interactions",
    """
    occurred_at      | channel | direction | campaign
    2024-05-31 23:00 | shop    | in        | price survey
    2025-03-02 23:00 | email   | out       | newsletter
    2025-03-13 12:00 | email   | out       | Price_Change
    2025-04-02 00:00 | phone   | out       | -
    2025-06-01 00:00 | email   | out       | price change
    """,
)


def test_only_our_own_notices_of_a_price_change_count():
    found = features_of(FAMILY, BOUGHT, "2025-06-01", interactions=NOTICES)
    assert [found[f"price__notices_count_{span}"] for span in ("30d", "90d", "365d")] == [0, 1, 1]
    assert found["price__notice_days"] == 79.5
    assert features_of(FAMILY, BOUGHT, "2025-06-01")["price__notice_days"] is None


@pytest.mark.parametrize(
    ("day", "price"),
    [
        ("2025-03-13", None),
        ("2025-03-14", "A price change was announced yesterday"),
        ("2025-03-15", "A price change was announced 2 days ago"),
        ("2025-06-01", "A price change was announced 80 days ago"),
    ],
)
def test_a_notice_is_a_reason_for_90_days(day: str, price: str | None):
    found = features_of(FAMILY, BOUGHT.clear(), day, interactions=NOTICES)
    assert sentences_of(FAMILY, found) == ({"price": price} if price else {})
