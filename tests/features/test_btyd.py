"""The "buy till you die" models against published figures, against their definitions, and on simulated customers.

CDNOW: 2,357 customers of a record shop in weeks, the sample on which the models were published; the summary comes with
the package `lifetimes`, of which nothing else is used.
"""

from collections.abc import Callable
from dataclasses import astuple, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import expit

from features.btyd import BGNBD, Floats, GammaGamma, ParetoNBD
from features.btyd_fit import NotFitted, fit_bg_nbd, fit_gamma_gamma, fit_pareto_nbd

Purchases = tuple[Floats, Floats, Floats]  # frequency, recency, T

PARETO = ParetoNBD(r=1.5, alpha=8.0, s=2.0, beta=15.0)
BG = BGNBD(r=1.5, alpha=8.0, a=1.6, b=2.5)
# frequency, recency, T: nobody's first repeat, some long ago, just now, and very many
HISTORIES = [(0, 0.0, 12.0), (2, 3.0, 12.0), (5, 12.0, 12.0), (40, 7.0, 12.0)]


@pytest.fixture(scope="module")
def cdnow() -> dict[str, Floats]:
    found = find_spec("lifetimes")
    assert found is not None and found.submodule_search_locations, "lifetimes is in the dev extra"
    folder = Path(found.submodule_search_locations[0]) / "datasets"
    rows = np.loadtxt(folder / "cdnow_customers_summary_with_transactions.csv", delimiter=",", skiprows=1)
    return dict(zip(["frequency", "recency", "T", "monetary_value"], rows.T[1:], strict=True))


@pytest.fixture(scope="module")
def histories(cdnow: dict[str, Floats]) -> Purchases:
    return cdnow["frequency"], cdnow["recency"], cdnow["T"]


def simulated_pareto(model: ParetoNBD, T: Floats, seed: int) -> Purchases:
    """Customers as the model tells it: so many purchases while alive, at any moments of that time."""
    random = np.random.default_rng(seed)
    rate = random.gamma(model.r, 1 / model.alpha, len(T))
    alive = np.minimum(random.exponential(1 / random.gamma(model.s, 1 / model.beta, len(T))), T)
    x = random.poisson(rate * alive)
    latest = alive * random.random(len(T)) ** (1 / np.maximum(x, 1))  # of x moments drawn at random
    return x.astype(float), np.where(x > 0, latest, 0.0), T


def simulated_bg(model: BGNBD, T: Floats, seed: int) -> Purchases:
    """Customers as the model tells it: a purchase, a toss whether to leave, the next purchase."""
    random = np.random.default_rng(seed)
    rate, chance = random.gamma(model.r, 1 / model.alpha, len(T)), random.beta(model.a, model.b, len(T))
    x, t_x, staying = np.zeros(len(T)), np.zeros(len(T)), np.ones(len(T), dtype=bool)
    while staying.any():
        following = t_x + random.exponential(1 / rate)
        staying &= following < T
        x, t_x = x + staying, np.where(staying, following, t_x)
        staying &= random.random(len(T)) >= chance
    return x, t_x, T


# --- Published figures


def test_bg_nbd_of_cdnow(histories: Purchases):
    # Fader, Hardie & Lee (2005), table 2.
    found = fit_bg_nbd(*histories)
    assert isinstance(found, BGNBD)
    assert astuple(found) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=0.0006)
    assert found.log_likelihood(*histories)[0].sum() == pytest.approx(-9582.4, abs=0.05)


def test_pareto_nbd_of_cdnow(histories: Purchases):
    # Fader, Hardie & Lee (2005), table 2; times were rounded to 0.01 weeks in the file.
    found = fit_pareto_nbd(*histories)
    assert isinstance(found, ParetoNBD)
    assert astuple(found) == pytest.approx((0.553, 10.578, 0.606, 11.669), abs=0.0015)
    assert found.log_likelihood(*histories)[0].sum() == pytest.approx(-9595.0, abs=0.05)


