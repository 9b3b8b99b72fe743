"""Charts of the report of the four elements: grids of numbers, and a curve in steps with its interval."""

from typing import Any

import altair as alt
import polars as pl

from pipelines.reports.charts import ROW_HEIGHT, SCHEME, Chart

LIGHT, DARK = "#f3f6f9", SCHEME[0]
TURN = 0.7  # of the largest value, from where on a number is white on dark


def heat_map(grid: pl.DataFrame, x_title: str, y_title: str, number: str = ".0f") -> Chart:
    """A cell for each number of `grid`, whose first column names the rows and whose other columns are the columns.

    Every cell shows its number (`number`: its format), so that nothing hangs on telling colours apart.
    """
    first, *names = grid.columns
    cells = grid.unpivot(names, index=first, variable_name="column", value_name="value").drop_nulls("value")
    most = float(cells["value"].to_numpy().max(initial=0)) or 1.0
    x = alt.X("column:N", title=x_title, sort=names, axis=alt.Axis(labelAngle=-60, labelLimit=110, ticks=False))
    y = alt.Y(f"{first}:N", title=y_title, sort=None, axis=alt.Axis(ticks=False))
    drawn: Any = alt.Chart(alt.Data(values=cells.to_dicts())).encode(x=x, y=y)
    colour = alt.Color("value:Q", legend=None, scale=alt.Scale(domain=[0, most], range=[LIGHT, DARK]))
    ink = alt.condition(alt.datum.value > TURN * most, alt.value("white"), alt.value("black"))
    layers = [
        drawn.mark_rect(stroke="white").encode(color=colour),
        drawn.mark_text(fontSize=11).encode(text=alt.Text("value:Q", format=number), color=ink),
    ]
    return Chart(layer=layers, height=ROW_HEIGHT * max(grid.height, 1))


def steps(table: pl.DataFrame, x_title: str, y_title: str) -> Chart:
    """The share `value` with its interval (`low` to `high`) over the number `at`, each holding until the next one."""
    x = alt.X("at:Q", title=x_title)
    y = alt.Y("value:Q", title=y_title, axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    spans: Any = alt.Chart(alt.Data(values=table.drop_nulls("low").to_dicts()))
    drawn: Any = alt.Chart(alt.Data(values=table.to_dicts()))
    band = spans.mark_area(interpolate="step-after", color=SCHEME[0], opacity=0.2)
    line = drawn.mark_line(interpolate="step-after", color=SCHEME[0], strokeWidth=2)
    return Chart(layer=[band.encode(x=x, y=alt.Y("low:Q", title=y_title), y2="high:Q"), line.encode(x=x, y=y)])
