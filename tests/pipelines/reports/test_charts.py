"""Charts are pictures of a given width, told apart by more than colour, in which no text becomes markup."""

import re
from datetime import date

import polars as pl
import pytest

from pipelines.reports.charts import NARROW, WIDE, Chart, as_png, as_svg, bars, curves, lines_by_day, pairs
from pipelines.reports.charts import predicted_against_happened as against

SHARES = pl.DataFrame({"share": [0.0, 0.5, 1.0], "model": [0.0, 0.7, 1.0], "by chance": [0.0, 0.5, 1.0]})
SEGMENTS = pl.DataFrame(
    {"of": ["north", "<b>&'\""], "predicted": [0.2, 0.4], "happened": [0.3, 0.3], "low": [0.2, 0.1], "high": [0.4, 0.5]}
)
CHARTS = [
    curves(SHARES, "customers", "leavers"),
    lines_by_day(pl.DataFrame({"cutoff": [date(2026, 1, 1)], "happened": [0.4]}), "share", rules=[0.5]),
    against(SEGMENTS),
    pairs(SEGMENTS, "of", ("predicted", "happened"), "share"),
    bars(SEGMENTS, "of", "happened", "share"),
]


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_chart_is_as_wide_as_asked_and_loads_nothing(chart: Chart, width: int) -> None:
    svg = as_svg(chart, width)
    assert re.search(r'<svg[^>]* width="(\d+)"', svg)[1] == str(width)  # ty: ignore[not-subscriptable]
    assert not re.search(r"<script|<image|<a |href|url\(", svg)
    assert "<b>" not in svg


def test_lines_and_points_differ_without_colour() -> None:
    lines = re.findall(r'stroke-dasharray="([^"]*)"', as_svg(curves(SHARES, "customers", "leavers")))
    assert {"1,0", "6,3"} <= set(lines)
    shapes = as_svg(pairs(SEGMENTS, "of", ("predicted", "happened"), "share"))
    points = set(re.findall(r'<path aria-label="[^"]*series: (\w+)[^>]* d="(M[^"]{9})', shapes))
    assert len({shape for _, shape in points}) == len({of for of, _ in points}) == 2


def test_a_picture_is_a_png() -> None:
    assert as_png(CHARTS[0]).startswith(b"\x89PNG")
