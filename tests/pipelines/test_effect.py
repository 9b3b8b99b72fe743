"""The effect of acting, from publications and a store: who counts, what became of them, what is told to whom."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import pipelines.effect
from configs.errors import DataError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.decisions import READ
from pipelines.effect import Measured, happened, measure
from pipelines.ingest import ingest
from pipelines.outreach import listing
from pipelines.reports.effect import effect_page, in_words, write_effect
from pipelines.uplift import Ordering
from tests.pipelines.outreach.nights import MadeUp, Nights

FIRST, SECOND, TODAY = date(2026, 1, 1), date(2026, 1, 15), date(2026, 4, 1)
AS_OF = Cutoff(TODAY, ZoneInfo("UTC"))
MANAGER = "Anna Schmidt"
Log = list[str]


def silent(_: str) -> None: ...


def decided(day: date, **arms: str | None) -> pl.DataFrame:
    """The decisions of a day: customers by name with their arms; None: left alone."""
    rows = [
        {"customer_id": name, "cutoff": day, "season": "2026-Q1", "arm": arm, "would_list": arm is not None}
        | {"churn_probability": 0.5, "value_at_risk": 50.0, "predicted_clv": 50.0, "account_manager": MANAGER}
        for name, arm in arms.items()
    ]
    return pl.DataFrame(rows, schema=dict(READ))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A company whose customers buy on a day and for an amount that their names tell: T030_10 on day 30, for 10."""
    names = {"T005_20": "trade", "T030_10": "trade", "T059_7": "private", "T060_9": "private", "C010_30": "trade"}
    names |= {"C080_5": "private", "GONE": "trade", "NEVER": "private"}
    sales = [
        {"transaction_id": f"{name}/{kind}", "customer_id": name, "occurred_at": day, "amount": amount}
        for name in names
        for kind, day, amount in (
            ("before", date(2025, 12, 1), 100),
            *([("later", date(2026, 1, 1 + int(name[1:4])) if int(name[1:4]) < 31 else
               date.fromordinal(FIRST.toordinal() + int(name[1:4])), int(name[5:]))] if "_" in name else []),
        )
    ]  # fmt: skip
    people = pl.DataFrame({"customer_id": list(names), "segment": list(names.values())})
    objections = pl.DataFrame({"customer_id": ["GONE"], "kind": ["erased"], "effective_at": [date(2026, 3, 1)]})
    outcomes = pl.DataFrame(
        [
            ("T005_20", date(2026, 1, 1), "contacted", date(2026, 1, 3)),
            ("T005_20", date(2026, 1, 1), "saved", date(2026, 1, 9)),  # of the same list: one action
            ("T005_20", date(2026, 2, 1), "contacted", date(2026, 2, 3)),
            ("T030_10", date(2026, 1, 1), "snooze", date(2026, 1, 2)),
            ("T030_10", date(2026, 3, 2), "contacted", date(2026, 3, 4)),  # after the horizon
            ("C010_30", date(2025, 11, 1), "contacted", date(2025, 11, 3)),  # before
        ],
        schema=["customer_id", "list_date", "status", "at"],
        orient="row",
    ).with_columns(arm=pl.lit("treat"), action=pl.lit("call"), reason=pl.lit(None), by=pl.lit("Anna Schmidt"))
    tables = {"customers": people, "transactions": pl.DataFrame(sales), "objections": objections, "outcomes": outcomes}
    (tmp_path / "raw").mkdir()
    for name, frame in tables.items():
        frame.write_parquet(tmp_path / "raw" / f"{name}.parquet")
    made = Settings.model_validate(
        {
            "name": "small",
            "root": str(tmp_path / "data"),
            "sources": {name: {"path": str(tmp_path / "raw" / f"{name}.parquet")} for name in tables},
            "ingest": {"buckets": 2},
            "churn": {"horizon_days": 60},
            "outreach": {"action_cost": 2.5},
        }
    )
    ingest(made, AS_OF, silent)
    return made


