from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.whole_history import holds_whole_history

EMBARGO_DAYS, RECENT_DAYS = 60, 90
CUTOFFS = [date(2025, 1, 1) + timedelta(days=30 * step) for step in range(9)]


def matrix(seen_orders: str, cutoffs: list[date] = CUTOFFS) -> pl.DataFrame:
    """Customers who bought lately, alike in every window. Of those who came once, nine of ten leave; of those who came
    back, one in ten; and the first become fewer from cutoff to cutoff, as a log that began with its customers ages.

    `seen_orders`: "all", or "lately" where the log began amid their lives, so that they tell nothing.
    """
    random = np.random.default_rng(1)
    parts = []
    for step, day in enumerate(cutoffs):
        once = random.random(400) < 0.9 - 0.08 * step
        orders = np.where(once, 1.0, 5.0) if seen_orders == "all" else 1.0 + random.poisson(1.0 + step, 400)
        left = random.random(400) < np.where(once, 0.9, 0.1)
        parts.append(
            pl.DataFrame(
                {
                    "cutoff": day,
                    "churned": left.astype(np.int8),
                    "rfm__recency_days": random.uniform(0, RECENT_DAYS - 1, 400),
                    "rfm__orders_count_90d": np.ones(400),
                    "rfm__spent_sum_90d": np.full(400, 20.0),
                    "rfm__orders_count_lifetime": orders,
                }
            )
        )
    return pl.concat(parts)


@pytest.mark.parametrize(("seen_orders", "whole"), [("all", True), ("lately", False)])
def test_orders_of_all_time_count_where_they_would_have_foretold_the_level(seen_orders: str, whole: bool) -> None:
    assert holds_whole_history(matrix(seen_orders), RECENT_DAYS, EMBARGO_DAYS) is whole


def test_they_do_not_where_no_cutoff_could_be_foretold() -> None:
    # The fifth is the first that comes 60 days after three others: at four cutoffs nothing can be tried.
    assert holds_whole_history(matrix("all", CUTOFFS[:5]), RECENT_DAYS, EMBARGO_DAYS)
    assert not holds_whole_history(matrix("all", CUTOFFS[:4]), RECENT_DAYS, EMBARGO_DAYS)
