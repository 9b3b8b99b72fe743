"""Tables of a report, on customers few enough to count by hand."""

import numpy as np
import polars as pl
import pytest

from models import curves
from models.metrics import calibration_error, lift_at, value_captured

# Twenty customers, from the likeliest to leave to the least; a decile is two of them.
PROBABILITY = np.linspace(0.95, 0.0, 20)  # 0.95, 0.90 .. 0.00
CHURNED = np.array([1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0.0])  # 8 of 20
VALUE = np.arange(20) * 10.0  # those who stay bring more; 1,900 together


def test_the_decile_table_by_hand() -> None:
    found = curves.deciles(CHURNED, PROBABILITY, VALUE, VALUE / 2)
    assert found["decile"].to_list() == list(range(1, 11))
    first, second, fourth = (found.row(i, named=True) for i in (0, 1, 3))
    # Two leavers of two; chances 0.95 and 0.90; by chance 2 x 8 / 20 = 0.8 leavers, so 2 / 0.8 = 2.5 times as many.
    assert first == pytest.approx(
        {
            "decile": 1,
            "customers": 2,
            "predicted": 0.925,
            "happened": 1.0,
            "leavers": 2,
            "of_all_leavers": 2 / 8,
            "lift": 2.5,
            "predicted_value": 5.0,
            "value": 10.0,
        }
    )
    assert (second["of_all_leavers"], second["lift"]) == (4 / 8, pytest.approx(2.5))
    # Down to the fourth tenth: 6 leavers of 8 customers where 3.2 were to be expected.
    assert (fourth["leavers"], fourth["happened"], fourth["lift"]) == (1, 0.5, pytest.approx(6 / 3.2))
    assert found["leavers"].sum() == 8 and found["value"].sum() == 1900
    assert found.row(9, named=True)["lift"] == pytest.approx(1.0)


def test_deciles_do_not_depend_on_the_order_of_the_rows() -> None:
    order = np.random.default_rng(1).permutation(20)
    shuffled = curves.deciles(CHURNED[order], PROBABILITY[order], VALUE[order], VALUE[order])
    assert shuffled.equals(curves.deciles(CHURNED, PROBABILITY, VALUE, VALUE))


def test_reliability_is_what_the_calibration_error_is_the_mean_of() -> None:
    found = curves.reliability(CHURNED, PROBABILITY)
    assert found["predicted"].to_list()[:2] == pytest.approx([0.025, 0.125])  # the lowest bin first
    assert found["happened"].to_list() == [0, 0, 0, 0.5, 0, 0.5, 0.5, 0.5, 1, 1]
    distance = (found["predicted"] - found["happened"]).abs().to_numpy().mean()
    assert distance == pytest.approx(calibration_error(CHURNED, PROBABILITY))
    assert ((found["low"] <= found["happened"]) & (found["happened"] <= found["high"])).all()


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe (1998), table I: 81 of 263 is 0.2553 to 0.3662, 15 of 148 is 0.0624 to 0.1605, 0 of 20 is 0 to 0.1611.
    assert curves.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert curves.wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert curves.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert curves.wilson(0, 17)[0] == 0 and curves.wilson(20, 20)[1] == 1  # not a rounding error beyond


def test_gains_and_lift() -> None:
    gained = curves.gains(CHURNED, {"model": PROBABILITY, "reversed": -PROBABILITY})
    assert gained.columns == ["share", "model", "reversed", "ideal", "by chance"]
    at = {round(row["share"], 2): row for row in gained.iter_rows(named=True)}
    # The four likeliest are all leavers; the four unlikeliest none; who knows all has the 8 leavers in the first 8.
    assert (at[0.2]["model"], at[0.2]["reversed"], at[0.2]["ideal"]) == (4 / 8, 0, 4 / 8)
    assert (at[0.4]["ideal"], at[0.4]["by chance"]) == (1, pytest.approx(0.4))
    assert [at[0.0]["model"], at[1.0]["model"]] == [0, 1]
    lifted = curves.lift(gained)
    assert lifted.columns == ["share", "model", "reversed", "ideal"]
    found = {round(row["share"], 2): row["model"] for row in lifted.iter_rows(named=True)}
    assert found[0.1] == pytest.approx(lift_at(CHURNED, PROBABILITY, 0.1)) == pytest.approx(2.5)


def test_value_captured_is_a_share_of_the_truly_best() -> None:
    found = curves.value_captured(VALUE, {"model": VALUE, "wrong": -VALUE})
    at = {round(row["share"], 2): row for row in found.iter_rows(named=True)}
    assert (found["model"] == 1).all()
    # The worst four hold 0 + 10 + 20 + 30, the best four 160 + 170 + 180 + 190.
    assert at[0.2]["wrong"] == pytest.approx(60 / 700) == pytest.approx(value_captured(VALUE, -VALUE))
    assert at[1.0]["wrong"] == 1
    assert curves.value_captured(-VALUE, {"model": VALUE}).width == 0


def test_value_tenth_by_tenth() -> None:
    predicted = VALUE[::-1].copy()  # those who bring nothing are predicted most valuable
    found = curves.value_deciles(VALUE, predicted, VALUE - 5, np.where(VALUE < 100, VALUE, VALUE - 1))
    first, last = found.row(0, named=True), found.row(9, named=True)
    assert (first["predicted"], first["actual"], first["ratio"]) == (185, 5, 37)
    assert (last["predicted"], last["actual"]) == (5, 185)
    assert (first["within"], last["within"]) == (1, 0)
    nothing = np.zeros(20)
    assert curves.value_deciles(nothing, predicted, nothing, nothing)["ratio"].null_count() == 10


def test_segments_keep_their_order_and_leave_few_out() -> None:
    # 40 customers of the north, of whom 10 left; 29 of the south; 31 of nowhere known, who all stayed.
    region = pl.Series(["north"] * 40 + ["south"] * 29 + [None] * 31)
    band = pl.Series(["low"] * 30 + ["high"] * 70, dtype=pl.Enum(["low", "high"]))
    churned = np.array([1.0] * 10 + [0.0] * 90)
    found = curves.by_segment(churned, np.full(100, 0.5), [("region", region), ("spend", band)])
    assert found.select("segment", "of", "customers", "happened").rows() == [
        ("region", "north", 40, 0.25),
        ("region", "unknown", 31, 0.0),
        ("spend", "low", 30, pytest.approx(1 / 3)),
        ("spend", "high", 70, 0.0),
    ]
    assert found["predicted"].to_list() == [0.5] * 4
    assert curves.by_segment(churned, churned, [("few", pl.Series(["a"] * 10 + ["b"] * 90)[::-1])]).height == 1


def test_bands_of_a_number() -> None:
    bands = curves.fifths(pl.Series([*range(1, 101), None]))
    # Twenty customers each; the 20th smallest of 100 is at 0.2 x 99, the number 20.
    counted = bands.alias("band").drop_nulls().value_counts().sort("band")
    expected = {"up to 20": 20, "20 to 40": 20, "40 to 60": 20, "60 to 80": 20, "above 80": 20}
    assert dict(counted.iter_rows()) == expected and counted["band"].to_list() == list(expected)
    assert bands[-1] is None
    assert curves.fifths(pl.Series([0.0] * 90 + [1500.4] * 10)).cast(pl.String).unique().sort().to_list() == [
        "above 0",
        "up to 0",
    ]
    assert curves.fifths(pl.Series([5.0] * 10)).cast(pl.String).unique().to_list() == ["any number"]
    assert curves.fifths(pl.Series([None, None], dtype=pl.Float64)).null_count() == 2
