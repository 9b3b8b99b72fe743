"""Names of segments, from fifths worked out by hand."""

import polars as pl
import pytest

from configs.report import SEGMENTS
from features.segments import MEANINGS, bounds_of, segment

COLUMNS = ["rfm__recency_days", "rfm__orders_count_365d", "rfm__spent_sum_365d", "rfm__tenure_days"]
# Of 1, 2, 3, 4, 5 the bounds of fifths are 1.8, 2.6, 3.4 and 4.2: each value is a fifth of its own.
FIVE = pl.DataFrame([(10.0 * n, float(n), 100.0 * n, 400.0) for n in range(1, 6)], schema=COLUMNS, orient="row")


def named(recency: float, orders: float, spent: float, tenure: float = 400.0) -> str:
    row = pl.DataFrame([(recency, orders, spent, tenure)], schema=COLUMNS, orient="row")
    return row.select(segment(bounds_of(FIVE, 365), 365, 90)).item()


def test_bounds_between_fifths():
    found = bounds_of(pl.concat([FIVE, FIVE.with_columns(rfm__recency_days=366.0)]), 365)

    assert found["recency"] == pytest.approx((18, 26, 34, 42))  # those silent for longer do not count
    assert found["orders"] == pytest.approx((1.8, 2.6, 3.4, 4.2))
    assert found["spent"] == pytest.approx((180, 260, 340, 420))


@pytest.mark.parametrize(
    ("recency", "orders", "spent", "tenure", "name"),
    [
        (18, 4, 400, 400, "champions"),  # R 5, F 4, M 4
        (26, 3, 400, 400, "champions"),  # R 4; F 3 and M 4 make V 4, since halves are rounded up
        (26, 3, 300, 400, "loyal"),  # V 3
        (34, 5, 500, 400, "loyal"),  # R 3
        (34, 2, 200, 400, "needs attention"),
        (26, 2, 200, 400, "promising"),
        (26, 1, 100, 90, "new"),
        (26, 1, 100, 90.1, "promising"),
        (26, 5, 500, 20, "champions"),  # new, but among the best already
        (43, 5, 400, 400, "cannot lose"),  # R 1; F 5 and M 4 make V 5
        (42, 4, 400, 400, "at risk"),  # R 2, V 4
        (50, 3, 300, 400, "at risk"),
        (50, 2, 200, 400, "hibernating"),
        (365, 1, 100, 400, "hibernating"),
        (365.1, 5, 500, 400, "lost"),
    ],
)
def test_names(recency: float, orders: float, spent: float, tenure: float, name: str):
    assert named(recency, orders, spent, tenure) == name


def test_every_segment_is_explained_in_order():
    assert tuple(MEANINGS) == SEGMENTS


def test_without_anybody_active_everybody_is_lost():
    lost = FIVE.with_columns(rfm__recency_days=400.0)
    assert lost.select(segment(bounds_of(lost, 365), 365, 90))["segment"].unique().to_list() == ["lost"]
