"""Two nights in a row of the simulated company, with what account managers did on the day between."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from configs.modelling import Tracking
from configs.settings import Settings
from configs.sources import Source
from features.tables import TABLES
from features.time import Cutoff
from pipelines.nightly import nightly
from pipelines.storage import MANIFEST, read_json
from tests.flows.conftest import AS_OF, Company

pytestmark = pytest.mark.slow

NEXT = AS_OF + timedelta(days=1)
Night = Callable[[str], pl.DataFrame]


@pytest.fixture(scope="module")
def nights(company: Company, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The publications of both nights; in between, three of the listed were dealt with and one asked for a pause."""
    root = tmp_path_factory.mktemp("outreach")
    (root / "simulated").symlink_to(company.settings.root / "simulated")
    changes = {
        "root": root,
        "sources": company.settings.sources | {"outcomes": Source(path="{root}/outcomes.parquet")},
        "tracking": Tracking(uri=company.settings.tracking_uri),
    }
    settings: Settings = company.settings.model_copy(update=changes)
    TABLES["outcomes"].empty().write_parquet(root / "outcomes.parquet")
    first = nightly(settings, Cutoff(AS_OF, settings.zone), company.log)
    listed = pl.read_parquet(first / "risk_list.parquet")["customer_id"].head(4).to_list()
    at = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 10, tzinfo=UTC)
    done = [
        {"customer_id": name, "list_date": at - timedelta(hours=10), "arm": "treat", "status": status, "at": at}
        | {"known_at": at, "snooze_until": at + timedelta(days=5) if status == "snooze" else None}
        for name, status in zip(listed, ["contacted", "saved", "lost", "snooze"], strict=True)
    ]
    pl.DataFrame(done, schema=TABLES["outcomes"].schema).write_parquet(root / "outcomes.parquet")
    return first, nightly(settings, Cutoff(NEXT, settings.zone), company.log)


@pytest.fixture
def first(nights: tuple[Path, Path]) -> Night:
    return lambda file: pl.read_parquet(nights[0] / file)


@pytest.fixture
def second(nights: tuple[Path, Path]) -> Night:
    return lambda file: pl.read_parquet(nights[1] / file)


def test_decisions_add_up_to_the_scores(nights: tuple[Path, Path], first: Night, second: Night) -> None:
    for folder, night in zip(nights, (first, second), strict=True):
        counts = read_json(folder / MANIFEST)["counts"]
        decisions = night("decisions.parquet")
        assert decisions["customer_id"].equals(night("scores.parquet")["customer_id"])
        assert decisions["code"].null_count() == 0
        assert counts["scored"] == counts["listed"] + counts["control"] + sum(counts["left_alone"].values())
        assert counts["listed"] == night("risk_list.parquet").height
        assert counts["left_alone"]["deselected"] > 0


def test_a_tenth_is_withheld_and_stays_so(first: Night, second: Night) -> None:
    drawn = first("decisions.parquet").filter("would_list").select("customer_id", "arm", "stratum")
    withheld = drawn.filter(pl.col("arm") == "control")
    assert abs(withheld.height - 0.1 * drawn.height) < 1
    by_stratum = drawn.group_by("stratum").agg(customers=pl.len(), controls=(pl.col("arm") == "control").sum())
    assert by_stratum.height == 4
    assert by_stratum.select((pl.col("controls") - 0.1 * pl.col("customers")).abs().max()).item() < 1
    again = drawn.join(second("decisions.parquet").filter("would_list"), on="customer_id", suffix="_next")
    assert again.height > 0.8 * drawn.height
    assert again["arm"].equals(again["arm_next"].alias("arm"))


def test_controls_are_in_no_list(nights: tuple[Path, Path], second: Night) -> None:
    withheld = second("decisions.parquet").filter(pl.col("decision") == "control")["customer_id"].to_list()
    written = [path for path in (nights[1] / "lists").rglob("*") if path.is_file() and path.suffix != ".xlsx"]
    texts = [path.read_text("utf-8") for path in written]
    assert withheld and texts
    assert not any(name in text for name in withheld for text in texts)
    assert not set(withheld) & set(second("risk_list.parquet")["customer_id"])


def test_items_go_on_or_end_as_was_done(nights: tuple[Path, Path], first: Night, second: Night) -> None:
    done = first("risk_list.parquet")["customer_id"].head(4).to_list()
    codes = dict(second("decisions.parquet").select("customer_id", "code").rows())
    assert [codes[name] for name in done] == ["cool_down"] * 3 + ["snoozed"]
    left = pl.read_csv(nights[1] / "team" / "left.csv").filter(pl.col("customer_id").is_in(done))
    assert sorted(left["why"]) == ["contacted"] * 3 + ["snoozed"]
    still = second("risk_list.parquet").filter(pl.col("change") == "still")
    assert still.height > 0.7 * first("risk_list.parquet").height
    assert still["item_opened"].unique().to_list() == [AS_OF]
    assert still["probability_history"].list.len().unique().to_list() == [2]
    moved = still.filter(~pl.col("change_why").str.starts_with("Unchanged"))
    assert moved["change_why"].str.contains(r"^Chance of leaving (up|down) from \d+% to \d+% since 30 Jun 2026").all()


def test_deadlines_do_not_wander(first: Night, second: Night) -> None:
    before = first("decisions.parquet").select("customer_id", "act_by_why", before="act_by")
    both = (
        second("decisions.parquet").filter(pl.col("code") == "open_item").join(before, on=["customer_id", "act_by_why"])
    )
    assert both.height and both["act_by"].equals(both["before"].alias("act_by"))
    assert (second("risk_list.parquet")["act_by"].dt.weekday() <= 5).all()
