"""A page of figures: sections of text, a chart and its table, in one HTML file that needs nothing but itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from markupsafe import Markup

from pipelines.templating import environment

ENVIRONMENT = environment(Path(__file__).parent / "templates")


@dataclass(frozen=True)
class Section:
    """A heading, sentences, a chart as SVG text (may be empty) and the table of its figures (None: no table)."""

    heading: str
    sentences: Sequence[str]
    chart: str
    table: pl.DataFrame | None


def render(title: str, summary: Sequence[str], sections: Sequence[Section]) -> str:
    """The page as HTML text. Charts are taken as they are; everything else is escaped."""
    shown = [
        {
            "heading": section.heading,
            "sentences": section.sentences,
            "chart": Markup(section.chart),  # drawn here from numbers and names of our own
            "columns": [] if section.table is None else section.table.columns,
            "rows": [] if section.table is None else [[_shown(v) for v in row] for row in section.table.rows()],
        }
        for section in sections
    ]
    return ENVIRONMENT.get_template("report.html.j2").render(title=title, summary=summary, sections=shown)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
