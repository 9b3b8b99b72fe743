"""The simulation as a whole: repeatable, realistic, and strict about its arguments."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.simulate import parameters
from pipelines.simulate.company import simulate


def read(directory: Path) -> dict[str, pl.DataFrame]:
    return {path.name: pl.read_parquet(path) for path in directory.rglob("*.parquet")}


def test_the_same_arguments_give_the_same_files_and_another_seed_others(tmp_path):
    arguments = {"customers": 120, "until": date(2024, 3, 1), "history_days": 200, "horizon_days": 20}

    first = simulate(tmp_path / "first", seed=1, **arguments)
    simulate(tmp_path / "again", seed=1, **arguments)
    simulate(tmp_path / "other", seed=2, **arguments)

    written, again, other = (read(tmp_path / name) for name in ("first", "again", "other"))
    assert len(written) == 12
    assert first.truth == tmp_path / "first" / "truth.parquet"
    for name, frame in written.items():
        assert_frame_equal(frame, again[name], check_exact=True)
    assert not written["transactions.parquet"].equals(other["transactions.parquet"])
    assert not written["truth.parquet"].equals(other["truth.parquet"])


def test_calls_keep_those_who_are_annoyed(tmp_path):
    arguments = {"customers": 600, "seed": 1, "until": date(2024, 3, 1), "history_days": 240, "horizon_days": 1}
    ids = [f"C{number:06d}" for number in range(1, 601)]
    days = [date(2023, 8, 1), date(2023, 9, 25), date(2023, 11, 20), date(2024, 1, 15)]
    calls = pl.DataFrame({"customer_id": ids * 4, "day": [day for day in days for _ in ids]})

    alone = simulate(tmp_path / "alone", **arguments)
    called = simulate(tmp_path / "called", **arguments, calls=calls)

    assert called.yearly_leaving_rate < 0.7 * alone.yearly_leaving_rate


def test_churn_is_as_frequent_as_intended(company):
    assert 0.25 <= company.summary.yearly_leaving_rate <= 0.40
    assert 0.20 <= company.summary.base_rate <= 0.37


def test_who_has_left_does_nothing_any_more(tmp_path, monkeypatch):
    # Everyone leaves the day after signing up (those who were there before: on day 0), so all there is are purchases
    # on the day of signing up; the company keeps writing letters in vain.
    monkeypatch.setattr(parameters, "BASE_HAZARD", 1e9)
    monkeypatch.setattr(parameters, "HIGHEST_HAZARD", 1.0)

    summary = simulate(tmp_path, customers=200, seed=3, until=date(2024, 3, 1), history_days=200, horizon_days=20)

    tables = {path.stem: pl.read_parquet(path) for path in summary.raw.glob("*.parquet")}
    bought = tables["transactions"].join(tables["customers"], on="customer_id")
    assert bought.height > 50
    assert (bought["occurred_at"].dt.date() == bought["signed_up_on"]).all()
    letters = tables["interactions"].filter(pl.col("direction") == "out")
    assert letters.height > 100
    assert letters["responded_at"].null_count() == letters.height
    assert tables["surveys"]["answered_at"].null_count() == tables["surveys"].height > 0
    truth = pl.read_parquet(summary.truth)
    assert truth["churned"].min() == 1
    assert truth["true_churn_probability"].min() == pytest.approx(1.0)
    assert truth["value"].abs().max() == 0


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"history_days": 180}, {"horizon_days": 0}])
def test_too_small_arguments_are_refused_with_the_reason(tmp_path, wrong):
    arguments = {"customers": 10, "history_days": 200, "horizon_days": 90} | wrong
    with pytest.raises(ValueError, match=r"more than 180 days of history"):
        simulate(tmp_path, seed=1, until=date(2024, 3, 1), **arguments)
    assert list(tmp_path.iterdir()) == []
