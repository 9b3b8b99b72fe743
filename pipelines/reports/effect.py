"""The page of a measured effect: what acting brought, of whom, and whom it helps most."""

from pathlib import Path

import polars as pl

from configs.settings import Settings
from features.time import Cutoff
from pipelines.effect import MEASURES, RETAINED, VALUE, Measured
from pipelines.outreach.wording import money, percent
from pipelines.reports.charts import curves, intervals
from pipelines.reports.page import Section, render
from pipelines.storage import commit, staged
from pipelines.uplift import save_model


def write_effect(settings: Settings, cutoff: Cutoff, found: Measured) -> Path:
    """Write `effect/<date>/` (effect.parquet, effect.csv, index.html, an uplift model that serves); return it."""
    root, name = settings.root / "effect", cutoff.day.isoformat()
    with staged(root, name) as folder:
        found.table.write_parquet(folder / "effect.parquet")
        found.table.write_csv(folder / "effect.csv")
        (folder / "index.html").write_text(effect_page(found, settings), encoding="utf-8")
        if found.ordering is not None:
            save_model(found.ordering, folder)
        commit(root, name, folder, {"as_of": name})
    return root / name


def in_words(found: Measured, currency: str) -> list[str]:
    """The effect on all customers together, for people to read."""
    stayed, value, brought = found.of_everybody(RETAINED), found.of_everybody(VALUE), found.money
    line = f"{_of(brought.gain, brought.low, brought.high, currency)} gained by {found.actions:,} actions"
    line += "" if found.counted else " (assumed: one a customer)"
    roi = brought.roi()
    if roi is not None:
        line += (
            f" that cost {money(brought.cost, currency)}: {roi[0]:+.1f} per unit spent ({roi[1]:+.1f} to {roi[2]:+.1f})"
        )
    return [
        f"{stayed['treated']:,} customers treated, {stayed['control']:,} controls; the horizon of {found.waiting:,} "
        "more is not over",
        f"stayed: {percent(stayed['mean_treated'])} against {percent(stayed['mean_control'])}, "
        f"{100 * stayed['difference']:+.1f} points ({100 * stayed['low']:+.1f} to {100 * stayed['high']:+.1f}): "
        f"{stayed['verdict']}",
        f"net value of a customer: {money(value['mean_treated'], currency)} against "
        f"{money(value['mean_control'], currency)}, {_of(value['difference'], value['low'], value['high'], currency)} "
        f"more: {value['verdict']}",
        line,
        *([] if found.ordering is None else found.ordering.lines()),
    ]


def effect_page(found: Measured, settings: Settings) -> str:
    """The HTML text of the page."""
    sections = [
        Section(
            f"Difference in {words}",
            [
                "Treated less controls, with 95 % intervals by a bootstrap over customers. Sharpened: adjusted by the "
                "chance of leaving and the value that were predicted before acting (CUPED)."
            ],
            intervals(_both(found.table.filter(measure=measure)), words),
            found.table.filter(measure=measure).drop("measure"),
        )
        for measure, words in MEASURES.items()
    ]
    if found.ordering is not None:
        sentences = [
            "Net value gained per treated customer, when the customers with the highest scores are acted on first: the "
            "further above the straight line, the better an order finds those whom acting helps (Qini curve)."
        ]
        chart = curves(found.ordering.curves, "share of customers acted on", "gained per treated customer", ",.2f")
        sections.append(Section("Whom acting helps most", sentences, chart, found.ordering.qini))
    title = f"What acting brought: {settings.company or settings.name}"
    return render(title, in_words(found, settings.currency), sections)


def _both(rows: pl.DataFrame) -> pl.DataFrame:
    """A row for each estimate: of, estimate, difference, low, high."""
    figures = ["difference", "low", "high"]
    sharp = rows.select("of", pl.lit("sharpened").alias("estimate"), *figures)
    plain = rows.select("of", pl.lit("plain").alias("estimate"), *(pl.col(f"plain_{f}").alias(f) for f in figures))
    return pl.concat([sharp, plain])


def _of(figure: float, low: float, high: float, currency: str) -> str:
    return f"{money(figure, currency)} ({money(low, currency)} to {money(high, currency)})"
