"""How unlike earlier days a day is: PSI, a two-sample test, and what days differ by anyway.

With thousands of distributions a night, many are bound to look unlike others. A difference counts where it is explained
neither by chance nor by nature:
- chance: the Kolmogorov-Smirnov test of the day against all earlier ones together, on the same bins;
- nature: days differ, follow seasons, and grow with the log. Each earlier day, too, lay at some distance from those at
  least as long before it: from the one most like it, which seasons and growth leave small, and from all of them
  together. A PSI is about a multiple of a chi-square, so its cube root is about normal (Wilson and Hilferty 1931), and
  the cube roots of either kind of distance say how unusual that of the new day is (Student's t of a new observation).
The largest of these p-values is held against a day. Benjamini and Hochberg (1995) then keep the expected share of false
ones among all that are called unlike, hence the chance of calling any on a quiet night, below a rate.

Counts are all that is needed, and all that is kept: no row of a customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from models.metrics import Floats

Counts = NDArray[np.int64]
PARTS, FEWER_PARTS, MANY = 10, 5, 500  # bins where a day has so many rows, and where it has less: PSI is noisy then
LEAST = 0.5  # added to every count, since an empty bin would make the PSI infinite
FEWEST = 30  # rows on either day below which nothing is compared
DAYS_AT_LEAST = 5  # earlier distances that say what is usual
LEAST_ROOT = 1e-3
LEAST_SPREAD = 0.2  # of the cube roots, as a share of their mean: a handful of days may agree by luck


@dataclass(frozen=True)
class Unlike:
    """A day against earlier ones: PSI to the one `most_like` it (position), the largest such PSI among earlier days,
    and the p-value of the difference, which is NaN where too few earlier days say what is usual."""

    psi: float
    usual: float
    most_like: int
    p: float


def edges_of(values: Floats, days: int) -> Floats:
    """Upper ends of all bins but the last: the tenths of the known values (NaN: unknown) of so many `days`, each once.

    Fifths where there are few values a day. Where one value fills more than the lowest of these parts, the fewer ones
    below it are a part of their own: else nothing would tell a flag that most have from one that all have.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(0)
    parts = PARTS if len(known) >= MANY * days else FEWER_PARTS
    edges = np.unique(np.quantile(known, np.arange(1, parts) / parts, method="inverted_cdf"))
    below = known[known < edges[0]]
    if len(below) and (known == edges[0]).mean() > 1 / parts:
        edges = np.append(below.max(), edges)
    return edges


def counted(values: Floats, edges: Floats, part: NDArray[np.int64], parts: int) -> Counts:
    """Rows of each part (0-based, one for each value) by bin, shape (parts, 2 + edges): unknown ones, then the bins."""
    width = len(edges) + 2
    unknown = np.isnan(values)
    at = np.where(unknown, 0, np.searchsorted(edges, values, side="left") + 1)
    return np.bincount(part * width + at, minlength=parts * width).reshape(parts, width)


def known_or_not(counts: Counts) -> Counts:
    """The counts of `counted` in two bins: unknown, known."""
    return np.stack([counts[..., 0], counts[..., 1:].sum(axis=-1)], axis=-1)


def psi(counts: Counts, others: Counts) -> Floats:
    """Population stability index over the last axis: sum of (a - b) ln(a / b) over the shares of the bins."""
    a, b = (kind + LEAST for kind in (counts, others))
    a, b = (kind / kind.sum(axis=-1, keepdims=True) for kind in (a, b))
    return ((a - b) * np.log(a / b)).sum(axis=-1)


def two_sample_p(counts: Counts, others: Counts) -> float:
    """p-value of the two-sample Kolmogorov-Smirnov test, asymptotic; values of one bin count as equal, so it is at
    least that of the values themselves."""
    rows, other_rows = counts.sum(), others.sum()
    apart = np.abs(counts.cumsum() / rows - others.cumsum() / other_rows).max()
    return float(stats.kstwo.sf(apart, max(1, round(rows * other_rows / (rows + other_rows)))))


def unlike(counts: Counts, day: date, earlier: Counts, days: Sequence[date]) -> Unlike | None:
    """How unlike `days` (ascending), each with a row of `earlier`, the day with `counts` is; all over the same bins.

    None below `FEWEST` rows on the day or on all of `days`, and for what is the same for everybody on any day: a date,
    the market; unless it was the same on all `days`, and is not now.
    """
    enough = np.flatnonzero(earlier.sum(axis=1) >= FEWEST)
    if counts.sum() < FEWEST or not len(enough) or _in_common(counts, earlier[enough]):
        return None
    earlier, at = earlier[enough], np.array([days[row].toordinal() for row in enough])
    distances, together = psi(counts, earlier), earlier.sum(axis=0)
    nearest = int(distances.argmin())
    usual, usual_of_all = _usual(earlier, at, day.toordinal() - at[-1])
    p = float("nan")
    if len(usual) >= DAYS_AT_LEAST:
        nature = _p_of_new(distances[nearest], usual), _p_of_new(psi(counts, together), usual_of_all)
        p = max(two_sample_p(counts, together), *nature)
    return Unlike(float(distances[nearest]), float(usual.max(initial=0)), int(enough[nearest]), p)


def _in_common(counts: Counts, earlier: Counts) -> bool:
    if ((earlier > 0).sum(axis=1) > 1).any() or (counts > 0).sum() > 1:
        return False
    bins = np.unique(earlier.argmax(axis=1))
    return len(bins) > 1 or bins[0] == counts.argmax()


def _usual(earlier: Counts, at: NDArray[np.int64], gap: int) -> tuple[Floats, Floats]:
    """PSI of each day to the one most like it among those at least `gap` days before it (or half of all days), and to
    all of these together.

    Days that have few before them are left out: they had not seen a season yet.
    """
    gap = min(max(gap, 1), max((at[-1] - at[0]) // 2, 1))
    before = at[None, :] <= at[:, None] - gap
    seen = before.sum(axis=1)
    rows = seen >= max(1, seen.max() / 3)
    apart = np.where(before, psi(earlier[:, None, :], earlier[None, :, :]), np.inf).min(axis=1)
    return apart[rows], psi(earlier, before.astype(np.int64) @ earlier)[rows]


def _p_of_new(distance: float | Floats, usual: Floats) -> float:
    roots = np.cbrt(usual)
    spread = max(float(roots.std(ddof=1)), LEAST_SPREAD * float(roots.mean()), LEAST_ROOT) * np.sqrt(1 + 1 / len(roots))
    return float(special.stdtr(len(roots) - 1, (roots.mean() - np.cbrt(distance)) / spread))  # t's upper tail, fast


def discoveries(p: Floats, rate: float) -> NDArray[np.bool_]:
    """Which p-values are too small for chance at a false discovery `rate` (Benjamini and Hochberg); NaN: not."""
    found, known = np.zeros(len(p), dtype=bool), ~np.isnan(p)
    if known.any():
        found[known] = stats.false_discovery_control(p[known]) <= rate
    return found
