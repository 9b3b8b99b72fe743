"""What a night says of itself: in words, what is new, what to do; and that it never harms what was published."""

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import pipelines.monitor
import pipelines.nightly
from configs.errors import DataError, ModelError
from configs.settings import Settings
from features.time import Cutoff
from pipelines.monitor import in_words, monitor, new_alarms, retraining
from pipelines.monitoring.champion import of_age
from pipelines.monitoring.checks import figures
from pipelines.monitoring.history import NIGHT, history, judged
from pipelines.nightly import monitoring, nightly
from pipelines.reports.monitor import PAGE_FILE
from pipelines.score import SCORES_FILE
from tests.pipelines.outreach.nights import Nights

DAY = date(2026, 7, 2)


def figure(check: str, table: str | None, name: str | None, level: str = "alarm", **more: Any) -> dict[str, Any]:
    row = {"day": DAY, "check": check, "table": table, "name": name, "of": None, "value": 0.5, "usual": 0.1, "p": None}
    return row | {"beyond": level != "ok", "says": f"says {name}", "nights": 1, "level": level} | more


def night(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=NIGHT, orient="row")


def settings_of(**monitoring: Any) -> Settings:
    sources = {"transactions": {"path": "x.csv"}}
    return Settings.model_validate({"name": "shop", "sources": sources, "monitoring": monitoring})


def test_a_sentence_for_each_table_with_the_furthest_first() -> None:
    found = night(
        figure("features", "complaints", "c", p=0.03),
        figure("features", "complaints", "b", p=0.001, of="trade", nights=3),
        figure("features", "complaints", "d", p=0.04),
        figure("features", "complaints", "e", p=0.05),
        figure("features", "returns, complaints", "moved", "ok", p=0.2, of="all customers"),
        figure("columns", "complaints", "first_response_at", p=0.001),
        figure("base rate", None, "scored as leaving", of="all customers"),
        figure("volume", "costs", None, "warn"),
    )  # fmt: skip
    assert in_words(found, "alarm") == [
        "features of complaints: b, trade: says b (night 3); c: says c; d: says d; and 1 more",
        "columns of complaints: first_response_at: says first_response_at; of the features made of it, moved most: "
        "b, c, d",  # none of these is known to be made of the column
        "base rate: scored as leaving: says scored as leaving",
    ]
    assert in_words(found, "warn") == ["volume of costs: says None"]


def test_of_the_features_those_made_of_the_column_are_named() -> None:
    waited, opened = "complaints__response_hours_mean_90d", "complaints__complaints_count_90d"
    found = night(
        figure("columns", "complaints", "first_response_at (days waited)"),
        figure("features", "complaints", opened, "ok", p=0.001, of="all customers"),
        figure("features", "complaints", waited, "ok", p=0.3, of="all customers"),
        figure("features", "returns", "complaints__resolution_days_mean_90d", "ok", p=0.2, of="all customers"),
    )
    assert in_words(found, "alarm")[0].endswith(f"of the features made of it, moved most: {waited}")


def test_only_what_was_no_alarm_the_night_before_is_told() -> None:
    earlier = night(figure("features", "costs", "a")).with_columns(day=DAY - timedelta(days=1))
    tonight = night(
        figure("features", "costs", "b"), figure("volume", "costs", None), figure("scores", None, "s", "warn")
    )
    assert new_alarms(tonight, earlier, DAY)["check"].to_list() == ["volume"]
    long_ago = pl.concat([earlier, night(figure("volume", "costs", None, "ok"))]).sort("day")
    assert new_alarms(tonight, long_ago, DAY + timedelta(days=1)).height == 2  # the night between had no alarm


@pytest.mark.parametrize(
    ("check", "level", "retrain", "advised"),
    [
        ("features", "alarm", "suggest", True),
        ("base rate", "alarm", "run", True),
        ("features", "alarm", "off", False),
        ("features", "warn", "suggest", False),
        ("volume", "alarm", "run", False),
        ("columns", "alarm", "run", False),
    ],
)
def test_training_anew_is_advised_for_what_it_can_mend(check: str, level: str, retrain: str, advised: bool) -> None:
    said = retraining(settings_of(retrain=retrain), night(figure(check, "costs", "a", level)))
    assert bool(said) is advised and ("train anew" in said) is advised


