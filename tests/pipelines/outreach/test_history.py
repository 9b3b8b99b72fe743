"""Earlier publications: found by their day, read with the columns asked for, and never one of a later day."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.outreach.history import Published, probability_history, published_before, published_on
from pipelines.storage import commit, staged

TODAY = date(2026, 7, 10)
SCORES = ["customer_id", "churn_probability"]


def publish(root: Path, day: date, **scores: float) -> Path:
    """A publication with nothing but scores, the cutoff beside them."""
    frame = pl.DataFrame({"customer_id": list(scores), "churn_probability": list(scores.values())})
    with staged(root, day.isoformat()) as folder:
        frame.with_columns(cutoff=pl.lit(day)).write_parquet(folder / "scores.parquet")
        return commit(root, day.isoformat(), folder, {})


def test_only_earlier_days_count_in_their_order(tmp_path: Path) -> None:
    for days in (3, -1, 0, 1, 40):
        publish(tmp_path, TODAY - timedelta(days=days), A=0.5)
    (tmp_path / "current").symlink_to(tmp_path / TODAY.isoformat())
    (tmp_path / "2026-99-99").mkdir()
    (tmp_path / "2026-06-01").symlink_to(tmp_path / "removed")

    found = published_before(tmp_path, TODAY)

    assert [(TODAY - p.day).days for p in found] == [40, 3, 1]
    assert [p.day for p in published_on(tmp_path, TODAY)] == [TODAY]
    assert published_on(tmp_path, date(2026, 7, 5)) == []
    assert published_before(tmp_path / "none", TODAY) == []


def test_a_publication_is_the_revision_of_the_moment(tmp_path: Path) -> None:
    first = publish(tmp_path, TODAY, A=0.5)
    (found,) = published_on(tmp_path, TODAY)
    publish(tmp_path, TODAY, A=0.9)

    assert found.folder == first.resolve()
    assert found.read("scores.parquet", {"churn_probability": pl.Float64()})["churn_probability"].to_list() == [0.5]


def test_files_and_columns_of_older_versions_may_be_missing(tmp_path: Path) -> None:
    found = Published(TODAY, publish(tmp_path, TODAY, A=0.5))

    assert found.read("decisions.parquet", {"arm": pl.String()}).schema == {"arm": pl.String}
    assert found.read("scores.parquet", {"customer_id": pl.String(), "arm": pl.String()}).rows() == []


def test_thirty_days_of_probabilities_up_to_tonight_and_none_from_later(tmp_path: Path) -> None:
    publish(tmp_path, TODAY - timedelta(days=31), A=0.1)
    publish(tmp_path, TODAY - timedelta(days=30), A=0.2)
    publish(tmp_path, TODAY - timedelta(days=1), A=0.4, B=0.9, C=0.9)
    publish(tmp_path, TODAY, A=0.77)  # an earlier run of today
    publish(tmp_path, TODAY + timedelta(days=1), A=0.99, B=0.99)
    tonight = pl.DataFrame({"customer_id": ["B", "A"], "churn_probability": [0.6, 0.5]})

    found = probability_history(published_before(tmp_path, TODAY), tonight, TODAY)

    points = [[(p["day"].isoformat(), p["churn_probability"]) for p in row] for row in found["probability_history"]]
    assert found["customer_id"].to_list() == ["B", "A"]
    assert points == [
        [("2026-07-09", 0.9), ("2026-07-10", 0.6)],
        [("2026-06-10", 0.2), ("2026-07-09", 0.4), ("2026-07-10", 0.5)],
    ]


def test_the_first_night_has_one_point_and_nobody_has_none(tmp_path: Path) -> None:
    tonight = pl.DataFrame({"customer_id": ["A"], "churn_probability": [0.5]})

    assert probability_history([], tonight, TODAY)["probability_history"].list.len().to_list() == [1]
    assert probability_history([], tonight.clear(), TODAY).columns == ["customer_id", "probability_history"]