def test_gamma_gamma_of_cdnow(cdnow: dict[str, Floats]):
    # Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value: 6.25, 3.74, 15.44 from unrounded values.
    found = fit_gamma_gamma(cdnow["frequency"], cdnow["monetary_value"])
    assert isinstance(found, GammaGamma)
    assert astuple(found) == pytest.approx((6.25, 3.74, 15.45), abs=0.006)


def test_published_predictions(cdnow: dict[str, Floats]):
    bg = BGNBD(0.243, 4.414, 0.793, 2.426)
    assert bg.purchases(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=0.0006)  # the authors' spreadsheet
    pareto = ParetoNBD(0.553, 10.578, 0.606, 11.669)  # customer 1516 in the walkthrough of the R package BTYD
    assert pareto.purchases(52, 26, 30.86, 31) == pytest.approx(25.46, abs=0.006)
    assert pareto.alive(26, 30.86, 31) == pytest.approx(0.9979, abs=0.00006)
    value = GammaGamma(6.25, 3.74, 15.44).value(cdnow["frequency"][:10], cdnow["monetary_value"][:10])
    spreadsheet = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]  # of brucehardie.com/notes/025
    assert value == pytest.approx(spreadsheet, abs=0.06)


# --- Definitions, summed over all customers that there may be

# The trapezoidal rule in log(rate) and in log(p / (1 - p)), whose ends fade out, is right to ten digits.
STEP = 0.05
RATES = np.exp(np.arange(-25, 4, STEP))
CHANCES = expit(np.arange(-25, 25, STEP))


def over_rates(model: ParetoNBD, of_rates: Callable[[Floats, Floats], Floats]) -> float:
    """Mean of a function of (purchase rate, leaving rate)."""
    buying = stats.gamma(model.r, scale=1 / model.alpha).pdf(RATES) * RATES * STEP
    leaving = stats.gamma(model.s, scale=1 / model.beta).pdf(RATES) * RATES * STEP
    return float(buying @ of_rates(RATES[:, None], RATES) @ leaving)


def over_chances(model: BGNBD, of_chances: Callable[[Floats, Floats], Floats]) -> float:
    """Mean of a function of (purchase rate, chance of leaving after a purchase)."""
    buying = stats.gamma(model.r, scale=1 / model.alpha).pdf(RATES) * RATES * STEP
    leaving = stats.beta(model.a, model.b).pdf(CHANCES) * CHANCES * (1 - CHANCES) * STEP
    return float(buying @ of_chances(RATES[:, None], CHANCES) @ leaving)


@pytest.mark.parametrize("history", HISTORIES)
def test_pareto_nbd_is_its_definition(history: tuple[int, float, float]):
    x, t_x, T = history

    def still_customer(rate: Floats, mu: Floats) -> Floats:
        return rate**x * np.exp(-(rate + mu) * T)

    def left_before(rate: Floats, mu: Floats) -> Floats:
        """The integral of rate^x mu exp(-(rate + mu) y) over y from the last purchase to now."""
        return rate**x * mu * (np.exp(-(rate + mu) * t_x) - np.exp(-(rate + mu) * T)) / (rate + mu)

    def coming(rate: Floats, mu: Floats) -> Floats:
        """Purchases of the next 9 units of time of who is a customer still."""
        return still_customer(rate, mu) * rate * -np.expm1(-9 * mu) / mu

    stays, left = over_rates(PARETO, still_customer), over_rates(PARETO, left_before)
    assert PARETO.log_likelihood(x, t_x, T)[0] == pytest.approx(np.log(stays + left), abs=1e-8)
    assert PARETO.alive(x, t_x, T) == pytest.approx(stays / (stays + left), rel=1e-8)
    assert PARETO.purchases(9, x, t_x, T) == pytest.approx(over_rates(PARETO, coming) / (stays + left), rel=1e-8)


