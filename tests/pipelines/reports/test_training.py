"""The report of a training: right figures, nothing of a single customer, nothing from data that becomes markup."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.context import Fitted
from models.metrics import auc
from pipelines.reports import training
from pipelines.reports.card import card_page
from pipelines.reports.caveats import warnings_of
from pipelines.reports.sections import sections_of
from pipelines.reports.tables import Figures, Trained, figures_of
from pipelines.reports.training import training_page, write_report
from pipelines.storage import MANIFEST, hashes_below, read_json
from tests.models.conftest import CUTOFFS, TONIGHT
from tests.pipelines.outreach.test_page import PAYLOADS, Page

CUSTOMER = re.compile(r"C\d{5}")


@pytest.fixture(scope="module")
def figures(trained: Trained) -> Figures:
    return figures_of(trained)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What would be logged with the run."""
    found: dict[str, Any] = {}

    def log_report(settings: object, versions: dict[str, str], folder: Path, metrics: dict[str, float]) -> None:
        found.update(versions=versions, files=sorted(path.name for path in folder.iterdir()), metrics=metrics)

    monkeypatch.setattr(training, "log_report", log_report)
    return found


def pages(trained: Trained, figures: Figures) -> tuple[str, str]:
    return training_page(trained, sections_of(trained, figures)), card_page(trained, figures)


def changed(trained: Trained, **settings: Any) -> Trained:
    return replace(trained, settings=trained.settings.model_copy(update=settings))


def judged_as(trained: Trained, customers: int = 4000, grade: str = "A", **figures: float) -> Trained:
    """As if the out-of-time figures had been these."""
    evaluation = trained.judged.evaluation
    good = {"calibration_error": 0.03, "value_ratio": 1.0, "coverage_80": 0.8}
    judgement = replace(evaluation.judgement, grade=grade)
    found = replace(evaluation, customers=customers, figures=evaluation.figures | good | figures, judgement=judgement)
    return replace(trained, judged=replace(trained.judged, evaluation=found))


def moved(figures: Figures, happened: float, expected: float, overlap: float = 0.9) -> Figures:
    """As if the base rate went from one to the other."""
    days = [date(2025, 1, 1), TONIGHT]
    cutoffs = pl.DataFrame({"cutoff": days, "happened": [happened, None], "expected": [None, expected]})
    return Figures(figures.tables | {"cutoffs": cutoffs}, overlap)


def test_the_tables_are_those_of_the_test_cutoff(trained: Trained, figures: Figures) -> None:
    test, scores = trained.prepared.test, trained.judged.scores
    tables = figures.tables
    shown = dict(tables["figures"].select("figure", "value").iter_rows())
    assert shown["AUC"] == auc(test["churned"].to_numpy(), scores["churn_probability"].to_numpy())
    stayed, seen = test["churned"] == 0, scores["churn_probability_30d"] / scores["churn_probability"]
    assert shown["within 30 days: happened"] == (test["event_days"].filter(stayed) < 30).mean()
    assert shown["within 30 days: predicted"] == pytest.approx(seen.filter(stayed).mean())
    assert 0 < shown["within 30 days: calibration error"] < 0.2
    assert tables["deciles"]["leavers"].sum() == test["churned"].sum()
    assert tables["deciles"]["value"].sum() == pytest.approx(test["value"].sum())
    distance = (tables["reliability"]["predicted"] - tables["reliability"]["happened"]).abs()
    assert distance.to_numpy().mean() == pytest.approx(shown["calibration error"])
    fifth = tables["value_captured"].filter((pl.col("share") - 0.2).abs() < 1e-9)
    assert fifth["model"].item() == pytest.approx(shown["value held by the top 20 %, of the ideal"])
    assert dict(tables["opponents"].select("by", "auc").iter_rows()) == {
        **trained.judged.evaluation.auc,
        "last year's spend": None,
    }


