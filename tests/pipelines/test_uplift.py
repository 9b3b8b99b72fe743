"""The uplift model of those first listed: from which features it learns, when it serves, and what it says tonight."""

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import models.uplift
import pipelines.uplift
from configs.errors import ModelError
from configs.modelling import Training
from configs.settings import Settings
from features.time import Cutoff
from models.uplift import Uplift
from pipelines.outreach import listing
from pipelines.storage import MANIFEST, commit, read_json, staged
from pipelines.uplift import MODEL_FILES, Ordering, gain_tonight, ordering, save_model
from tests.pipelines.outreach.nights import MadeUp, Nights

DAYS = (date(2026, 1, 1), date(2026, 1, 15))
SERVES = pl.DataFrame({"order": ["uplift model"], "qini": [2.0], "low": [1.0], "high": [3.0]})
TONIGHT = Cutoff(date(2026, 6, 1), ZoneInfo("UTC"))


def silent(_: str) -> None: ...


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.uplift, "DRAWS", 60)
    monkeypatch.setattr(pipelines.uplift, "EACH_ARM_AT_LEAST", 100)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    training = {"rounds": 60, "learning_rate": 0.1}
    outreach = {"action_cost": 4.0}
    raw: dict[str, Any] = {"name": "small", "root": str(tmp_path), "sources": {"transactions": {"path": "-"}}}
    return Settings.model_validate(raw | {"training": training, "outreach": outreach})


def customers(settings: Settings, effect: float) -> pl.DataFrame:
    """Rows as of `happened`, half of them on each day, with features kept; acting helps where `anger` is above 0.5."""
    random = np.random.default_rng(2)
    anger, treated = random.random(1600), random.random(1600) < 0.5
    parts = []
    for number, day in enumerate(DAYS):
        half = slice(800 * number, 800 * (number + 1))
        ids = [f"C{place}" for place in range(1600)[half]]
        kept = pl.DataFrame({"customer_id": ids, "cutoff": [day] * 800, "anger": anger[half], "noise": anger[half] * 0})
        folder = settings.root / "scored" / day.isoformat()
        folder.mkdir(parents=True)
        kept = kept.with_columns(pl.lit(1.0).alias("new")) if number else kept  # not there on the first day
        kept.write_parquet(folder / "features.parquet")
        value = random.normal(50, 10, 800) + np.where(treated[half] & (anger[half] > 0.5), effect, 0.0)
        rows = {"customer_id": ids, "cutoff": [day] * 800, "value": value, "season": ["s"] * 800}
        arms = np.where(treated[half], "treat", "control")
        parts.append(pl.DataFrame(rows).with_columns(arm=pl.Series(arms), churn_probability=pl.Series(1 - anger[half])))
    return pl.concat(parts).with_columns(value_at_risk=pl.col("churn_probability") * 100)


def written(settings: Settings, found: Ordering) -> Path:
    root = settings.root / "effect"
    with staged(root, "2026-05-01") as folder:
        save_model(found, folder)
        commit(root, "2026-05-01", folder, {})
    return root / "2026-05-01"


def test_it_finds_whom_acting_helps_and_orders_tonight(settings: Settings) -> None:
    found = ordering(settings, customers(settings, effect=30.0))

    assert found is not None and found.serves
    assert found.model.treated.feature_name() == ["anger", "noise"]  # those of both days
    by = {name: area for name, area, _, _ in found.qini.rows()}
    assert (
        by["uplift model"] > 2 > 0 > by["chance of leaving"]
    )  # of 15 on average, 7.5 x 0.5 at best: risk points the wrong way
    folder = written(settings, found)
    tonight = pl.DataFrame({"customer_id": ["A", "B"], "cutoff": [TONIGHT.day] * 2, "anger": [0.9, 0.1]})
    tonight = tonight.with_columns(noise=pl.lit(0.0), more=pl.lit(1.0))
    tonight.write_parquet(settings.root / "tonight.parquet")
    gain = gain_tonight(settings, TONIGHT, settings.root / "tonight.parquet", silent)
    assert gain is not None and gain["customer_id"].to_list() == ["A", "B"]
    assert gain["expected_gain"].to_list() == pytest.approx([30 - 4, 0 - 4], abs=5)

    earlier = Cutoff(date(2026, 4, 30), ZoneInfo("UTC"))
    assert gain_tonight(settings, earlier, settings.root / "tonight.parquet", silent) is None  # not measured yet
    lines: list[str] = []
    tonight.drop("anger").write_parquet(settings.root / "less.parquet")
    assert gain_tonight(settings, TONIGHT, settings.root / "less.parquet", lines.append) is None
    assert lines == ["warning: uplift model left out: no feature anger. Run `holdfast effect` again."]
    (folder / MODEL_FILES[0]).write_text("tree")
    with pytest.raises(ModelError, match="not the file that was written"):
        gain_tonight(settings, TONIGHT, settings.root / "tonight.parquet", silent)


def test_lists_are_ordered_by_what_acting_brings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "explainer", lambda *_: MadeUp())
    figures = {"calm": (0.9, 1000.0), "angry": (0.5, 100.0), "middling": (0.6, 100.0)}
    complaints = {"calm": 0.0, "angry": 1.0, "middling": 0.4}
    outreach = {"control_share": 0, "action_cost": 2, "minimum_probability": 0}
    nights = Nights(tmp_path, figures, outreach=outreach, lists={"customers_per_manager": 2}, complaints=complaints)
    random = np.random.default_rng(4)
    grievance, treated = random.random(2000), random.random(2000) < 0.5
    value = pl.Series(np.where(treated, 20 * grievance, 0.0) + random.normal(0, 1, 2000))
    model = Uplift.train(
        pl.DataFrame({"complaints": grievance}), value, treated, Training(rounds=60, learning_rate=0.1)
    )
    with staged(nights.settings.root / "effect", "2026-06-01") as folder:
        save_model(Ordering(pl.DataFrame(), SERVES, model), folder)
        commit(nights.settings.root / "effect", "2026-06-01", folder, {})

    published = nights.publish(0)

    gains = {name: row["expected_gain"] for name, row in nights.decisions(0).items()}
    assert gains == pytest.approx({"angry": 18.0, "middling": 6.0, "calm": -2.0}, abs=1.5)
    assert {name: row["rank"] for name, row in nights.listed(0).items()} == {"angry": 1, "middling": 2}
    basis = "what acting brought for customers alike, learned from earlier lists; €2.00 for acting taken off"
    assert {row["gain_basis"] for row in nights.listed(0).values()} == {basis}
    assert read_json(published / MANIFEST)["save_rate"]["source"] == "uplift"


def test_where_acting_helps_all_alike_it_does_not_serve(settings: Settings) -> None:
    found = ordering(settings, customers(settings, effect=0.0))
    assert found is not None and not found.serves
    assert found.lines()[0].endswith("no better than chance, so lists stay as they are")
    assert not list(written(settings, found).glob("*.txt"))
    assert gain_tonight(settings, TONIGHT, settings.root, silent) is None


def test_too_few_or_no_features_kept(settings: Settings) -> None:
    rows = customers(settings, effect=30.0)
    controls = rows.filter(arm="control")
    assert ordering(settings, pl.concat([rows.filter(arm="treat"), controls.head(99)])) is None
    assert ordering(settings, rows.with_columns(cutoff=pl.lit(date(2025, 1, 1)))) is None
