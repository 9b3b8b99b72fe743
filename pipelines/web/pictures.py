"""Charts as plain shapes (SVG units), drawn by the templates; each stands above a table that says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.outreach.changes import GROUPS_IN_WORDS
from pipelines.outreach.page import History
from pipelines.outreach.wording import MONTHS

BARS_HALF = 100
LINE_WIDTH, LINE_HEIGHT = 300, 70
LEAST_WEIGHT = 0.05  # log-odds: what weighs less explains nothing


@dataclass(frozen=True)
class Bar:
    """What one group of reasons adds to the estimate (log-odds); from `x` on, `width` wide, 0 in the middle of 200."""

    words: str
    weight: float
    x: float
    width: float


@dataclass(frozen=True)
class Line:
    """A line over days: its points, and those of its labelled days, in 300 x 70 with 0 % at the bottom."""

    points: str
    dots: list[tuple[float, float]]
    first: date
    last: date


@dataclass(frozen=True)
class Mark:
    """One event on a time line: how far along it lies (0 to 300), and the row of the table that tells of it."""

    x: float
    words: str


def bars(weights: Mapping[str, float]) -> list[Bar]:
    """A bar for each group that weighs anything, from what raises the risk most to what lowers it most."""
    ordered = sorted(((w, group) for group, w in weights.items() if abs(w) >= LEAST_WEIGHT), reverse=True)
    longest = max((abs(weight) for weight, _ in ordered), default=1.0)
    found = []
    for weight, group in ordered:
        width = BARS_HALF * abs(weight) / longest
        words = GROUPS_IN_WORDS.get(group, group)
        found.append(Bar(words[0].upper() + words[1:], weight, BARS_HALF - (width if weight < 0 else 0), width))
    return found


def line(history: History) -> Line | None:
    """The chance of leaving over these days; None for less than two."""
    if len(history) < 2:
        return None
    first, last = history[0]["day"], history[-1]["day"]
    days = (last - first).days
    dots = [
        (LINE_WIDTH * (one["day"] - first).days / days, LINE_HEIGHT * (1 - one["churn_probability"])) for one in history
    ]
    return Line(" ".join(f"{x:.1f},{y:.1f}" for x, y in dots), dots, first, last)


def quarters(first: date, last: date) -> list[Mark]:
    """A mark for the first day of each quarter, but for those so near an end that their words would not fit."""
    begins = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 4, 7, 10)]
    found = marks([{"day": one, "words": f"{MONTHS[one.month - 1]} {one.year}"} for one in begins], first, last)
    return [mark for mark in found if 20 <= mark.x <= LINE_WIDTH - 20]


def marks(events: Sequence[Mapping[str, Any]], first: date, last: date) -> list[Mark]:
    """A mark for each event from `first` to `last`."""
    days = max((last - first).days, 1)
    return [Mark(LINE_WIDTH * (one["day"] - first).days / days, one["words"]) for one in events]
