"""The BG/NBD and Gamma-Gamma figures of one customer, worked out by hand from the published formulas."""

import polars as pl
import pytest

from features.context import Fitted, at_cutoffs
from features.families.btyd import FAMILY
from features.matrix import build_matrix
from tests.features.drawn_tables import CUSTOMER, cutoff, table

PARAMETERS = {"r": 0.5, "alpha": 50.0, "a": 0.8, "b": 2.4, "p": 6.0, "q": 4.0, "v": 15.0}


def of(drawing: str, day: str = "2025-04-11") -> dict[str, float | None]:
    seen = cutoff(day)
    context = at_cutoffs(
        pl.DataFrame({"cutoff": [seen.day]}), Fitted({f"btyd__{name}": value for name, value in PARAMETERS.items()})
    )
    rows = pl.DataFrame({"customer_id": [CUSTOMER], "cutoff": [seen.day]})
    found = build_matrix({"transactions": table("transactions", drawing)}, rows, [seen], [FAMILY], context)
    return {name.removeprefix("btyd__"): value for name, value in found.row(0, named=True).items()}


# Visits on 1 January, 31 January and 2 March: x = 2, t_x = 60; T = 100 days to 11 April. The orders of 1 January at
# 11:00 and of 2 March at 10:00 belong to visits begun less than half a day before; returns are no visits.
LOG = """
occurred_at      | amount
2025-01-01 00:00 | 20
2025-01-01 11:00 | 50
2025-01-31 00:00 | 30
2025-02-10 00:00 | -30
2025-03-02 00:00 | 10
2025-03-02 10:00 | 20
"""


def test_by_hand():
    found = of(LOG)
    # Odds of having left: 0.8 / (2.4 + 1) x (150 / 110) ^ 2.5 = 0.5109.
    odds = 0.8 / 3.4 * (150 / 110) ** 2.5
    assert found["alive"] == pytest.approx(1 / (1 + odds)) == pytest.approx(0.6618, abs=1e-4)
    assert found["buys_90d"] == pytest.approx(found["alive"] * (1 - (150 / 240) ** 2.5))
    # Repeat visits brought 30 and 10 + 20, on average 30: 6 x (15 + 60) / (12 + 4 - 1) = 30.
    assert found["value"] == pytest.approx(30)
    assert found["spend_90d"] == pytest.approx(30 * found["purchases_90d"])
    # More than one visit may come, but a customer who leaves after one makes no second.
    assert found["buys_90d"] < found["purchases_90d"] < found["alive"] * 2.5 / 150 * 90


def test_a_single_visit():
    found = of("occurred_at | amount\n2025-01-01 | 20")
    assert found["alive"] == 1  # the model knows no leaving after the first purchase
    assert found["buys_90d"] == pytest.approx(1 - (150 / 240) ** 0.5)
    assert found["value"] == pytest.approx(6 * 15 / 3)  # the mean of all customers


def test_never_bought_and_nothing_fitted():
    assert set(of("occurred_at | amount\n2025-01-01 | -20").values()) - {CUSTOMER, cutoff("2025-04-11").day} == {None}