@pytest.mark.parametrize("history", HISTORIES)
def test_bg_nbd_is_its_definition(history: tuple[int, float, float]):
    x, t_x, T = history

    def still_customer(rate: Floats, p: Floats) -> Floats:
        return (1 - p) ** x * rate**x * np.exp(-rate * T)

    def left_at_last(rate: Floats, p: Floats) -> Floats:
        return p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * t_x)

    def coming(rate: Floats, p: Floats) -> Floats:
        """Purchases of the next 9 units of time of who is a customer still."""
        return still_customer(rate, p) * -np.expm1(-rate * p * 9) / p

    stays, left = over_chances(BG, still_customer), over_chances(BG, left_at_last) if x else 0.0
    assert BG.log_likelihood(x, t_x, T)[0] == pytest.approx(np.log(stays + left), abs=1e-8)
    assert BG.alive(x, t_x, T) == pytest.approx(stays / (stays + left), rel=1e-8)
    assert BG.purchases(9, x, t_x, T) == pytest.approx(over_chances(BG, coming) / (stays + left), rel=1e-8)


def test_gamma_gamma_is_its_definition():
    # Three purchases of 20 on average: their sum of 60 comes from Gamma(3 p, nu), nu from Gamma(q, v).
    model, scale = GammaGamma(2.0, 3.0, 30.0), stats.gamma(3.0, scale=1 / 30.0)
    density = quad(lambda nu: stats.gamma(6.0, scale=1 / nu).pdf(60) * scale.pdf(nu), 0, 3)[0]
    next_value = quad(lambda nu: 2 / nu * stats.gamma(6.0, scale=1 / nu).pdf(60) * scale.pdf(nu), 0, 3)[0]
    # The mean is the sum over 3, so its density is three times as high.
    assert model.log_likelihood(3, 20.0)[0] == pytest.approx(np.log(3 * density), abs=1e-6)
    assert model.value(3, 20.0) == pytest.approx(next_value / density, rel=1e-6)


def test_few_leaving_and_a_horizon_far_beyond_the_past():
    # A new customer, t = 900 = 450 x (alpha + T), where scipy's hypergeometric function gives NaN.
    model = BGNBD(0.7, 2.0, 1.5, 600.0)
    leaving = stats.beta(1.5, 600.0)
    expected = quad(lambda p: leaving.pdf(p) * -np.expm1(-0.7 * np.log1p(450 * p)) / p, 0, 0.05, epsabs=0)[0]
    assert model.purchases(900, 0, 0, 0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", [BG, PARETO, BGNBD(0.3, 40.0, 0.1, 7.0), ParetoNBD(0.3, 40.0, 4.0, 0.5)])
def test_derivatives_of_the_purchase_models(model: BGNBD | ParetoNBD):
    check_derivatives(model, tuple(np.array(HISTORIES, dtype=float).T))


def test_derivatives_of_gamma_gamma():
    check_derivatives(GammaGamma(2.0, 3.0, 30.0), (np.array([1.0, 3.0, 300.0]), np.array([5.0, 20.0, 0.01])))


def check_derivatives(model: BGNBD | ParetoNBD | GammaGamma, rows: tuple[Floats, ...]) -> None:
    slopes = model.log_likelihood(*rows)[1]
    for slope, (name, value) in zip(slopes, vars(model).items(), strict=True):
        step = value * 1e-4
        above, below = (replace(model, **{name: value + sign * step}).log_likelihood(*rows)[0] for sign in (1, -1))
        assert slope == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-6), name


# --- Edges


def test_who_never_came_back():
    assert BG.alive(0, 0.0, 12.0) == 1.0  # nobody leaves but after a purchase that is counted
    assert 0 < PARETO.alive(0, 0.0, 500.0) < PARETO.alive(0, 0.0, 12.0) < 1
    assert GammaGamma(2.0, 3.0, 30.0).value(0, np.nan) == 30.0  # p v / (q - 1)


