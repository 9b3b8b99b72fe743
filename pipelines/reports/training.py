"""The report of a training: a page of figures, a model card, the tables as JSON and a few pictures.

Written to `training/<as-of>/` under the root, a link to its newest revision, and added to the MLflow run.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from models.tracking import log_report
from pipelines.outreach.context import GRADE_IN_WORDS
from pipelines.outreach.wording import day
from pipelines.progress import Log
from pipelines.reports.card import card_page
from pipelines.reports.charts import as_png
from pipelines.reports.page import Section, render
from pipelines.reports.sections import sections_of
from pipelines.reports.tables import Trained, figures_of, learned_from
from pipelines.storage import commit, staged, write_json

__all__ = ["Trained", "write_report"]

FOLDER = "training"
PICTURES = ("reliability", "gains", "value_captured", "reason_groups")


def write_report(trained: Trained, log: Log) -> Path:
    """Work out the figures, write the report and log it; returns its folder.

    Raises DependencyError where MLflow does not answer, OSError where the disk takes no more.
    """
    settings, name = trained.settings, trained.tonight["cutoff"][0].isoformat()
    figures = figures_of(trained)
    ablation = settings.root / "ablation.csv"
    if ablation.exists():
        figures.tables["ablation"] = pl.read_csv(ablation)
    sections = sections_of(trained, figures)
    root = settings.root / FOLDER
    with staged(root, name) as folder:
        (folder / "index.html").write_text(training_page(trained, sections), encoding="utf-8")
        (folder / "card.html").write_text(card_page(trained, figures), encoding="utf-8")
        for picture in PICTURES:
            if (chart := sections[picture].chart) is not None:
                (folder / f"{picture}.png").write_bytes(as_png(chart))
        write_json(folder / "tables.json", {key: table.to_dicts() for key, table in figures.tables.items()})
        done = commit(root, name, folder, {"as_of": name, "versions": trained.versions} | trained.tags)
    log_report(settings, trained.versions, done, {"reason_overlap": figures.reason_overlap})
    log(f"report: {root / name / 'index.html'}")
    return done


def training_page(trained: Trained, sections: Mapping[str, Section]) -> str:
    """The HTML text of the page of figures."""
    settings, split, evaluation = trained.settings, trained.prepared.split, trained.judged.evaluation
    figures, judgement = evaluation.figures, evaluation.judgement
    low, high = evaluation.intervals["auc"]
    tiles = {
        "grade": judgement.grade,
        f"AUC ({low:.3f}..{high:.3f})": f"{figures['auc']:.3f}",
        f"AUC ahead of {judgement.opponent} ({judgement.low:+.3f}..{judgement.high:+.3f})": (
            f"{judgement.difference:+.3f}"
        ),
        "calibration error": f"{figures['calibration_error']:.3f}",
        "predicted over actual total value": f"{figures['value_ratio']:.2f}",
        "of the values in their 80 % intervals": f"{figures['coverage_80']:.0%}",
    }
    summary = [
        f"Grade {judgement.grade}: {GRADE_IN_WORDS[judgement.grade]}.",
        f"All figures are of {evaluation.customers:,} customers on {day(split.test.day)} and what they did in the "
        f"{settings.observation_days} days after it, by models {learned_from(split)}.",
        f"{trained.level.capitalize()}.",
        f"{trained.tags['decision'].capitalize()}: {trained.tags['reason']}.",
    ]
    title = f"Training of {day(trained.tonight['cutoff'][0])}: {settings.company or settings.name}"
    return render(title, summary, list(sections.values()), tiles, {"The model card": "card.html"})
