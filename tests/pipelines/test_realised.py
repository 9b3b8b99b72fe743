"""Published nights held against what happened: figures, examples, history, and what is left out."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import pipelines.realised
from configs.errors import ModelError
from pipelines.monthly import monthly
from pipelines.outreach import listing
from pipelines.realised import EXAMPLES_FILE, FIGURES_FILE, realise
from pipelines.score import FEATURES_FILE, SCORES_FILE
from tests.pipelines.outreach.nights import FIRST_NIGHT, MadeUp, Nights

Told = list[tuple[Any, ...]]
ENDS = {f"predicted_clv_{end}": pl.col("predicted_clv") * times for end, times in (("low", 0.5), ("high", 1.5))}
NAMES = [f"C{number:02d}" for number in range(40)]
RISKS = {name: (0.9 - 0.02 * number, 100.0) for number, name in enumerate(NAMES)}
STAYED = NAMES[1::2]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What MLflow was told; models and their reasons are made up."""
    runs: Told = []
    monkeypatch.setattr(listing, "explainer", lambda *_: MadeUp())
    monkeypatch.setattr(pipelines.realised, "explainer", lambda *_: MadeUp())
    monkeypatch.setattr(pipelines.realised, "load_version", lambda settings, version: version)
    monkeypatch.setattr(pipelines.realised, "refuse_other_purpose", lambda model, settings: None)
    monkeypatch.setattr(pipelines.realised, "log_figures", lambda settings, *told: runs.append(told))
    return runs


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """40 customers, the riskiest 10 of whom have a place, half of these as controls; every other one buys again."""
    lists, outreach = {"customers_per_manager": 10}, {"control_share": 0.5, "item_days": 90}
    found = Nights(tmp_path, RISKS, outreach=outreach, lists=lists)
    score = Nights.score

    def with_ends(self: Nights, night: int, without: tuple[str, ...] = ()) -> Any:
        cutoff, scored = score(self, night, without)
        frame = pl.read_parquet(scored / SCORES_FILE).with_columns(**ENDS)
        frame.write_parquet(scored / SCORES_FILE)
        return cutoff, scored

    monkeypatch.setattr(Nights, "score", with_ends)
    return found


def later(nights: Nights, night: int) -> Any:
    """The cutoff of a later night, by which every other customer has bought again."""
    nights.bought = dict.fromkeys(STAYED, date(2026, 8, 1))
    return nights.score(night)[0]


def of_all(figures: pl.DataFrame) -> dict[str, float]:
    return dict(figures.filter(of="all customers").select("figure", "value").iter_rows())


def test_a_night_whose_horizon_is_over(nights: Nights, told: Told) -> None:
    nights.publish(0)
    decided = nights.decisions(0)
    places = {name for name, row in decided.items() if row["would_list"]}
    controls = {name for name, row in decided.items() if row["arm"] == "control" and row["would_list"]}
    log: list[str] = []

    figures = realise(nights.settings, later(nights, 90), False, log.append)

    assert len(places) == 10 and 0 < len(controls) < 10
    found = of_all(figures)
    # The treated are set apart whether they stayed or not; what the others did follows from their names.
    treated, quiet = places - controls, set(NAMES) - places
    seen = {name for name in quiet if decided[name]["code"] == "over_capacity"}
    assert len(seen) == 10  # likelier to leave than the average, but the places are taken
    expected = {
        "treated_stayed": treated & set(STAYED), "treated_left": treated - set(STAYED),
        "false_alarm": controls & set(STAYED), "hit": controls - set(STAYED),
        "miss": quiet - seen - set(STAYED), "passed_over": seen - set(STAYED), "quiet": quiet & set(STAYED),
        "passed_over: over_capacity": seen - set(STAYED),
    }  # fmt: skip
    assert {kind: found.get(kind, 0) for kind in expected} == {kind: len(names) for kind, names in expected.items()}
    assert found["customers"] == 30 + len(controls)
    assert found["customers_stood_for"] == pytest.approx(40, abs=1)
    weights = 10 / len(controls)
    left = weights * len(expected["hit"]) + len(expected["miss"]) + len(expected["passed_over"])
    assert found["churn_rate"] == pytest.approx(left / 40, abs=0.03)
    assert found["auc of recency"] == 0.5  # all had been silent for as long
    examples = pl.read_parquet(nights.settings.root / EXAMPLES_FILE)
    alarms = examples.filter(turned_out="false_alarm")["customer_id"].to_list()
    assert alarms == sorted(expected["false_alarm"])  # the surest first, and risks fall with the names
    assert examples.filter(turned_out="miss")["customer_id"].to_list() == sorted(expected["miss"], reverse=True)[:10]
    assert examples["reason_1"].unique().to_list() == ["A complaint is open"]
    ((run, parameters, metrics, _),) = told
    assert (run, parameters["day"]) == ("realised", "2026-07-01") and metrics["customers"] == found["customers"]
    assert "Anna" not in str((told, log)) and "C0" not in str((told, log))
    assert figures["of"].unique(maintain_order=True).to_list() == ["all customers", "account_manager: Anna"]


