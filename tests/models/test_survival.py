"""Survival curves: by hand, and against a published example."""

from math import exp, log

import polars as pl
import pytest

from models.survival import survival


def test_by_hand():
    # Six customers; those of day 2 and one of day 5 were only seen for so long, another one of day 5 never left either.
    days, left = pl.Series([1, 2, 3, 4, 5, 5]), pl.Series([True, False, True, True, False, False])

    found = survival(days, left, [0, 1, 2, 3, 4, 5, 6])

    assert found["days"].to_list() == [0, 1, 2, 3, 4, 5]
    assert found["there"].to_list() == pytest.approx([1, 5 / 6, 5 / 6, 5 / 8, 5 / 12, 5 / 12])
    assert found["at_risk"].to_list() == [6, 6, 5, 4, 3, 2]
    assert found["low"].is_null().to_list() == [True, False, False, False, False, False]


def test_remission_of_leukaemia():
    # Freireich et al. (1963), 6-MP group, as in Kleinbaum and Klein, "Survival Analysis", table 2.1; the interval at
    # 10 weeks by Greenwood's variance: 0.7529 ** exp(+-1.96 * se) with se of log(-log S).
    weeks = pl.Series([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    left = pl.Series([True] * 9 + [False] * 12)

    found = survival(weeks, left, [6, 7, 10, 13, 16, 22, 23])

    assert found["there"].to_list() == pytest.approx([0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5)
    assert found["at_risk"].to_list() == [21, 17, 15, 12, 11, 7, 6]
    ten = found.row(2, named=True)
    variance = 3 / (21 * 18) + 1 / (17 * 16) + 1 / (15 * 14)
    reach = 1.959964 * variance**0.5 / abs(log(ten["there"]))
    assert (ten["low"], ten["high"]) == pytest.approx((ten["there"] ** exp(reach), ten["there"] ** exp(-reach)))


def test_everybody_gone_and_nobody_there():
    gone = survival(pl.Series([1, 2]), pl.Series([True, True]), [1, 2, 3])
    assert gone.select("days", "there").rows() == [(1, 0.5), (2, 0.0)]
    assert gone["low"].is_null().to_list() == [False, True]
    assert survival(pl.Series([], dtype=pl.Int64), pl.Series([], dtype=pl.Boolean), [0, 30]).is_empty()