@pytest.fixture
def published(settings: Settings) -> Callable[[pl.DataFrame], None]:
    def publish(decisions: pl.DataFrame) -> None:
        folder = settings.root / "published" / decisions["cutoff"][0].isoformat()
        folder.mkdir(parents=True)
        decisions.write_parquet(folder / "decisions.parquet")

    return publish


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What MLflow was told."""
    runs: list[tuple[Any, ...]] = []
    monkeypatch.setattr(pipelines.effect, "log_figures", lambda settings, *told: runs.append(told))
    return runs


LISTED = decided(
    FIRST, T005_20="treat", T030_10="treat", T059_7="treat", T060_9="treat", C010_30="control", GONE="treat", NEVER=None
)


def test_what_became_of_them_within_their_horizons(settings: Settings) -> None:
    store = settings.folder_of("store", TODAY)
    listed = pl.concat([LISTED.filter("would_list"), decided(SECOND, C080_5="control")])

    rows = happened(settings, store, listed, AS_OF, "segment")

    # The horizon of 60 days ends before day 60 after the list; day 80 of the company is day 66 after the second list.
    assert rows.select("customer_id", "retained", "value", "actions", "segment").rows() == [
        ("C010_30", 1.0, 30.0, 0, "trade"),
        ("T005_20", 1.0, 20.0, 2, "trade"),
        ("T030_10", 1.0, 10.0, 0, "trade"),
        ("T059_7", 1.0, 7.0, 0, "private"),
        ("T060_9", 0.0, 0.0, 0, "private"),
        ("C080_5", 0.0, 0.0, 0, "private"),
    ]


def test_the_effect_in_figures_and_words(
    settings: Settings, published: Callable[[pl.DataFrame], None], tracked: list[tuple[Any, ...]]
) -> None:
    published(LISTED)
    published(decided(SECOND, C080_5="control", C010_30="control"))
    published(decided(date(2026, 3, 20), NEVER="control"))
    log: Log = []

    found = measure(settings, AS_OF, "account_manager", log.append)

    assert found is not None
    stayed, value = (found.of_everybody(measure) for measure in ("retained", "value"))
    assert (stayed["treated"], stayed["control"], found.waiting) == (4, 2, 1)
    assert (stayed["mean_treated"], stayed["mean_control"]) == (0.75, 0.5)
    assert value["difference"] == pytest.approx((20 + 10 + 7 + 0) / 4 - (30 + 0) / 2)
    assert (found.money.gain, found.money.cost) == pytest.approx((4 * -5.75, 2 * 2.5))
    assert (found.actions, found.counted) == (2, True)
    assert in_words(found, "EUR")[0] == "4 customers treated, 2 controls; the horizon of 1 more is not over"
    assert "stayed: 75% of the treated, 50% of the controls; adjusted +25.0 points (" in in_words(found, "EUR")[1]
    assert "-€23.00" in in_words(found, "EUR")[3] and "that cost €5.00: -€5.60 (" in in_words(found, "EUR")[3]
    ((run, parameters, metrics, _),) = tracked
    assert (run, parameters) == ("effect", {"as_of": "2026-04-01"})
    assert metrics["value_difference"] == pytest.approx(-5.75) and metrics["cost"] == 5.0
    assert MANAGER not in str((log, tracked, in_words(found, "EUR")))


def test_groups_and_seasons_are_shown_where_both_arms_are_large_enough(
    settings: Settings, published: Callable[[pl.DataFrame], None], tracked: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    published(LISTED)
    published(decided(SECOND, C080_5="control").with_columns(season=pl.lit("2026-H1")))
    monkeypatch.setattr(pipelines.effect, "FEWEST", 1)

    found = measure(settings, AS_OF, "segment", silent)

    assert found is not None
    assert found.table.filter(measure="retained").select("of", "treated", "control").rows() == [
        ("all customers", 4, 2),
        ("season 2026-Q1", 4, 1),
        ("segment: trade", 2, 1),
    ]  # the private customers of either season are all in one arm
    with pytest.raises(DataError, match="no column colour to measure by"):
        measure(settings, AS_OF, "colour", silent)


def test_too_early_and_no_controls(settings: Settings, published: Callable[[pl.DataFrame], None]) -> None:
    log: Log = []
    with pytest.raises(DataError, match="no publication before 2026-04-01 would have listed a customer"):
        measure(settings, AS_OF, None, silent)
    published(decided(date(2026, 2, 20), T005_20="treat", C010_30="control"))
    assert measure(settings, AS_OF, None, log.append) is None
    assert log == ["not enough yet: about 3 more weeks, the first horizon is over on 2026-04-21"]
    published(decided(FIRST, T030_10="treat"))
    assert measure(settings, AS_OF, None, log.append) is None
    assert "no controls among 1 customers. Set outreach.control_share" in log[1]


def test_a_horizon_that_ends_as_the_day_begins_is_over(
    settings: Settings, published: Callable[[pl.DataFrame], None], tracked: list[tuple[Any, ...]]
) -> None:
    published(decided(date(2026, 1, 31), T059_7="treat", C010_30="control"))  # 60 days before 1 April
    published(decided(date(2026, 2, 1), C080_5="control"))  # its horizon still holds 1 April
    found = measure(settings, AS_OF, None, silent)
    assert found is not None and found.waiting == 1
    stayed = found.of_everybody("retained")
    assert (stayed["treated"], stayed["control"]) == (1, 1)


def test_without_outcomes_one_action_a_customer_is_assumed(
    settings: Settings, published: Callable[[pl.DataFrame], None], tracked: list[tuple[Any, ...]]
) -> None:
    published(decided(FIRST, T059_7="treat", T060_9="treat", C010_30="control"))
    found = measure(settings, AS_OF, None, silent)
    assert found is not None and (found.actions, found.counted) == (2, False)
    assert "by 2 actions (assumed: one a customer)" in in_words(found, "EUR")[3]


def test_from_what_a_night_published(
    tmp_path: Path, tracked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "explainer", lambda *_: MadeUp())
    names = [f"C{number:02d}" for number in range(40)]
    outreach, lists = {"control_share": 0.5, "item_days": 2}, {"customers_per_manager": 40}
    nights = Nights(tmp_path, dict.fromkeys(names, (0.5, 100.0)), outreach=outreach, lists=lists)
    for night in (0, 1, 5):
        nights.publish(night)
    arms = {name: row["arm"] for name, row in nights.decisions(0).items()}
    # All whom the list shows buy again within the horizon, none of the others does.
    nights.bought = {name: date(2026, 8, 1) for name, arm in arms.items() if arm == "treat"}
    cutoff, _ = nights.score(95, without=())

    found = measure(nights.settings, cutoff, None, silent)

    assert found is not None
    stayed, value = (found.of_everybody(measure) for measure in ("retained", "value"))
    assert (stayed["treated"], stayed["control"]) == (20, 20)
    assert (stayed["mean_treated"], stayed["mean_control"], value["difference"]) == (1.0, 0.0, pytest.approx(10.0))


def test_the_folder_and_its_page(
    settings: Settings, published: Callable[[pl.DataFrame], None], tracked: list[tuple[Any, ...]]
) -> None:
    published(LISTED)
    found = measure(settings, AS_OF, None, silent)
    assert found is not None

    folder = write_effect(settings, AS_OF, found)

    assert folder == settings.root / "effect" / "2026-04-01"
    assert {"effect.parquet", "effect.csv", "index.html"} < {path.name for path in folder.iterdir()}
    assert pl.read_parquet(folder / "effect.parquet").equals(found.table)
    curves = pl.DataFrame({"share": [0.0, 1.0], "random": [0.0, 2.0], "uplift model": [0.0, 2.0]})
    qini = pl.DataFrame({"order": ["uplift model"], "qini": [1.5], "low": [0.5], "high": [2.5]})
    with_uplift = Measured(found.table, found.money, 1, True, 0, Ordering(curves, qini, None))  # ty: ignore[invalid-argument-type]
    hostile = settings.model_copy(update={"company": "<script>"})
    assert "Not enough yet: an uplift model is learned from 500 customers of each arm on." in effect_page(
        found, hostile
    )
    page = effect_page(with_uplift, hostile)
    assert page.count("<svg") == 2 * 3  # each drawn wide and narrow
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "uplift model: Qini +1.50 (+0.50 to +2.50): lists are ordered by it" in page
