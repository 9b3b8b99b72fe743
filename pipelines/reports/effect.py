"""The page of a measured effect: what acting brought, of whom, and whom it helps most."""

from pathlib import Path

import polars as pl

from configs.settings import Settings
from features.time import Cutoff
from models.uplift import EACH_ARM_AT_LEAST
from pipelines.effect import MEASURES, RETAINED, VALUE, Measured
from pipelines.outreach.wording import money, percent
from pipelines.reports.charts import curves, intervals
from pipelines.reports.page import Section, render
from pipelines.storage import commit, staged
from pipelines.uplift import save_model

WHOM = "Whom acting helps most"


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
    by = f"{found.actions:,} actions" + ("" if found.counted else " (assumed: one a customer)")
    line = f"{_of(brought.gain, brought.low, brought.high, currency)} gained by {by}"
    roi = brought.roi()
    if roi is not None:
        line += f" that cost {money(brought.cost, currency)}: {_of(*roi, currency)} beyond each unit spent"
    return [
        f"{stayed['treated']:,} customers treated, {stayed['control']:,} controls; the horizon of {found.waiting:,} "
        "more is not over",
        f"stayed: {percent(stayed['mean_treated'])} of the treated, {percent(stayed['mean_control'])} of the controls; "
        f"adjusted {100 * stayed['difference']:+.1f} points ({100 * stayed['low']:+.1f} to "
        f"{100 * stayed['high']:+.1f}): {stayed['verdict']}",
        f"net value of a customer: {money(value['mean_treated'], currency)} of the treated, "
        f"{money(value['mean_control'], currency)} of the controls; adjusted "
        f"{_of(value['difference'], value['low'], value['high'], currency)}: {value['verdict']}",
        line,
        *([] if found.ordering is None else found.ordering.lines()),
    ]


def effect_page(found: Measured, settings: Settings) -> str:
    """The HTML text of the page."""
    units = {
        RETAINED: ("difference in the share that stayed", ".0%"),
        VALUE: (f"difference in {settings.currency}", ",~f"),
    }
    sections = [
        Section(
            f"Difference in {words}",
            [
                "Treated less controls, with 95 % intervals by a bootstrap over customers. Adjusted: for the chance of "
                "leaving and the value that were predicted before acting, in which the arms differ by chance (CUPED)."
            ],
            intervals(_both(found.table.filter(measure=measure)), *units[measure]),
            found.table.filter(measure=measure).drop("measure"),
        )
        for measure, words in MEASURES.items()
    ]
    if found.ordering is None:
        few = f"Not enough yet: an uplift model is learned from {EACH_ARM_AT_LEAST} customers of each arm on."
        sections.append(Section(WHOM, [few], None, None))
    else:
        sentences = [
            "Net value gained per treated customer, when the customers whom an order puts first are acted on first. "
            "The further a line runs above that of a random order, the better it finds those whom acting helps (Qini "
            "curve); the coefficient is the area between them, with its 95 % interval."
        ]
        y_title = f"{settings.currency} gained per treated customer"
        chart = curves(found.ordering.curves, "share of customers acted on", y_title, ",~f")
        sections.append(Section(WHOM, sentences, chart, found.ordering.qini))
    title = f"What acting brought: {settings.company or settings.name}"
    return render(title, in_words(found, settings.currency), sections)


def _both(rows: pl.DataFrame) -> pl.DataFrame:
    """A row for each estimate: of, estimate, difference, low, high."""
    figures = ["difference", "low", "high"]
    sharp = rows.select("of", pl.lit("adjusted").alias("estimate"), *figures)
    plain = rows.select("of", pl.lit("plain").alias("estimate"), *(pl.col(f"plain_{f}").alias(f) for f in figures))
    return pl.concat([sharp, plain])


def _of(figure: float, low: float, high: float, currency: str) -> str:
    return f"{_signed(figure, currency)} ({_signed(low, currency)} to {_signed(high, currency)})"


def _signed(amount: float, currency: str) -> str:
    return f"{'+' if amount > 0 else ''}{money(amount, currency)}"
