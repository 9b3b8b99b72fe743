"""A page of figures: sections of text, a chart and its table, in one HTML file that needs nothing but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup

from pipelines.templating import environment

if TYPE_CHECKING:
    from pipelines.reports.charts import Chart

ENVIRONMENT = environment(Path(__file__).parent / "templates")


@dataclass(frozen=True)
class Section:
    """A heading, sentences, a chart (None: no chart) and the table of its figures (None: no table).

    `opened`: the table is shown at once, not on request. `meanings`: what is behind its figures, shown on request.
    """

    heading: str
    sentences: Sequence[str]
    chart: "Chart | None"
    table: pl.DataFrame | None
    opened: bool = False
    meanings: Sequence[tuple[str, str]] = ()


NOTHING: Mapping[str, str] = {}


def render(
    title: str,
    summary: Sequence[str],
    sections: Sequence[Section],
    tiles: Mapping[str, str] = NOTHING,
    links: Mapping[str, str] = NOTHING,
) -> str:
    """The page of these sections, drawn, as `laid_out` makes it."""
    return laid_out(title, summary, [drawn(section) for section in sections], tiles, links)


def laid_out(
    title: str,
    summary: Sequence[str],
    parts: Sequence[Mapping[str, Any]],
    tiles: Mapping[str, str] = NOTHING,
    links: Mapping[str, str] = NOTHING,
) -> str:
    """The page of sections as `drawn` gives them, as HTML text. Charts are taken as they are, everything else escaped.

    `tiles`: the figures to see first, name -> figure. `links`: text -> address, of pages beside this one.
    """
    return ENVIRONMENT.get_template("report.html.j2").render(
        title=title, summary=summary, sections=parts, tiles=tiles, links=links
    )


def drawn(section: Section, charts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A section for a template: its charts as SVG, wide and narrow, its table as rows of texts.

    `charts`: those of the section, where they were drawn before; drawing takes a tenth of a second each.
    """
    table = section.table
    return {
        "heading": section.heading,
        "sentences": section.sentences,
        "charts": charts if charts is not None else {} if section.chart is None else _charts(section.chart),
        "opened": section.opened,
        "meanings": section.meanings,
        "columns": [] if table is None else [name.replace("_", " ") for name in table.columns],
        "kinds": [] if table is None else ["number" if dtype.is_numeric() else "text" for dtype in table.dtypes],
        "rows": [] if table is None else [[_shown(value) for value in row] for row in table.rows()],
    }


def _charts(chart: "Chart") -> dict[str, Markup]:
    """Drawn here from numbers; the texts in a chart are escaped where it is drawn."""
    from pipelines.reports.charts import NARROW, WIDE, as_svg  # takes a second, for which no other page should wait

    return {name: Markup(as_svg(chart, width)) for name, width in (("wide", WIDE), ("narrow", NARROW))}


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.{0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 4}f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
