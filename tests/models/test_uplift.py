"""Uplift: the Qini curve by hand, and a model that finds whom acting helps."""

import numpy as np
import polars as pl
import pytest

from configs.modelling import Training
from models.uplift import Uplift, out_of_fold, qini

TRAINING = Training(rounds=60, learning_rate=0.1, seed=7)


def test_the_curve_and_its_area_by_hand() -> None:
    # In the order of the score: treated 1, treated 1, control 1, treated 0, treated 0, control 0, treated 1, treated 0.
    outcome = np.array([1.0, 1, 1, 0, 0, 0, 1, 0])
    treated = np.array([True, True, False, True, True, False, True, True])

    curves, found = qini(outcome, treated, {"score": -np.arange(8.0)}, seed=1)

    at = dict(curves.select("share", "score").rows())
    # What the treated had less what the controls had, times treated a control, of 6 treated: (2 - 0 x 2 / 0) / 6,
    # (2 - 1 x 3 / 1) / 6, (2 - 1 x 4 / 2) / 6, (3 - 1 x 6 / 2) / 6.
    assert [at[share] for share in (0.25, 0.5, 0.75, 1.0)] == pytest.approx([2 / 6, -1 / 6, 0.0, 0.0])
    # In the end nothing was gained, so no straight line is to be taken off.
    area = np.trapezoid(curves["score"], curves["share"])
    assert found.row(0)[:2] == ("score", pytest.approx(area))
    assert curves["random"].to_list() == pytest.approx([0.0] * 101)


def test_an_order_by_the_effect_beats_its_reverse_and_chance_is_nought() -> None:
    random = np.random.default_rng(3)
    helped, treated = random.random(4000) < 0.3, random.random(4000) < 0.5
    outcome = (random.random(4000) < np.where(helped & treated, 0.6, 0.2)).astype(float)
    orders = {"right": helped * 1.0, "wrong": helped * -1.0, "chance": random.random(4000)}

    _, found = qini(outcome, treated, orders, seed=1, against=["chance"])

    by = {name: (area, low, high) for name, area, low, high in found.rows()}
    # Acting gains 0.4 x 0.3 = 0.12 in all. By right order it is all there at 30 %: area 0.12 x (1 - 0.3) / 2 = 0.042.
    assert by["right"][0] == pytest.approx(0.042, abs=0.008)
    assert by["wrong"][0] == pytest.approx(-0.042, abs=0.008)
    assert by["chance"][1] < 0 < by["chance"][2]
    assert by["right less chance"][1] > 0.02


def test_the_model_finds_whom_acting_helps() -> None:
    random = np.random.default_rng(5)
    x, noise, treated = random.random(4000), random.random(4000), random.random(4000) < 0.5
    value = 10 * noise + np.where(treated, 8 * (x > 0.6), 0.0) + random.normal(0, 2, 4000)
    features = pl.DataFrame({"x": x, "noise": noise})

    model = Uplift.train(features, pl.Series(value), treated, TRAINING)
    found = model.predict(pl.DataFrame({"x": [0.2, 0.9], "noise": [0.9, 0.1]}))

    assert found == pytest.approx([0.0, 8.0], abs=1.0)


def test_a_chance_comes_out_as_a_difference_of_chances() -> None:
    treated = np.array([True, False] * 1000)
    visits = pl.Series(([1.0, 0.0] * 3 + [1.0, 1.0] + [0.0, 0.0] * 6) * 100)  # 4 of 10 treated, 1 of 10 controls

    model = Uplift.train(pl.DataFrame({"x": np.zeros(2000)}), visits, treated, TRAINING)

    assert model.binary and model.predict(pl.DataFrame({"x": [0.0]})) == pytest.approx([0.3])


def test_out_of_fold_nobody_is_scored_by_a_model_that_saw_them() -> None:
    """Each customer has two rows with a number of their own as feature; in fold, it would tell the outcome."""
    random = np.random.default_rng(1)
    number, treated = np.repeat(np.arange(600.0), 2), np.repeat(random.random(600) < 0.5, 2)
    outcome = pl.Series(np.repeat(random.normal(0, 1, 600), 2))
    features, customers = pl.DataFrame({"number": number}), pl.Series(number).cast(pl.String)
    deep = Training(
        rounds=30,
        learning_rate=0.3,
        leaves=255,
        leaf_rows=1,
        lambda_l2=0,
        bagging_fraction=1,
        feature_fraction=1,
        seed=1,
    )

    seen = Uplift.train(features, outcome, treated, deep).predict(features)
    unseen = out_of_fold(features, outcome, treated, customers, deep)

    told = np.where(treated, 1, -1) * outcome.to_numpy()
    assert np.corrcoef(seen, told)[0, 1] > 0.3
    assert abs(np.corrcoef(unseen, told)[0, 1]) < 0.15
