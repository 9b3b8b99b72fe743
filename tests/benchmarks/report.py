"""The tables that a benchmark prints: what each contestant took, and the ratios between them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.declared import MONTHLY
from tests.benchmarks.measure import Measured

TITLES = {
    "read": "reading three columns",
    "count": "counting each customer's rows",
    "engine": "Holdfast",
    "polars": "polars, one query over all files",
    "polars by file": "polars, a query for each file",
    "pandas": "pandas",
    "duckdb": "DuckDB",
    "featuretools": "featuretools",
}
MANY = len(MONTHLY)
JUDGED_FROM = 1_000_000  # fewer transactions cost little beside starting up
PEAK_LIMITS_GIB = {20_000_000: 2.0, 200_000_000: 4.0}


@dataclass(frozen=True)
class Ratio:
    """A figure, and the most it should be (None: for information)."""

    what: str
    value: float
    target: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the target is met, in a word."""
        return "" if self.target is None else "met" if self.value <= self.target else "MISSED"


def ratios(found: Sequence[Measured]) -> list[Ratio]:
    """Every ratio for which both sides were measured."""
    by = {(m.transactions, m.contestant, m.cutoffs): m for m in found if not m.failure}
    sizes = sorted({m.transactions for m in found})
    made: list[Ratio] = []
    for size in sizes:
        engine, straight = by[size, "engine", 1], straight_of(by, size, 1)
        if straight:
            made.append(
                Ratio(
                    f"{size:,}: Holdfast / straight polars, 1 cutoff",
                    engine.seconds / straight.seconds,
                    _target(1.5, size),
                )
            )
        for other in ("count", "pandas", "duckdb", "featuretools"):
            if one := by.get((size, other, 1)):
                made.append(Ratio(f"{size:,}: {TITLES[other]} / Holdfast, 1 cutoff", one.seconds / engine.seconds))
        many, loop = by.get((size, "engine", MANY)), straight_of(by, size, MANY)
        if many:
            made.append(
                Ratio(f"{size:,}: Holdfast, {MANY} cutoffs / 1", many.seconds / engine.seconds, _target(3, size))
            )
            if loop:
                title = f"{size:,}: loop in polars / Holdfast, {MANY} cutoffs"
                made.append(Ratio(title, loop.seconds / many.seconds))
            peak = max(engine.peak_mib, many.peak_mib) / 1024
            made.append(Ratio(f"{size:,}: peak of Holdfast, GiB", peak, PEAK_LIMITS_GIB.get(size)))
    return made + _growth(by, sizes)


def _target(most: float, transactions: int) -> float | None:
    return most if transactions >= JUDGED_FROM else None


def straight_of(by: dict[tuple[int, str, int], Measured], size: int, cutoffs: int) -> Measured | None:
    """The faster one of the straight polars queries."""
    written = [by[key] for name in ("polars", "polars by file") if (key := (size, name, cutoffs)) in by]
    return min(written, key=lambda m: m.seconds, default=None)


def _growth(by: dict[tuple[int, str, int], Measured], sizes: Sequence[int]) -> list[Ratio]:
    """Time of each size over that of the size before: at most a fifth more than in proportion."""
    made = []
    for smaller, larger in zip(sizes, sizes[1:], strict=False):
        for cutoffs in (1, MANY):
            one, other = by.get((smaller, "engine", cutoffs)), by.get((larger, "engine", cutoffs))
            if one and other:
                title = f"{larger:,} / {smaller:,}: Holdfast, cutoffs: {cutoffs}"
                made.append(Ratio(title, other.seconds / one.seconds, _target(1.2 * larger / smaller, smaller)))
    return made


def tables(found: Sequence[Measured]) -> str:
    """Both tables in Markdown, aligned so that they read well as they are."""
    took = [["transactions", "what", "cutoffs", "seconds", "CPU seconds", "peak MiB", "rows"]]
    for m in found:
        figures = [f"{m.seconds:,.2f}", f"{m.cpu_seconds:,.2f}", f"{m.peak_mib:,.0f}", f"{m.rows:,}" if m.rows else ""]
        took.append(
            [
                f"{m.transactions:,}",
                TITLES[m.contestant],
                str(m.cutoffs),
                *([m.failure, "", "", ""] if m.failure else figures),
            ]
        )
    compared = [["ratio", "value", "at most", ""]]
    for r in ratios(found):
        compared.append([r.what, f"{r.value:.2f}", "" if r.target is None else f"{r.target:g}", r.verdict])
    return f"{_markdown(took, right={0, 2, 3, 4, 5, 6})}\n\n{_markdown(compared, right={1, 2})}\n"


def _markdown(rows: list[list[str]], right: set[int]) -> str:
    widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    ruler = ["-" * (w - 1) + ":" if i in right else "-" * w for i, w in enumerate(widths)]
    lines = [
        " | ".join(
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in (rows[0], ruler, *rows[1:])
    ]
    return "\n".join(f"| {line} |" for line in lines)
