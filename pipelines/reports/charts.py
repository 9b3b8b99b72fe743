"""Charts of tables: drawn as pictures, so that nothing is loaded or run when a page is opened.

Lines and points differ in more than colour. A chart has no size of its own: each is drawn wide for screens and paper
and narrow for telephones.
"""

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import polars as pl
import vl_convert

WIDE, NARROW, HEIGHT, ROW_HEIGHT = 720, 320, 300, 26
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4], [10, 2]]
SCHEME = ["#174a7c", "#b4531f", "#2f7d4f", "#7a3f91", "#8a6d00", "#555555"]
GREY = "#888888"
SHAPES = ["circle", "diamond"]
Chart = alt.LayerChart
Scale = Literal["linear", "sqrt"]


def lines_by_day(table: pl.DataFrame, title: str, *, rules: Sequence[float] = ()) -> Chart:
    """Every column but the first against the first (Date), one line each; level lines at `rules`.

    A single day is drawn as points.
    """
    day, *names = table.columns
    long = _long(table).with_columns(pl.col(day).cast(pl.String))
    x = alt.X(f"{day}:T", title=None, axis=alt.Axis(format="%Y-%m-%d", labelAngle=-40))
    levels: Any = alt.Chart(_data(pl.DataFrame({"level": list(rules)})))
    layers = _lines(long, names, x, alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)), points=True)
    return Chart(layer=[*layers, levels.mark_rule(color=GREY, strokeDash=[3, 3]).encode(y="level:Q")])


def curves(table: pl.DataFrame, x_title: str, y_title: str, number: str = ".0%", *, from_zero: bool = True) -> Chart:
    """Every column but the first against the first, a share; one line each."""
    share, *names = table.columns
    x = alt.X(f"{share}:Q", title=x_title, axis=alt.Axis(format=".0%"))
    y = alt.Y("value:Q", title=y_title, axis=alt.Axis(format=number), scale=alt.Scale(zero=from_zero))
    return Chart(layer=_lines(_long(table), names, x, y, points=False))