def test_who_bought_this_moment():
    assert PARETO.alive(3, 12.0, 12.0) == 1.0
    assert BG.alive(3, 12.0, 12.0) == pytest.approx(1 / (1 + 1.6 / 4.5))  # a / (b + x - 1)
    assert PARETO.alive(0, 0.0, 0.0) == BG.alive(0, 0.0, 0.0) == 1.0
    # A new customer buys at rate r / alpha, for a short time.
    assert PARETO.purchases(1e-4, 0, 0.0, 0.0) == pytest.approx(1e-4 * 1.5 / 8, rel=1e-4)
    assert BG.purchases(1e-4, 0, 0.0, 0.0) == pytest.approx(1e-4 * 1.5 / 8, rel=1e-4)


@pytest.mark.parametrize("model", [BG, PARETO])
def test_many_purchases(model: BGNBD | ParetoNBD):
    # 900 purchases in 90 days and none in the 10 since: gone. Within the hour: about 10 a day.
    assert model.alive(900, 90.0, 100.0) < 1e-30
    assert model.purchases(1, 900, 90.0, 100.0) < 1e-28
    assert model.alive(900, 99.99, 100.0) > 0.99
    assert model.purchases(1, 900, 99.99, 100.0) == pytest.approx(901.5 / 108, rel=0.02)


@pytest.mark.parametrize("model", [BG, PARETO])
def test_arrays_broadcast_and_missing_stays_missing(model: BGNBD | ParetoNBD):
    x, t_x, T = np.array([[2.0], [np.nan]]), np.array([3.0, 5.0, 12.0]), 12.0
    found = model.purchases(np.array([0.0, 9.0, 9.0]), x, t_x, T)
    assert found.shape == model.alive(x, t_x, T).shape == (2, 3)
    assert found[0, 0] == 0.0 and found[0, 1] == pytest.approx(model.purchases(9, 2, 5.0, 12.0))
    assert np.isnan(found[1]).all() and np.isnan(model.alive(x, t_x, T)[1]).all()


@pytest.mark.parametrize("distance", [0.0, 1e-15, 1e-10])
def test_removable_poles(distance: float):
    history = (9, 2, 5.0, 12.0)
    for left, pole, right in [
        (replace(BG, a=0.999), replace(BG, a=1.0 + distance), replace(BG, a=1.001)),
        (replace(PARETO, s=0.999), replace(PARETO, s=1.0 + distance), replace(PARETO, s=1.001)),
    ]:
        between = (left.purchases(*history) + right.purchases(*history)) / 2
        assert pole.purchases(*history) == pytest.approx(between, rel=1e-6)
    between = np.mean([BGNBD(1.5, 8.0, 0.5, b).purchases(9, 0, 0.0, 12.0) for b in (0.499, 0.501)])
    assert BGNBD(1.5, 8.0, 0.5, 0.5 + distance).purchases(9, 0, 0.0, 12.0) == pytest.approx(between, rel=1e-6)


# --- Fits


def ages(customers: int, seed: int) -> Floats:
    return np.random.default_rng(seed).uniform(20, 900, customers)


def test_pareto_nbd_finds_what_was_simulated():
    model = ParetoNBD(0.8, 60.0, 0.9, 250.0)
    found = fit_pareto_nbd(*simulated_pareto(model, ages(20_000, seed=1), seed=2))
    assert isinstance(found, ParetoNBD)
    assert astuple(found) == pytest.approx(astuple(model), rel=0.15)
    assert (found.r / found.alpha, found.s / found.beta) == pytest.approx((0.8 / 60, 0.9 / 250), rel=0.05)


def test_bg_nbd_finds_what_was_simulated():
    model = BGNBD(0.8, 60.0, 0.6, 4.0)
    found = fit_bg_nbd(*simulated_bg(model, ages(20_000, seed=3), seed=4))
    assert isinstance(found, BGNBD)
    assert astuple(found) == pytest.approx(astuple(model), rel=0.15)


