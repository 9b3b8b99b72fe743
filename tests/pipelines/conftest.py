"""Small companies made of frames, and a way to read back what was stored of them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from configs.settings import Settings
from features.time import Cutoff


@pytest.fixture
def cutoff() -> Cutoff:
    return Cutoff(date(2024, 6, 1), ZoneInfo("UTC"))


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """Builds settings whose sources are the given frames, saved as Parquet; keywords are settings of ingest."""

    def build(tables: dict[str, pl.DataFrame], **ingest: Any) -> Settings:
        (tmp_path / "raw").mkdir(exist_ok=True)
        for name, frame in tables.items():
            frame.write_parquet(tmp_path / "raw" / f"{name}.parquet")
        return Settings.model_validate(
            {
                "name": "small",
                "root": str(tmp_path / "data"),
                "sources": {name: {"path": str(tmp_path / "raw" / f"{name}.parquet")} for name in tables},
                "ingest": {"buckets": 2, "quarantined_share_limit": 1} | ingest,
            }
        )

    return build


@pytest.fixture
def stored() -> Callable[[Path, str], pl.DataFrame]:
    """Reads all buckets of a table of a store."""
    return lambda store, table: pl.concat(pl.read_parquet(path) for path in sorted((store / table).glob("*.parquet")))