def test_segments_are_named_and_cutoffs_say_what_they_served(trained: Trained, figures: Figures) -> None:
    segments, cutoffs = figures.tables["segments"], figures.tables["cutoffs"]
    assert segments["segment"].unique(maintain_order=True).to_list() == ["days silent", "EUR spent", "region"]
    of_region = segments.filter(segment="region")
    assert dict(of_region.select("of", "customers").iter_rows()) == {"north": 80, "south": 80, "other": 80}
    north = trained.prepared.test.filter(profile__region_last_lifetime=1.0)["churned"].to_numpy().mean()
    assert of_region.filter(of="north")["happened"].item() == pytest.approx(north)
    assert cutoffs["cutoff"].to_list() == [*CUTOFFS, TONIGHT]
    served = [text.split(":")[0].split(";")[0] for text in cutoffs["served"]]
    assert served == ["learned from", "learned from", "learned from", "embargo", "test", "as-of day"]
    assert cutoffs["expected"].to_list()[-1] == pytest.approx(trained.tonight["churn_probability"].mean())
    assert cutoffs["happened"].null_count() == 1


def test_what_moves_the_scores(figures: Figures) -> None:
    groups, features, families = (figures.tables[name] for name in ("reason_groups", "features", "families"))
    assert set(groups["group"]) == {"rhythm", "buying", "profile"}
    directions = dict(features.select("feature", "direction").iter_rows())
    assert directions["rfm__recency_days"] == "high values raise the risk"
    assert directions["btyd__purchases_90d"] == "high values lower the risk"
    assert features["meaning"][0].startswith("meaning of ")
    assert families["strength"].sum() == pytest.approx(features["strength"].sum())  # no more than 20 features here
    assert families["share"].sum() == pytest.approx(1)
    assert 0.6 < figures.reason_overlap <= 1


def test_the_same_training_gives_the_same_figures(trained: Trained, figures: Figures) -> None:
    again = figures_of(trained)
    assert again.reason_overlap == figures.reason_overlap
    assert again.tables.keys() == figures.tables.keys()
    assert all(again.tables[name].equals(table) for name, table in figures.tables.items())


def test_it_is_written_and_logged_with_its_hashes_and_no_customer(
    trained: Trained, figures: Figures, logged: dict[str, Any]
) -> None:
    lines: list[str] = []
    folder = write_report(trained, lines.append)
    files = ["card.html", "gains.png", "index.html", "reason_groups.png", "reliability.png", "tables.json"]
    assert set(logged["files"]) == {*files, "value_captured.png", MANIFEST}
    assert (logged["versions"], logged["metrics"]) == (trained.versions, {"reason_overlap": figures.reason_overlap})
    link = trained.settings.root / "training" / TONIGHT.isoformat()
    assert link.resolve() == folder and lines == [f"report: {link / 'index.html'}"]
    manifest = read_json(folder / MANIFEST)
    assert manifest["files"] == hashes_below(folder) and manifest["data_hash"] == "d" * 64
    assert trained.prepared.labelled["customer_id"].str.contains(CUSTOMER.pattern).all()
    for file in folder.iterdir():
        assert not CUSTOMER.search(file.read_bytes().decode("utf-8", errors="replace")), file.name
    tables = json.loads((folder / "tables.json").read_text())
    assert len(tables["deciles"]) == 10 and tables["deciles"][0]["customers"] == 24
    assert write_report(trained, lines.append) == folder  # the same again: no second revision


def test_every_chart_has_a_table_and_a_picture_for_each_width(trained: Trained, figures: Figures) -> None:
    index, card = pages(trained, figures)
    page = Page(index)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("svg") == 2 * tags.count("figure") and tags.count("figure") == 10
    assert tags.count("table") >= tags.count("figure") and "svg" not in [tag for tag, _ in Page(card).tags]
    for text in ("Data Team", "churn version 3", "no_profiling", "no cause", "Not to be used for", "until 29 Nov 2025"):
        assert text in card
    assert "trees of another seed share" in index and "Promoted: the first model." in index


