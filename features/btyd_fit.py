"""Maximum-likelihood fits of the models in `features.btyd`.

A fit finds an inner maximum of the likelihood or says why there is none. Where customers do not differ, or never leave,
parameters run to zero or infinity; what they predict then is sound, but they are no estimates. A weak prior keeps them
from it: with `prior_sd`, the logarithms searched for are taken to be normal about 0 with that standard deviation (in
the units of the search), and the maximum is that of the posterior. Without it, the estimates are those of maximum
likelihood.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from features.btyd import BGNBD, Floats, GammaGamma, ParetoNBD

Model = TypeVar("Model", BGNBD, ParetoNBD, GammaGamma)

LONGEST = 10.0  # the longest T during the search, which goes well when all numbers are of one size
BLOCK = 4096  # rows at a time, which fit the processor's cache
LIMIT = 1e4  # what is searched for lies between 1 / LIMIT and LIMIT, in the units of the search
STEEPEST = 1e-5  # slope of the mean log-likelihood by a logarithm searched for that passes for a maximum
IN_UNITS = ("alpha", "beta", "v")  # parameters measured in the unit of the data
# What is searched for, and how the logarithms of the parameters come of its logarithms. Shape and scale run to infinity
# together where customers are alike; their ratio stays, so the search goes by shape and ratio.
SHAPES_AND_RATIOS = np.array([[1, 0, 0, 0], [1, -1, 0, 0], [0, 0, 1, 0], [0, 0, 1, -1]])
SEARCHED: dict[type, tuple[tuple[str, ...], np.ndarray]] = {
    BGNBD: (("r", "r / alpha", "a", "a / b"), SHAPES_AND_RATIOS),
    ParetoNBD: (("r", "r / alpha", "s", "s / beta"), SHAPES_AND_RATIOS),
    GammaGamma: (("p", "q", "p v / q"), np.array([[1, 0, 0], [0, 1, 0], [-1, 1, 1]])),
}


@dataclass(frozen=True)
class NotFitted(Generic[Model]):
    """Why there are no estimates.

    `nearest`: where parameters ran to zero or infinity, the best model within the search. It predicts what the limit
    does (s and beta of 10,000: all customers leave at one rate), so it may be used; its parameters vary with the range.
    """

    reason: str
    nearest: Model | None = None


def fit_bg_nbd(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    weights: ArrayLike = 1.0,
    prior_sd: float | None = None,
) -> BGNBD | NotFitted[BGNBD]:
    """BG/NBD parameters in the unit of time of `T`; a row stands for as many customers as its weight says.

    Raises ValueError for rows that no customer can have: numbers that are missing or negative, `recency` beyond `T`.
    """
    return _fit_purchases(BGNBD, frequency, recency, T, weights, prior_sd)


def fit_pareto_nbd(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    weights: ArrayLike = 1.0,
    prior_sd: float | None = None,
) -> ParetoNBD | NotFitted[ParetoNBD]:
    """Pareto/NBD parameters; arguments, unit and errors as of `fit_bg_nbd`."""
    return _fit_purchases(ParetoNBD, frequency, recency, T, weights, prior_sd)


def fit_gamma_gamma(
    frequency: ArrayLike, monetary_value: ArrayLike, weights: ArrayLike = 1.0, prior_sd: float | None = None
) -> GammaGamma | NotFitted[GammaGamma]:
    """Gamma-Gamma parameters from the mean value of each customer's repeat purchases, in the unit of that value.

    Rows without repeat purchases, or whose value is not positive, say nothing to the model and are left out.
    Raises ValueError for frequencies or weights that are missing or negative.
    """
    x, mean, weight = _columns(frequency, monetary_value, weights)
    _refuse(~np.isfinite(x + weight) | (x < 0) | (weight < 0), "frequency or weight is missing or negative")
    used = (x > 0) & (mean > 0) & (weight > 0) & np.isfinite(mean)
    if not used.any():
        return NotFitted("no customer has repeat purchases of positive value")
    weight, (x, mean) = _grouped(weight[used], x[used], mean[used])
    unit = float(np.exp(np.average(np.log(mean), weights=weight)))  # their geometric mean, whatever the outliers
    found = _maximum(GammaGamma, (x, mean / unit), weight, unit, prior_sd)
    nearest = found.nearest if isinstance(found, NotFitted) else found
    if nearest is not None and nearest.q <= 1:
        return NotFitted(f"the expected value of a purchase is infinite (q = {nearest.q:.3g}, at most 1)")
    return found


def _fit_purchases(
    model: type[Model],
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    weights: ArrayLike,
    prior_sd: float | None,
) -> Model | NotFitted[Model]:
    x, t_x, T, weight = columns = _columns(frequency, recency, T, weights)
    _refuse(~np.isfinite(columns).all(axis=0) | (np.min(columns, axis=0) < 0), "a number is missing or negative")
    _refuse((t_x > T) | ((x == 0) & (t_x > 0)), "recency is beyond T, or above 0 without repeat purchases")
    weight, (x, t_x, T) = _grouped(weight[weight > 0], *(column[weight > 0] for column in (x, t_x, T)))
    if not x.any():
        return NotFitted("no customer has repeat purchases")
    if not T.any():
        return NotFitted("no time has passed since the first purchases")
    unit = float(T.max()) / LONGEST
    return _maximum(model, (x, t_x / unit, T / unit), weight, unit, prior_sd)


def _maximum(
    model: type[Model], columns: Sequence[Floats], weight: Floats, unit: float, prior_sd: float | None
) -> Model | NotFitted[Model]:
    names, to_parameters = SEARCHED[model]
    share = weight / weight.sum()
    tightness = 0.0 if prior_sd is None else 1 / (prior_sd**2 * float(weight.sum()))
    blocks = [slice(first, first + BLOCK) for first in range(0, len(share), BLOCK)]

    def loss(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(to_parameters @ logs)
        value, slope = 0.5 * tightness * float(logs @ logs), np.zeros(len(names))
        for block in blocks:
            values, slopes = model(*parameters).log_likelihood(*(column[block] for column in columns))
            value -= float(values @ share[block])
            slope -= (slopes @ share[block]) * parameters
        return value, slope @ to_parameters + tightness * logs

    edge = np.log(LIMIT)
    precise = {"ftol": 1e-15, "gtol": 1e-8, "maxiter": 1000, "maxcor": 20}
    start, bounds = np.zeros(len(names)), [(-edge, edge)] * len(names)
    result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=precise)
    at_edge = np.abs(result.x) > 0.99 * edge
    if not np.abs(result.jac[~at_edge]).max(initial=0.0) < STEEPEST:
        return NotFitted("the likelihood has no clear maximum")
    parameters = zip(fields(model), np.exp(to_parameters @ result.x), strict=True)
    found = model(*(float(value) * (unit if field.name in IN_UNITS else 1.0) for field, value in parameters))
    if at_edge.any():
        run_away = ", ".join(name for name, ran in zip(names, at_edge, strict=True) if ran)
        return NotFitted(f"the likelihood keeps rising towards zero or infinity of {run_away}", nearest=found)
    return found


def _columns(*columns: ArrayLike) -> Floats:
    return np.array(np.broadcast_arrays(*(np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in columns)))


def _refuse(wrong: np.ndarray, problem: str) -> None:
    if wrong.any():
        raise ValueError(f"{int(wrong.sum())} of {len(wrong)} rows: {problem} (the first is row {int(wrong.argmax())})")


def _grouped(weight: Floats, *columns: Floats) -> tuple[Floats, list[Floats]]:
    """Distinct rows in order, each with the weight of all its likes: the order of the customers changes nothing."""
    order = np.lexsort(columns)
    columns = tuple(column[order] for column in columns)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    starts = np.flatnonzero(new)
    return np.add.reduceat(weight[order], starts) if len(starts) else weight, [column[new] for column in columns]
