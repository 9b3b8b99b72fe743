"""The activity of all customers, worked out by hand."""

from features.context import NOTHING, at_cutoffs, market
from features.families.market import FAMILY
from features.matrix import build_matrix
from tests.features.drawn_tables import cutoff, table


def of(day: str, drawing: str) -> dict[str, float | None]:
    """The market as of a day, the same for whoever is asked about."""
    bought, seen = table("transactions", drawing), cutoff(day)
    context = at_cutoffs(market([{"transactions": bought}], [seen], [FAMILY]), NOTHING)
    rows = bought.select("customer_id").head(1).with_columns(cutoff=seen.day)
    found = build_matrix({}, rows.cast({"cutoff": rows.schema["cutoff"]}), [seen], [FAMILY], context)
    return {name.removeprefix("market__"): value for name, value in found.row(0, named=True).items()}


# Seen from 1 June 2025: 30 days begin on 2 May, 60 on 2 April, 90 on 3 March, 180 on 3 December, 365 on 1 June 2024,
# 275 on 30 August 2024, 455 on 3 March 2024.
LOG = """
customer_id | occurred_at | amount
old         | 2024-03-02  | 1
old         | 2024-03-03  | 1
old         | 2024-05-31  | 1
ada         | 2024-06-01  | 1
ada         | 2024-08-29  | 1
ben         | 2024-08-30  | 1
ben         | 2025-01-10  | 8
ada         | 2025-03-03  | 2
ada         | 2025-04-02  | 3
ada         | 2025-04-20  | -1
cyd         | 2025-05-02  | 6
ada         | 2025-05-30  | 2
cyd         | 2025-06-01  | 9
"""


def test_by_hand():
    found = of("2025-06-01", LOG)
    assert found["observed_days"] == 365  # more than 365 since 2 March 2024
    assert found["orders_change_30d"] == 2 / 1  # 2 and 30 May against 2 April
    assert found["orders_change_90d"] == 4 / 1  # from 3 March on, against 10 January
    assert found["spent_change_90d"] == (2 + 3 - 1 + 6 + 2) / 8
    assert found["orders_change_year"] == 4 / 2  # against 3 March and 31 May 2024
    assert found["season_ahead"] == 2 / 2  # a year ago: 1 June and 29 August against 3 March and 31 May
    assert found["active_share"] == 2 / 3  # ada and cyd of ada, ben and cyd
    assert found["orders_per_buyer_90d"] == 4 / 2


def test_what_looks_back_beyond_the_history_is_unknown():
    # Begun on 2 March 2024: 455 days before 31 May 2025.
    assert of("2025-05-31", LOG)["season_ahead"] is not None
    assert of("2025-05-30", LOG)["season_ahead"] is None
    young = of("2025-06-01", "customer_id | occurred_at | amount\nada | 2025-04-02 | 1\nada | 2025-05-20 | 1")
    assert young["observed_days"] == 60  # since 2 April
    assert young["orders_change_30d"] == 1 and young["orders_per_buyer_90d"] == 2
    assert [young[name] for name in ("orders_change_90d", "orders_change_year", "active_share")] == [None] * 3


def test_nobody_lately():
    found = of("2025-06-01", "customer_id | occurred_at | amount\nada | 2024-01-01 | 1")
    assert found["orders_change_30d"] is None and found["orders_per_buyer_90d"] is None
    assert found["season_ahead"] is None


def test_nothing_without_a_context():
    seen = cutoff("2025-06-01")
    rows = table("transactions", LOG).select("customer_id").head(1).with_columns(cutoff=seen.day)
    found = build_matrix({}, rows, [seen], [FAMILY]).drop("customer_id", "cutoff")
    assert found.null_count().row(0) == (1,) * 8
