"""What acting brought: the arms of those who would have been listed are compared, whoever was really contacted.

Customers come in once a season, on the first day on which they would have been listed; from that day chance alone
tells the treated from the controls (intention to treat).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.metrics import Floats

Flags = NDArray[np.bool_]
TREAT, CONTROL = "treat", "control"
DRAWS, AT_ONCE = 400, 100
# Half a 95 % interval, in standard errors, and what it takes to see an effect in 80 of 100 tries: 1.960 + 0.842.
TWO_SIDED, POWER = 1.960, 2.802


def first_listed(decisions: pl.DataFrame) -> pl.DataFrame:
    """One row a customer and season, sorted: that of the first publication in which `would_list` was true.

    `decisions`: those of all publications, with customer_id, cutoff (Date), season, arm ("treat", "control" or null)
    and `would_list` (Boolean); further columns are kept as they were on that day.
    """
    listed = decisions.filter(pl.col("would_list") & pl.col("arm").is_in([TREAT, CONTROL]))
    first = listed.sort("cutoff", "customer_id").unique(["customer_id", "season"], keep="first", maintain_order=True)
    return first.sort("cutoff", "customer_id")


@dataclass(frozen=True)
class Difference:
    """Treated less control: customers and means of each arm, the difference, its standard error and 95 % interval."""

    treated: int
    control: int
    mean_treated: float
    mean_control: float
    difference: float
    error: float
    low: float
    high: float


def difference(rows: pl.DataFrame, outcome: str, seed: int, covariates: Sequence[str] = ()) -> Difference | None:
    """By how much the mean of `outcome` differs between the arms; None where one of them is empty in every season.

    `rows`: customer_id, season, arm, the outcome and the covariates, all of these as they were before acting. Seasons
    are compared each within itself and weigh by their customers, since the share of controls may differ. With
    covariates the means are adjusted by what these explain: CUPED (Deng et al. 2013, "Improving the Sensitivity of
    Online Controlled Experiments by Utilizing Pre-Experiment Data", section 3), theta pooled within season and arm.
    The interval is of a bootstrap over customers: all rows of a customer are drawn together.
    """
    treated = (rows["arm"] == TREAT).to_numpy()
    season = (rows["season"].rank("dense") - 1).to_numpy().astype(np.int64)
    cells = [(season == s) & arm for s in range(season.max(initial=-1) + 1) for arm in (treated, ~treated)]
    if not any(one.any() and other.any() for one, other in zip(cells[::2], cells[1::2], strict=True)):
        return None
    found = rows.select(outcome, *covariates).cast(pl.Float64).to_numpy()
    scale = found.std(axis=0)
    centred = (found - found.mean(axis=0)) / np.where(scale > 0, scale, 1.0)  # sums of squares of like size
    products = (centred[:, :, None] * centred[:, None, :]).reshape(len(centred), -1)
    moments = np.hstack([np.ones((len(centred), 1)), centred, products])
    estimates = np.concatenate(
        [_differences(drawn, moments, cells, len(covariates)) for drawn in _weights(rows["customer_id"], seed)]
    )
    estimates = estimates * (scale[0] or 1.0)
    low, high = np.nanquantile(estimates[1:], [0.025, 0.975])
    outcomes = found[:, 0]
    return Difference(
        int(treated.sum()),
        int((~treated).sum()),
        float(outcomes[treated].mean()),
        float(outcomes[~treated].mean()),
        float(estimates[0]),
        float(np.nanstd(estimates[1:])),
        float(low),
        float(high),
    )


def _weights(customers: pl.Series, seed: int) -> Iterator[Floats]:
    """Weights, shape (draws, rows), some draws at a time: first of all rows alike, then how often each was drawn."""
    yield np.ones((1, len(customers)))
    random = np.random.default_rng(seed)
    number = (customers.rank("dense") - 1).to_numpy().astype(np.int64)
    count = int(number.max()) + 1
    for _ in range(DRAWS // AT_ONCE):
        drawn = [np.bincount(random.integers(0, count, count), minlength=count) for _ in range(AT_ONCE)]
        yield np.array(drawn)[:, number].astype(np.float64)


def _differences(weights: Floats, moments: Floats, cells: Sequence[Flags], covariates: int) -> Floats:
    """The difference of each draw, shape (draws,), from weighted sums of the cells, of each season treated and not."""
    # Not by matrix product: its threads would wait for each other far longer than they work.
    sums = np.stack([np.einsum("dr,rm->dm", weights[:, cell], moments[cell]) for cell in cells], axis=1)
    count, size = sums[:, :, 0], covariates + 1
    mean = sums[:, :, 1 : size + 1] / np.maximum(count, 1)[:, :, None]
    within = (sums[:, :, size + 1 :].reshape(*count.shape, size, size)).sum(axis=1) - np.einsum(
        "dc,dci,dcj->dij", count, mean, mean
    )
    theta = np.einsum("dij,dj->di", np.linalg.pinv(within[:, 1:, 1:]), within[:, 1:, 0])
    apart = mean[:, ::2] - mean[:, 1::2]
    adjusted = apart[:, :, 0] - np.einsum("dsi,di->ds", apart[:, :, 1:], theta)
    size_of = (count[:, ::2] + count[:, 1::2]) * ((count[:, ::2] > 0) & (count[:, 1::2] > 0))
    total = size_of.sum(axis=1)
    return np.where(total > 0, (adjusted * size_of).sum(axis=1) / np.maximum(total, 1), np.nan)


def kept_at_even_odds(rows: pl.DataFrame) -> float:
    """What acting keeps of the leaving where half would leave: (odds ratio - 1) / (odds ratio + 1).

    The odds ratio of staying between the arms of `rows` (arm, retained, season, stratum), seasons and strata each
    compared within itself (Mantel and Haenszel 1959, "Statistical Aspects of the Analysis of Data from Retrospective
    Studies of Disease"). Other than `difference` it says what acting does to customers of any chance of leaving.
    """

    def customers(arm: str, retained: int) -> pl.Expr:
        return ((pl.col("arm") == arm) & (pl.col("retained") == retained)).sum()

    kept = customers(CONTROL, 0) * customers(TREAT, 1) / pl.len()
    lost = customers(CONTROL, 1) * customers(TREAT, 0) / pl.len()
    cells = rows.group_by("season", "stratum").agg(kept=kept, lost=lost)
    for_acting, against = (float(cells[name].sum()) for name in ("kept", "lost"))
    return (for_acting - against) / (for_acting + against) if for_acting + against else 0.0


def weeks_more(found: Difference, smallest: float, per_week: float) -> int:
    """Weeks until a difference of `smallest` would be seen in 80 of 100 tries, at `per_week` customers a week; 0: now.

    The standard error shrinks with the square root of the customers in both arms.
    """
    customers = found.treated + found.control
    needed = customers * (found.error * POWER / smallest) ** 2
    return max(0, ceil((needed - customers) / per_week))


def verdict(found: Difference, smallest: float, per_week: float) -> str:
    """In words: whether acting helps, harms, brings less than `smallest`, or for how long to wait to know."""
    if found.low > 0:
        return "acting helps"
    if found.high < 0:
        return "acting harms"
    weeks = weeks_more(found, smallest, per_week)
    if weeks:
        return f"not enough yet: about {weeks:,} more week{'s' * (weeks > 1)}"
    return "no effect worth the name"


@dataclass(frozen=True)
class Return:
    """Money, of all treated together: the gain with its 95 % interval and the cost of the actions."""

    gain: float
    low: float
    high: float
    cost: float

    def roi(self) -> tuple[float, float, float] | None:
        """(gain - cost) / cost with its interval; None where acting costs nothing."""
        if not self.cost:
            return None
        gain, low, high = ((amount - self.cost) / self.cost for amount in (self.gain, self.low, self.high))
        return gain, low, high


def returned(treated: int, difference: tuple[float, float, float], actions: int, action_cost: float) -> Return:
    """The money that `actions` at `action_cost` each brought, by the `difference` in net value of one of the `treated`
    customers, with its interval."""
    gain, low, high = (treated * figure for figure in difference)
    return Return(gain, low, high, actions * action_cost)