@pytest.mark.parametrize(("day", "level"), [(date(2026, 7, 1), "ok"), (date(2026, 7, 2), "alarm")])
def test_a_champion_that_is_too_old_is_an_alarm(day: date, level: str) -> None:
    champion: Any = SimpleNamespace(recipe={"as_of": "2026-06-21"})
    limits = settings_of(champion_days=10).monitoring
    found = judged(figures([of_age(champion, day, limits)]), night(), day, limits)
    assert found["level"].to_list() == [level]
    told = "age: champion: trained as of 2026-06-21, 11 days before; trusted for 10. Run `holdfast train`"
    assert in_words(found, "alarm") == ([told] if level == "alarm" else [])


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """40 customers; there is no champion, so its checks say nothing."""
    empty = pl.DataFrame(schema={name: NIGHT[name] for name in ("check", "table", "name", "of", "value", "usual", "p")})
    empty = empty.with_columns(beyond=pl.lit(None, pl.Boolean), says=pl.lit(None, pl.String))
    monkeypatch.setattr(pipelines.monitor, "champion_figures", lambda *_: empty)
    return Nights(tmp_path, {f"C{number:02d}": (0.5, 100.0) for number in range(40)})


def test_a_night_leaves_its_figures_and_a_page(nights: Nights) -> None:
    cutoff, _ = nights.score(0)
    log: list[str] = []
    assert monitor(nights.settings, cutoff, log.append) is False
    page = nights.settings.root / PAGE_FILE
    assert "Nothing is unlike what it usually is." in page.read_text()
    assert set(history(nights.settings.root)["check"]) == {"quarantined"}  # one day of orders says nothing of a week
    assert log == ["monitor: 0 alarms, 0 warnings", f"monitor: {page}"]
    newest = page.read_text()
    nights.figures["C99"] = (0.5, 100.0)
    past, _ = nights.score(-1)
    monitor(nights.settings, past, log.append)
    assert page.read_text() == newest and history(nights.settings.root)["day"].n_unique() == 2
    unscored, folder = nights.score(1)
    (folder / SCORES_FILE).unlink()
    with pytest.raises(DataError, match="was not scored"):
        monitor(nights.settings, unscored, log.append)


def test_a_day_without_lists_is_missed_and_one_that_was_not_monitored_is(nights: Nights) -> None:
    cutoff, log = nights.score(0)[0], list[str]()
    with pytest.raises(DataError, match="nothing was published for 2026-07-01. Run `holdfast nightly"):
        monitoring(nights.settings, cutoff, log.append)
    (nights.settings.root / "published" / "2026-07-01").mkdir(parents=True)

    monitoring(nights.settings, cutoff, log.append)
    assert log[0] == "monitor: 0 alarms, 0 warnings"
    assert set(history(nights.settings.root)["day"]) == {cutoff.day}

    log.clear()
    monitoring(nights.settings, cutoff, log.append)
    assert log == ["2026-07-01 was published and monitored"]


def test_a_monitor_that_fails_leaves_the_publication_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[str] = []

    def run(step: Any, *arguments: Any) -> Any:
        if step is pipelines.nightly.monitor:
            raise ModelError("no reference")
        return tmp_path / step.__name__

    monkeypatch.setattr(pipelines.nightly, "tell", lambda settings, text, *_: told.append(text))
    settings, log = settings_of().model_copy(update={"root": tmp_path}), list[str]()
    cutoff = Cutoff(DAY, settings.zone)

    assert nightly(settings, cutoff, log.append, run) == tmp_path / "publish_lists"

    assert log == [
        "warning: the lists of 2026-07-02 are published, but the monitor failed: no reference. Run "
        "`holdfast monitor --as-of 2026-07-02` to see why."
    ]
    assert told == ["Holdfast shop: the monitor failed on 2026-07-02"]


@pytest.mark.parametrize("retrain", [False, True])
def test_training_anew_follows_where_the_monitor_asks_for_it(retrain: bool, tmp_path: Path) -> None:
    steps: list[str] = []

    def run(step: Any, *arguments: Any) -> Any:
        steps.append(step.__name__)
        return retrain if step is pipelines.nightly.monitor else tmp_path

    settings = settings_of().model_copy(update={"root": tmp_path})
    nightly(settings, Cutoff(DAY, settings.zone), steps.append, run)
    assert steps == ["ingest", "score", "publish_lists", "prune", "send", "monitor", *(["train"] if retrain else [])]
