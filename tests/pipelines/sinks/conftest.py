"""A root folder with publications of a few customers, and settings that name the sinks."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from configs.settings import Settings
from pipelines.storage import commit, point, staged

Publish = Callable[..., Path]
DAY = date(2026, 6, 15)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {"name": "small", "root": str(tmp_path / "data"), "sources": {"transactions": {"path": "none"}}}
    )


@pytest.fixture
def to_database(settings: Settings, postgresql: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that name an empty database."""
    monkeypatch.setenv("LISTS_DATABASE", postgresql)
    return with_sinks(settings, database="${LISTS_DATABASE}")


@pytest.fixture
def to_objects(settings: Settings, bucket: str) -> Settings:
    """Settings that name a prefix in an empty bucket."""
    return with_sinks(settings, objects=f"s3://{bucket}/lists")


@pytest.fixture
def publish(settings: Settings) -> Publish:
    """Publishes the scores of a day, customer -> probability, and lists those above 0.5."""

    def write(day: date = DAY, model: str = "1", more: pl.Expr | None = None, **scores: float) -> Path:
        root = settings.root / "published"
        frame = pl.DataFrame({"customer_id": list(scores), "churn_probability": list(scores.values())})
        frame = frame.with_columns([] if more is None else more)
        history = [[{"day": day - timedelta(days=1), "churn_probability": 0.25}]] * frame.height
        listed = frame.with_columns(probability_history=pl.Series(history, dtype=HISTORY), rank=pl.lit(1, pl.Int8))
        listed = listed.with_columns(account_manager=pl.lit("Anna"))
        with staged(root, day.isoformat()) as folder:
            frame.write_parquet(folder / "scores.parquet")
            listed.filter(pl.col("churn_probability") > 0.5).write_parquet(folder / "risk_list.parquet")
            (folder / "lists").mkdir()
            (folder / "lists" / "index.html").write_text("<p>Ärger</p>", encoding="utf-8")
            done = commit(root, day.isoformat(), folder, {"as_of": day.isoformat(), "model_version": model})
        point(root / "current", done)
        return done

    return write


HISTORY = pl.List(pl.Struct({"day": pl.Date, "churn_probability": pl.Float64}))


def with_sinks(settings: Settings, **publication: Any) -> Settings:
    merged = settings.publication.model_copy(update=publication)
    return settings.model_copy(update={"publication": merged})
