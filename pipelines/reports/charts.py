"""Charts as SVG text: nothing is loaded or run when a page is opened, and lines differ in more than colour."""

from typing import Any

import altair as alt
import polars as pl
import vl_convert

WIDTH, HEIGHT = 640, 260
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4], [10, 2]]


def lines_by_day(table: pl.DataFrame, title: str, *, rules: tuple[float, ...] = ()) -> str:
    """Every column but the first against the first (Date), one line each; level lines at `rules`.

    A single day is drawn as points.
    """
    day, *names = table.columns
    long = table.unpivot(names, index=day, variable_name="of", value_name="value").drop_nulls()
    drawn: Any = alt.Chart(alt.Data(values=long.with_columns(pl.col(day).cast(pl.String)).to_dicts())).encode(
        x=alt.X(f"{day}:T", title=None, axis=alt.Axis(format="%Y-%m-%d", labelAngle=-40)),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
    )
    scheme = alt.Scale(domain=names, scheme="dark2")
    strokes = alt.Legend(symbolType="stroke", symbolSize=400, symbolStrokeWidth=2)
    lines = drawn.mark_line(strokeWidth=2).encode(
        color=alt.Color("of:N", title=None, scale=scheme, legend=strokes),
        strokeDash=alt.StrokeDash("of:N", title=None, scale=alt.Scale(domain=names, range=DASHES), legend=strokes),
    )
    points = drawn.mark_point(filled=True, size=20).encode(color=alt.Color("of:N", title=None, scale=scheme))
    levels: Any = alt.Chart(alt.Data(values=[{"level": level} for level in rules]))
    layers = alt.LayerChart(
        layer=[
            lines,
            points,
            levels.mark_rule(color="#888", strokeDash=[3, 3]).encode(y="level:Q"),
        ]
    )
    return vl_convert.vegalite_to_svg(
        layers.properties(width=WIDTH, height=HEIGHT).configure(font="sans-serif").to_dict()
    )