def test_nothing_is_loaded_and_no_link_leads_away(trained: Trained, figures: Figures) -> None:
    for html in pages(trained, figures):
        page = Page(html)
        assert "default-src 'none'" in html
        assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.tags}
        assert not [a for _, attributes in page.tags for a in attributes if a in ("src", "srcset", "xlink:href")]
        assert all(re.fullmatch(r"#part-\d+|card\.html|index\.html", str(link)) for link in page.links)
        assert not re.search(r"url\(", html)


def test_every_text_is_escaped(trained: Trained, figures: Figures) -> None:
    def shape(html: str) -> list[Any]:
        drawn = ("path", "text", "line", "g")
        return [(tag, list(attributes)) for tag, attributes in Page(html).tags if tag not in drawn]

    def with_text(text: str) -> tuple[str, str]:
        segments = figures.tables["segments"].with_columns(of=pl.lit(text), segment=pl.lit(text))
        ablation = pl.DataFrame({"family": [text], "added": [0.1], "as_of": [text]})
        told = Figures(figures.tables | {"segments": segments, "ablation": ablation}, 0.5)
        return pages(changed(trained, company=text, owner=text), told)

    payload = " ".join(PAYLOADS)
    for expected, found in zip(with_text("harmless"), with_text(payload), strict=True):
        assert shape(found) == shape(expected)
        assert payload in Page(found).text
        assert not re.search(r"<(script|img|b)\b", found)


def test_an_ablation_is_shown_with_its_date(trained: Trained, figures: Figures, logged: dict[str, Any]) -> None:
    path = trained.settings.root / "ablation.csv"
    pl.DataFrame({"family": ["rfm"], "added": [0.0123], "as_of": [date(2025, 12, 24)]}).write_csv(path)
    try:
        index = (write_report(trained, lambda _: None) / "index.html").read_text()
    finally:
        path.unlink()
    assert "As of 2025-12-24: AUC that a family adds" in index and "0.0123" in index


def test_warnings_say_what_is_wrong_and_nothing_else(trained: Trained, figures: Figures) -> None:
    a_year_later = trained.tonight.with_columns(cutoff=pl.lit(CUTOFFS[0] + timedelta(days=365)))
    good = judged_as(replace(trained, tonight=a_year_later))
    level = moved(figures, 0.40, 0.42)
    assert warnings_of(good, level) == []
    bad: list[tuple[Trained, Figures, str]] = [
        (judged_as(trained), level, "The season was not seen a year ago"),
        (judged_as(good, grade="C"), level, "ranks worse than recency, beyond noise"),
        (judged_as(good, customers=120), level, "Only 120 customers"),
        (judged_as(good, calibration_error=0.123), level, "off by 0.123"),
        (judged_as(good, value_ratio=0.5), level, "0.50 of the actual"),
        (judged_as(good, coverage_80=0.9), level, "90% of the values"),
        (good, moved(figures, 0.40, 0.50), "move by +0.100"),
        (good, moved(figures, 0.40, 0.42, overlap=0.4), "share only 40%"),
    ]
    for told, of, sentence in bad:
        (found,) = warnings_of(told, of)
        assert sentence in found
    missing = replace(good.prepared, fitted=Fitted(missing=["too few purchases for BG/NBD"]))
    assert "too few purchases" in warnings_of(replace(good, prepared=missing), level)[0]


def test_the_card_knows_a_simulated_company_and_a_contract(trained: Trained, figures: Figures) -> None:
    assert "own records" in card_page(trained, figures)
    source = trained.settings.sources["transactions"].model_copy(update={"path": "{root}/simulated/raw/x.parquet"})
    simulated = changed(trained, sources=trained.settings.sources | {"transactions": source}, owner=None)
    assert "simulated" in card_page(simulated, figures) and "nobody is named" in card_page(simulated, figures)
    churn = trained.settings.churn.model_copy(update={"definition": "contract", "grace_days": 14})
    assert "no new one in 14 days" in card_page(changed(trained, churn=churn), figures)