def test_the_horizon_must_be_over_and_nights_held_stay_as_they_are(nights: Nights, told: Told) -> None:
    nights.publish(0)
    log: list[str] = []
    assert realise(nights.settings, later(nights, 89), False, log.append).is_empty()
    assert log == ["no further publication's horizon of 90 days was over by 2026-09-28"]
    assert not (nights.settings.root / FIGURES_FILE).exists()

    nights.bought = {}
    nights.publish(1)
    first = realise(nights.settings, later(nights, 90), False, log.append)
    both = realise(nights.settings, later(nights, 91), False, log.append)

    assert first["day"].unique().to_list() == [FIRST_NIGHT] and len(told) == 2
    assert both["day"].unique().sort().to_list() == [FIRST_NIGHT, date(2026, 7, 2)]
    assert both.filter(day=FIRST_NIGHT).equals(first)
    nights.bought = {}
    again = realise(nights.settings, nights.score(92)[0], True, log.append)
    assert of_all(again.filter(day=FIRST_NIGHT))["churn_rate"] == 1.0 and again.height <= both.height


def test_other_definitions_and_other_features_are_left_out(
    nights: Nights, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.publish(0)
    cutoff, log = later(nights, 90), list[str]()
    (nights.settings.folder_of("scored", FIRST_NIGHT) / FEATURES_FILE).touch()
    manifest = nights.settings.folder_of("scored", FIRST_NIGHT) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"model_version": "1"', '"model_version": "2"'))
    figures = realise(nights.settings, cutoff, False, log.append)
    assert "opponents and reasons are left out" in log[0]
    assert "auc" in of_all(figures) and "auc of recency" not in of_all(figures)

    def refuse(model: str, settings: object) -> None:
        raise ModelError("model version 1 was trained for another definition")

    monkeypatch.setattr(pipelines.realised, "refuse_other_purpose", refuse)
    assert realise(nights.settings, cutoff, True, log.append).equals(figures)
    assert log[-1] == "warning: 2026-07-01 left out: model version 1 was trained for another definition"


def test_examples_forget_who_objected(nights: Nights, told: Told) -> None:
    nights.publish(0)
    cutoff = later(nights, 90)
    realise(nights.settings, cutoff, False, lambda _: None)
    examples = pl.read_parquet(nights.settings.root / EXAMPLES_FILE)
    gone = examples["customer_id"][0]
    nights.tables = {"objections": f"customer_id | kind | effective_at\n{gone} | erased | 2026-09-29"}
    realise(nights.settings, nights.score(91)[0], False, lambda _: None)
    kept = pl.read_parquet(nights.settings.root / EXAMPLES_FILE)
    assert gone not in kept["customer_id"] and kept.height == examples.height - 1


def test_once_a_month_there_is_a_report_and_past_lists_are_held(nights: Nights, told: Told) -> None:
    nights.publish(0)
    cutoff, log, steps = later(nights, 92), list[str](), list[str]()

    def run(step: Any, *arguments: Any) -> None:
        steps.append(step.__name__)
        step(*arguments)

    monthly(nights.settings, cutoff, log.append, run)

    assert steps == ["ingest", "report", "realised"]
    root = nights.settings.root
    assert pl.read_parquet(root / FIGURES_FILE)["day"].unique().to_list() == [FIRST_NIGHT]
    assert "1 Sep 2026 to 30 Sep 2026" in (root / "report.html").read_text(encoding="utf-8")
    assert log[-1] == f"written to {root / 'realised.html'}"
    assert any(line.startswith(f"written to {root / 'report.html'}, ") for line in log)