def test_the_simulated_buy_what_was_expected():
    T = ages(20_000, seed=5)
    for model, simulated in ((PARETO, simulated_pareto), (BG, simulated_bg)):
        # Without a history: a customer of age 0 asked for the next T, against the purchases simulated within T.
        assert simulated(model, T / 20, 6)[0].mean() == pytest.approx(model.purchases(T / 20, 0, 0, 0).mean(), rel=0.03)


def test_gamma_gamma_finds_what_was_simulated():
    random = np.random.default_rng(7)
    x = random.integers(0, 9, 20_000).astype(float)
    mean = random.gamma(6.0 * np.maximum(x, 1)) / random.gamma(4.0, 1 / 15.0, len(x)) / np.maximum(x, 1)
    found = fit_gamma_gamma(x, np.where(x > 0, mean, np.nan))
    assert isinstance(found, GammaGamma)
    assert astuple(found) == pytest.approx((6.0, 4.0, 15.0), rel=0.1)


def test_the_unit_of_time_does_not_matter(histories: Purchases):
    x, t_x, T = histories
    week = 7 * 24 * 3600
    for fit, in_time in ((fit_bg_nbd, ("alpha",)), (fit_pareto_nbd, ("alpha", "beta"))):
        in_weeks, in_seconds = fit(x, t_x, T), fit(x, t_x * week, T * week)
        for name, value in vars(in_weeks).items():
            assert vars(in_seconds)[name] == pytest.approx(value * (week if name in in_time else 1), rel=1e-5)
        expected = in_weeks.purchases(10, x, t_x, T)
        assert in_seconds.purchases(10 * week, x, t_x * week, T * week) == pytest.approx(expected, rel=1e-5)


def test_the_unit_of_money_does_not_matter(cdnow: dict[str, Floats]):
    dollars = fit_gamma_gamma(cdnow["frequency"], cdnow["monetary_value"])
    cents = fit_gamma_gamma(cdnow["frequency"], cdnow["monetary_value"] * 100)
    assert isinstance(dollars, GammaGamma) and isinstance(cents, GammaGamma)
    assert astuple(cents) == pytest.approx((dollars.p, dollars.q, dollars.v * 100), rel=1e-5)


def test_grouping_and_order_do_not_matter(cdnow: dict[str, Floats], histories: Purchases):
    rows, count = np.unique(np.array(histories), axis=1, return_counts=True)
    assert len(count) < 1500
    backwards = [column[::-1] for column in histories]
    for fit in (fit_bg_nbd, fit_pareto_nbd):
        assert astuple(fit(*rows, weights=count)) == astuple(fit(*histories)) == astuple(fit(*backwards))
    x, mean = cdnow["frequency"], cdnow["monetary_value"]
    assert fit_gamma_gamma(x, mean, np.full(len(x), 3)) == fit_gamma_gamma(np.tile(x, 3), np.tile(mean, 3))


# --- Nothing to find


def reason(found: object) -> str:
    assert isinstance(found, NotFitted)
    return found.reason


def ran_away(found: object) -> list[str]:
    sentence, names = reason(found).split(" of ")
    assert sentence == "the likelihood keeps rising towards zero or infinity"
    return names.split(", ")


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_pareto_nbd])
def test_nothing_to_learn_from(fit: Callable[..., object]):
    nobody = np.array([])
    assert reason(fit(nobody, nobody, nobody)) == "no customer has repeat purchases"
    assert reason(fit([0, 0, 0], [0, 0, 0], [5, 8, 9])) == "no customer has repeat purchases"
    assert reason(fit([0, 3], [0, 4], [5, 8], weights=[1, 0])) == "no customer has repeat purchases"
    assert reason(fit([0, 2], [0, 0], [0, 0])) == "no time has passed since the first purchases"


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_pareto_nbd])
def test_impossible_customers_are_refused(fit: Callable[..., object]):
    with pytest.raises(ValueError, match=r"1 of 2 rows: recency is beyond T.* \(the first is row 1\)"):
        fit([1, 1], [3, 9], [8, 8])
    with pytest.raises(ValueError, match="above 0 without repeat purchases"):
        fit([0], [3], [8])
    for row in ([-1, 0, 8, 1], [1, -1, 8, 1], [1, np.nan, 8, 1], [1, 3, np.inf, 1], [1, 3, 8, -1]):
        with pytest.raises(ValueError, match="missing or negative"):
            fit(*([value] for value in row))