def predicted_against_happened(table: pl.DataFrame) -> Chart:
    """A point for each row of shares: predicted, happened, with low and high; the diagonal is what should be."""
    line: Any = alt.Chart(_data(pl.DataFrame({"predicted": [0.0, 1.0], "happened": [0.0, 1.0]})))
    drawn: Any = alt.Chart(_data(table))
    x = alt.X("predicted:Q", title="predicted", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("happened:Q", title="happened", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    return Chart(
        layer=[
            line.mark_line(color=GREY, strokeDash=[3, 3]).encode(x=x, y=y),
            drawn.mark_rule(color=SCHEME[0]).encode(x=x, y=alt.Y("low:Q", title="happened"), y2="high:Q"),
            drawn.mark_point(filled=True, size=60, color=SCHEME[0], opacity=1).encode(x=x, y=y),
        ]
    )


def pairs(
    table: pl.DataFrame, label: str, names: tuple[str, str], title: str, number: str = ".0%", scale: Scale = "linear"
) -> Chart:
    """For each row of `table` the two columns `names` as a dot and a diamond on one line, the rows as they come.

    `label`: column of their text. `scale`: of the axis, "linear" or "sqrt". A bar spans the columns low and high, or,
    where there are none, the pair.
    """
    y = alt.Y(f"{label}:N", title=None, sort=None)
    x = alt.X("value:Q", title=title, axis=alt.Axis(format=number), scale=alt.Scale(type=scale, zero=True))
    domain = alt.Scale(domain=list(names), range=SHAPES)
    colours = alt.Scale(domain=list(names), range=SCHEME[:2])
    long = table.select(label, *names).unpivot(names, index=label, variable_name="series", value_name="value")
    drawn: Any = alt.Chart(_data(long))
    points = drawn.mark_point(filled=True, size=80, opacity=1).encode(
        x=x,
        y=y,
        shape=alt.Shape("series:N", title=None, scale=domain),
        color=alt.Color("series:N", title=None, scale=colours),
    )
    ends = ("low", "high") if "low" in table.columns else names
    spans: Any = alt.Chart(_data(table))
    rule = spans.mark_rule(color=GREY).encode(y=y, x=alt.X(f"{ends[0]}:Q", title=title), x2=f"{ends[1]}:Q")
    return Chart(layer=[rule, points], height=_height(table))


def bars(table: pl.DataFrame, label: str, amount: str, title: str) -> Chart:
    """A bar for each row, in the order of the rows: the text in `label`, as long as the number in `amount`."""
    drawn: Any = alt.Chart(_data(table))
    x, y = alt.X(f"{amount}:Q", title=title), alt.Y(f"{label}:N", title=None, sort=None)
    bar = drawn.mark_bar(color=SCHEME[0], height={"band": 0.7}).encode(x=x, y=y)
    return Chart(layer=[bar], height=_height(table))


def intervals(table: pl.DataFrame, title: str, number: str) -> Chart:
    """A point and its interval for each row: of, estimate, difference, low, high; a line at no difference.

    `number`: format of the axis, e.g. ".0%".
    """
    estimates = table["estimate"].unique(maintain_order=True).to_list()
    drawn: Any = alt.Chart(_data(table)).encode(
        y=alt.Y("of:N", title=None, sort=None), yOffset=alt.YOffset("estimate:N", sort=None)
    )
    shape = alt.Shape("estimate:N", title=None, scale=alt.Scale(domain=estimates, range=SHAPES))
    colour = alt.Color("estimate:N", title=None, scale=alt.Scale(domain=estimates, range=SCHEME[: len(estimates)]))
    x = alt.X("difference:Q", title=title, axis=alt.Axis(format=number))
    spans = drawn.mark_rule().encode(
        x=alt.X("low:Q", title=title, axis=alt.Axis(format=number)), x2="high:Q", color=colour
    )
    points = drawn.mark_point(filled=True, size=80, opacity=1).encode(x=x, shape=shape, color=colour)
    zero: Any = alt.Chart(_data(pl.DataFrame({"level": [0.0]})))
    level = zero.mark_rule(color=GREY, strokeDash=[3, 3]).encode(x="level:Q")
    return Chart(layer=[level, spans, points], height=_height(table))


def as_svg(chart: Chart, width: int = WIDE) -> str:
    """The chart as SVG text, so many pixels wide."""
    return vl_convert.vegalite_to_svg(_sized(chart, width))


def as_png(chart: Chart) -> bytes:
    """The chart as a picture, for where SVG is not shown."""
    return vl_convert.vegalite_to_png(_sized(chart, WIDE), scale=2)


def _sized(chart: Chart, width: int) -> dict[str, Any]:
    narrow = width < WIDE
    size = {"width": width, "autosize": alt.AutoSizeParams(type="fit-x", contains="padding")}
    height = {} if chart.to_dict().get("height") else {"height": HEIGHT}
    return (
        chart.properties(**size, **height)
        .configure(font="sans-serif", background="white")
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor="#e4e4e4",
            labelLimit=175 if narrow else 260,
        )
        .configure_axisX(tickCount=4 if narrow else 8)
        .configure_legend(orient="bottom", labelFontSize=12, columns=1 if narrow else 3, labelLimit=280)
        .configure_view(stroke=None)
        .to_dict()
    )


def _height(table: pl.DataFrame) -> int:
    return ROW_HEIGHT * max(table.height, 1)


def _lines(long: pl.DataFrame, names: Sequence[str], x: alt.X, y: alt.Y, points: bool) -> list[Any]:
    """A line for each of `names` in the column "series", each with a dash and a colour of its own."""
    drawn: Any = alt.Chart(_data(long)).encode(x=x, y=y)
    colours = alt.Scale(domain=names, range=SCHEME)
    strokes = alt.Legend(symbolType="stroke", symbolSize=400, symbolStrokeWidth=2)
    lines = drawn.mark_line(strokeWidth=2).encode(
        color=alt.Color("series:N", title=None, scale=colours, legend=strokes),
        strokeDash=alt.StrokeDash("series:N", title=None, scale=alt.Scale(domain=names, range=DASHES), legend=strokes),
    )
    dots = drawn.mark_point(filled=True, size=40, opacity=1).encode(
        color=alt.Color("series:N", title=None, scale=colours)
    )
    return [lines, dots] if points else [lines]


def _long(table: pl.DataFrame) -> pl.DataFrame:
    """One row a point: the first column, "series" and "value"."""
    first, *names = table.columns
    return table.unpivot(names, index=first, variable_name="series", value_name="value").drop_nulls()


def _data(table: pl.DataFrame) -> Any:
    return alt.Data(values=table.to_dicts())
