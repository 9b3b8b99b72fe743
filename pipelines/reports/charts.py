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


def curves(table: pl.DataFrame, x_title: str, y_title: str) -> str:
    """Every column but the first against the first, a share, one line each."""
    share, *names = table.columns
    long = table.unpivot(names, index=share, variable_name="of", value_name="value")
    drawn: Any = alt.Chart(alt.Data(values=long.to_dicts())).encode(
        x=alt.X(f"{share}:Q", title=x_title, axis=alt.Axis(format=".0%")), y=alt.Y("value:Q", title=y_title)
    )
    scheme = alt.Scale(domain=names, scheme="dark2")
    lines = drawn.mark_line(strokeWidth=2).encode(
        color=alt.Color("of:N", title=None, scale=scheme),
        strokeDash=alt.StrokeDash("of:N", title=None, scale=alt.Scale(domain=names, range=DASHES)),
    )
    return vl_convert.vegalite_to_svg(
        lines.properties(width=WIDTH, height=HEIGHT).configure(font="sans-serif").to_dict()
    )


def intervals(table: pl.DataFrame, title: str) -> str:
    """A point and its interval for each row: of, estimate, difference, low, high; a line at no difference."""
    drawn: Any = alt.Chart(alt.Data(values=table.to_dicts())).encode(
        y=alt.Y("of:N", title=None, sort=None), yOffset=alt.YOffset("estimate:N", sort=None)
    )
    scheme = alt.Scale(domain=["sharpened", "plain"], scheme="dark2")
    shape = alt.Shape("estimate:N", title=None, scale=alt.Scale(domain=["sharpened", "plain"]))
    colour = alt.Color("estimate:N", title=None, scale=scheme)
    x = alt.X("difference:Q", title=title)
    spans = drawn.mark_rule().encode(x=alt.X("low:Q", title=title), x2="high:Q", color=colour)
    points = drawn.mark_point(filled=True, size=80).encode(x=x, shape=shape, color=colour)
    zero: Any = alt.Chart(alt.Data(values=[{"level": 0}]))
    level = zero.mark_rule(color="#888", strokeDash=[3, 3]).encode(x="level:Q")
    layers = alt.LayerChart(layer=[level, spans, points])
    return vl_convert.vegalite_to_svg(layers.properties(width=WIDTH).configure(font="sans-serif").to_dict())
