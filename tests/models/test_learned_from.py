"""What is kept of a training, by hand, and what a later day is held against."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.learned_from import CHURNED, EVERYBODY, compared, learned_from, rates

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=20 * number) for number in range(20)]
LATER = DAYS[-1] + timedelta(days=90)


def matrix(share: float, days: list[date], seed: int, customers: int = 400) -> pl.DataFrame:
    """Customers of each day: a feature above 0 for about a `share` of them, a date that all have in common, churned."""
    random, rows = np.random.default_rng(seed), customers * len(days)
    busy = np.where(random.random(rows) < share, random.exponential(5, rows), 0.0)
    cutoff = pl.Series("cutoff", [day for day in days for _ in range(customers)])
    return pl.DataFrame([cutoff]).with_columns(
        visits__count=pl.Series(busy), calendar__month=pl.col("cutoff").dt.month().cast(pl.Float64),
        rating=pl.when(pl.int_range(pl.len()) % 2 == 0).then(4.0),
        churned=(pl.int_range(pl.len()) % 4 == 0).cast(pl.Int8),
    )  # fmt: skip


def segments(rows: pl.DataFrame) -> pl.Series:
    """Half of the customers trade, a quarter private, the others nothing known."""
    names = pl.Series(["trade", "private", "trade", None])
    return names.gather(pl.int_range(rows.height, eager=True) % 4).rename("segment")


def test_counts_by_day_and_group() -> None:
    rows = pl.DataFrame({"cutoff": [DAYS[0]] * 2 + [DAYS[1]] * 2, "x": [0.0, 2.0, None, 1.0], "churned": [0, 1, 1, 1]})
    group = pl.Series("segment", ["trade", None, "trade", "trade"])

    kept = learned_from(rows, group, {"x": "transactions"})

    x = {row["of"]: row for row in kept.filter(name="x").iter_rows(named=True)}
    assert x[EVERYBODY]["table"] == "transactions" and x[EVERYBODY]["days"] == DAYS[:2]
    assert x[EVERYBODY]["edges"] == [0.0, 1.0, 2.0]  # fifths of 0, 1, 2
    assert x[EVERYBODY]["counts"] == [[0, 1, 0, 1, 0], [1, 0, 1, 0, 0]]  # unknown, 0, 1, 2, above
    assert x["trade"]["counts"] == [[0, 1, 0, 0, 0], [1, 0, 1, 0, 0]]
    found = {of: (one.days, one.shares.tolist()) for of, one in rates(kept).items()}
    assert found == {EVERYBODY: (DAYS[:2], [0.5, 1.0]), "trade": (DAYS[:2], [0.0, 1.0])}
    assert rates(kept)[EVERYBODY].counts.tolist() == [[1, 1], [0, 2]]


def test_a_break_stands_out_and_what_all_have_in_common_is_left_out() -> None:
    learned = matrix(0.3, DAYS, seed=1)
    kept = learned_from(learned, segments(learned), {"visits__count": "transactions"})
    like, unlike = (matrix(share, [LATER], seed=2).drop("churned") for share in (0.3, 0.6))

    found = {
        name: compared(kept, night, segments(night), LATER).filter(name="visits__count", missing=False)
        for name, night in {"like": like, "unlike": unlike}.items()
    }

    assert found["like"]["of"].to_list() == [EVERYBODY, "trade", "private"]
    assert found["like"]["p"].min() > 0.01 and found["unlike"]["p"].max() < 0.01
    assert found["unlike"].filter(of=EVERYBODY)["psi"][0] > 0.25 > found["unlike"]["usual"].max()
    everything = compared(kept, unlike, segments(unlike), LATER)
    # One month for everybody, and one rating for those who have any; who left is not known yet.
    assert everything.select("name", "missing").unique().sort("name").rows() == [
        ("rating", True),
        ("visits__count", False),
    ]


def test_how_much_is_known_is_compared_too() -> None:
    learned = matrix(0.3, DAYS, seed=1)
    kept = learned_from(learned, segments(learned), {})
    gone = matrix(0.3, [LATER], seed=3).with_columns(rating=pl.when(pl.int_range(pl.len()) % 10 == 0).then(4.0))
    found = compared(kept, gone.drop(CHURNED), segments(gone), LATER).filter(of=EVERYBODY, name="rating", missing=True)
    assert found["psi"][0] == pytest.approx(0.4 * np.log(9), rel=0.05) and found["p"][0] < 0.001  # from 1/2 to 1/10


def test_what_nothing_was_learned_from_is_left_out() -> None:
    """Visits a year ago: while the log was shorter than a year there were none, and now there are."""
    learned = matrix(0.3, DAYS, seed=1).with_columns(a_year_ago=pl.lit(0.0), trading=pl.lit(1.0))
    few_do_not = pl.when(pl.int_range(pl.len()) % 20 == 0).then(0.0).otherwise(1.0)
    learned = learned.with_columns(registered=few_do_not)
    kept = learned_from(learned, segments(learned), {})
    half_do_not = (pl.int_range(pl.len()) % 2).cast(pl.Float64)
    later = matrix(0.3, [LATER], seed=2).with_columns(a_year_ago=half_do_not, trading=half_do_not)
    later = later.with_columns(registered=half_do_not).drop(CHURNED)

    found = compared(kept, later, segments(later), LATER).filter(of=EVERYBODY, missing=False)

    assert not {"a_year_ago", "trading"} & set(found["name"])
    assert found.filter(name="registered")["p"][0] < 1e-4  # 95 % of the customers had it, so it could tell some apart