def test_customers_who_never_leave_have_no_rate_of_leaving():
    T = ages(3_000, seed=8)
    loyal = simulated_pareto(ParetoNBD(0.8, 20.0, 50.0, 1e9), T, seed=9)
    for fit, ratio in ((fit_pareto_nbd, "s / beta"), (fit_bg_nbd, "a / b")):
        found = fit(*loyal)
        assert ratio in ran_away(found)
        assert found.nearest.alive(*loyal).mean() > 0.99


def test_lifetimes_more_alike_than_a_single_rate_allows_are_predicted_though_not_estimated():
    # Each stays between 300 and 500 days: s and beta run to infinity together, towards one rate of leaving.
    random, T = np.random.default_rng(10), ages(5_000, seed=11)
    lifetime = random.uniform(300, 500, len(T))
    x = random.poisson(np.minimum(lifetime, T) / 10).astype(float)
    latest = np.where(x > 0, np.minimum(lifetime, T) * random.random(len(T)) ** (1 / np.maximum(x, 1)), 0.0)
    found = fit_pareto_nbd(x, latest, T)
    assert isinstance(found, NotFitted) and found.nearest is not None
    assert "s" in ran_away(found) and found.nearest.s > 1000
    assert found.nearest.alive(x, latest, T).mean() == pytest.approx((lifetime > T).mean(), abs=0.02)


def test_values_that_say_nothing():
    assert reason(fit_gamma_gamma([0, 0], [5, 7])) == "no customer has repeat purchases of positive value"
    assert reason(fit_gamma_gamma([1, 2], [-5, np.nan])) == "no customer has repeat purchases of positive value"
    random = np.random.default_rng(12)
    x = random.integers(1, 9, 2_000).astype(float)
    # A customer's mean differs from 20 by chance only, and less for each purchase more than chance lets it.
    alike = fit_gamma_gamma(x, 20 + random.normal(0, 2, len(x)) / x)
    assert "q" in ran_away(alike)
    assert isinstance(alike, NotFitted) and alike.nearest is not None
    assert alike.nearest.value(1, 25.0) == pytest.approx(20.0, rel=0.01)
    heavy = random.gamma(3.0 * x) / random.gamma(0.6, 1.0, len(x)) / x  # Gamma(0.6) has no mean of 1 / nu
    assert reason(fit_gamma_gamma(x, heavy)).startswith("the expected value of a purchase is infinite (q = 0.")
    with pytest.raises(ValueError, match="frequency or weight is missing or negative"):
        fit_gamma_gamma([np.nan], [5.0])


def test_a_prior_pulls_the_parameters_to_one_in_the_units_of_the_search():
    # The longest T is the 10 of the search, so its unit is that of the data.
    x, t_x, T = np.array([0, 3, 5, 1, 8]), np.array([0, 4, 7, 2, 9]), np.array([10, 9, 8, 10, 9.5])
    held = fit_bg_nbd(x, t_x, T, prior_sd=0.001)
    assert isinstance(held, BGNBD)
    assert [held.r, held.alpha, held.a, held.b] == pytest.approx([1, 1, 1, 1], abs=1e-3)
    weak = fit_gamma_gamma([2, 3, 5], [10.0, 10.0, 10.0], prior_sd=3)  # all alike: without a prior p runs away
    assert isinstance(weak, GammaGamma)
    assert isinstance(fit_gamma_gamma([2, 3, 5], [10.0, 10.0, 10.0]), NotFitted)
