"""How likely customers without a contract are still customers, and what they will buy: the "buy till you die" models.

A customer is known by frequency x (purchases after the first), recency t_x (time from the first purchase to the last;
0 where x = 0) and T (time from the first purchase to now), 0 <= t_x <= T in any one unit of time. Arrays broadcast;
NaN in, NaN out. All formulas add positive terms in logs, so hundreds of purchases neither overflow nor cancel.

Schmittlein, Morrison & Colombo (1987), Counting Your Customers, Management Science 33(1): Pareto/NBD.
Fader & Hardie (2005), A Note on Deriving the Pareto/NBD Model, brucehardie.com/notes/009: its formulas.
Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2): BG/NBD.
Fader & Hardie (2013), Overcoming the BG/NBD Model's #NUM! Error Problem, brucehardie.com/notes/027: its likelihood.
Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4), and Fader & Hardie (2013), The Gamma-Gamma
Model of Monetary Value, brucehardie.com/notes/025: the value of a purchase.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainccinv, betaincinv, digamma, expit, exprel, gammaln, hyp2f1, roots_legendre

Floats = NDArray[np.float64]

# Held against 30-digit arithmetic, 16 nodes err by at most 1e-8 of the integral, 8 nodes by up to 2e-2.
NODES, NODE_WEIGHTS = ((roots_legendre(16)[0] + 1) / 2, roots_legendre(16)[1] / 2)
NEGLIGIBLE = 36.0  # exp(-36) = 2e-16
# Tanh-sinh rule on (0, 1): nodes as distances from the nearer end, which is 1 where `UPPER`.
STEPS = np.arange(-20, 21) * 0.16
UPPER, TAIL = STEPS > 0, expit(-np.pi * np.abs(np.sinh(STEPS)))
TAIL_WEIGHTS = np.cosh(STEPS) * TAIL * (1 - TAIL) / np.sum(np.cosh(STEPS) * TAIL * (1 - TAIL))


@dataclass(frozen=True)
class BGNBD:
    """Purchases at a rate from Gamma(r, alpha); after each one the customer leaves with a chance from Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> tuple[Floats, Floats]:
        """Of each row, and its derivatives by (r, alpha, a, b), shape (4, rows); equation (4) of note 027."""
        x, t_x, T = _arrays(frequency, recency, T)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        log_odds = self._log_odds_of_having_left(x, t_x, T)
        left = expit(log_odds)
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T)
        value += gammaln(b + x) - gammaln(b) + gammaln(a + b) - gammaln(a + b + x) + np.logaddexp(0, log_odds)
        log_time = (1 - left) * np.log(alpha + T) + left * np.log(alpha + t_x)
        by_r = digamma(r + x) - digamma(r) + np.log(alpha) - log_time
        by_alpha = r / alpha - (r + x) * ((1 - left) / (alpha + T) + left / (alpha + t_x))
        by_a = digamma(a + b) - digamma(a + b + x) + left / a
        by_b = digamma(b + x) - digamma(b) + digamma(a + b) - digamma(a + b + x) - left / (b + np.maximum(x, 1) - 1)
        return value, np.stack([by_r, by_alpha, by_a, by_b])

    def alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Probability of being a customer still; 1 without repeat purchases, since one leaves after a purchase only.

        The model knows no leaving after the very first purchase, hence that 1 (Fader, Hardie & Lee 2005).
        """
        return expit(-self._log_odds_of_having_left(*_arrays(frequency, recency, T)))

    def purchases(self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Expected purchases in the next `t`; equation (10) of Fader, Hardie & Lee (2005).

        Euler's transformation of its 2F1 leaves x in the last parameter only, where large values do no harm.
        """
        t, x, t_x, T = _arrays(t, frequency, recency, T)
        growth, c = t / (self.alpha + T), self.a + self.b + x - 1
        with np.errstate(all="ignore"):
            series = hyp2f1(self.a + self.b - 1 - self.r, self.a - 1, c, growth / (1 + growth))
            if_alive = np.array(c / (self.a - 1) * (1 - np.exp((1 - self.a) * np.log1p(growth)) * series))
        # The formula has removable poles at a = 1 and a + b + x = 1, and scipy's 2F1 gives NaN for some a > 60, and for
        # b > 100 where t is over a hundred times alpha + T.
        failed = (~np.isfinite(if_alive) | (abs(self.a - 1) < 1e-6)) & np.isfinite(growth + x)
        if_alive[failed] = self._mean_over_chances(growth[failed], x[failed])
        return np.clip(if_alive, 0, (self.r + x) * growth) * self.alive(x, t_x, T)

    def _mean_over_chances(self, growth: Floats, x: Floats) -> Floats:
        """Expected purchases of who is a customer still, as the mean over the chance p of leaving, Beta(a, b + x).

        Given p they are (1 - (1 + p t / (alpha + T))^-(r + x)) / p. Summed at quantiles of p, spaced by the tanh-sinh
        rule: slower, right to seven digits where `purchases` needs it, and of no use where both a and b are small.
        """
        distinct, row = np.unique(x, return_inverse=True)
        total = np.zeros_like(growth)
        for upper, tail, weight in zip(UPPER, TAIL, TAIL_WEIGHTS, strict=True):
            quantile = betainccinv if upper else betaincinv
            p = np.maximum(quantile(self.a, self.b + distinct, tail), 1e-200)[row]
            total += weight * -np.expm1(-(self.r + x) * np.log1p(p * growth)) / p
        return total

    def _log_odds_of_having_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        repeat = np.log(self.a / (self.b + np.maximum(x, 1) - 1)) + (self.r + x) * np.log1p(
            (T - t_x) / (self.alpha + t_x)
        )
        return np.where(x == 0, -np.inf, repeat)


@dataclass(frozen=True)
class ParetoNBD:
    """Purchases at a rate from Gamma(r, alpha) until the customer leaves, at any moment, at a rate from Gamma(s, beta).

    With G(y) = (alpha + y)^-(r + x) (beta + y)^-s the likelihood is proportional to G(T), still a customer, plus the
    integral of s G(y) / (beta + y) over y from t_x to T, left at y. Its closed form is a difference of two 2F1; summing
    the positive integrand at Gauss-Legendre nodes in log(min(alpha, beta) + y) needs neither.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> tuple[Floats, Floats]:
        """Of each row, and its derivatives by (r, alpha, s, beta), shape (4, rows)."""
        x, t_x, T = _arrays(frequency, recency, T)
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        log_odds, (log_alpha, log_beta, per_alpha, per_beta) = self._having_left(x, t_x, T)
        left, stayed = expit(log_odds), expit(-log_odds)
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        value += np.logaddexp(0, log_odds) - (r + x) * np.log(alpha + T) - s * np.log(beta + T)
        by_r = digamma(r + x) - digamma(r) + np.log(alpha) - stayed * np.log(alpha + T)
        by_r -= left * (np.log(alpha + t_x) + log_alpha)
        by_alpha = r / alpha - (r + x) * (stayed / (alpha + T) + left * per_alpha)
        by_s = np.log(beta) - stayed * np.log(beta + T) + left * (1 / s - np.log(beta + t_x) - log_beta)
        by_beta = s / beta - stayed * s / (beta + T) - left * (s + 1) * per_beta
        return value, np.stack([by_r, by_alpha, by_s, by_beta])

    def alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Probability of being a customer still: the share of G(T) in the likelihood."""
        return expit(-self._having_left(*_arrays(frequency, recency, T))[0])

    def purchases(self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Expected purchases in the next `t`; equation (41) of note 009, with its limit at s = 1."""
        t, x, t_x, T = _arrays(t, frequency, recency, T)
        growth = np.log1p(t / (self.beta + T))
        time_alive = (self.beta + T) * growth * exprel((1 - self.s) * growth)
        return (self.r + x) / (self.alpha + T) * time_alive * self.alive(x, t_x, T)

    def _having_left(self, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, tuple[Floats, ...]]:
        """Log odds of having left, and means over the moment y of having left, as the likelihood's derivatives need.

        The means are of log((alpha + y) / (alpha + t_x)), the same with beta, 1 / (alpha + y) and 1 / (beta + y).
        """
        k, n = self.r + x, self.s + 1
        from_alpha, from_beta = self.alpha + t_x, self.beta + t_x
        # Where many purchases let the integrand fall steeply, the rest of the interval has no weight.
        length = np.minimum(T - t_x, from_alpha * np.expm1(np.minimum(NEGLIGIBLE / k, NEGLIGIBLE)))
        length = np.minimum(length, from_beta * np.expm1(NEGLIGIBLE / n))
        start = np.minimum(from_alpha, from_beta)
        log_length = np.log1p(length / start)
        total, sums = np.zeros_like(T), [np.zeros_like(T) for _ in range(4)]
        for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
            growth = np.exp(log_length * node)
            since = start * (growth - 1)
            per_alpha, per_beta = 1 / (from_alpha + since), 1 / (from_beta + since)
            log_alpha, log_beta = -np.log(from_alpha * per_alpha), -np.log(from_beta * per_beta)
            part = weight * growth * np.exp(-k * log_alpha - n * log_beta)
            total += part
            for mean, term in zip(sums, (log_alpha, log_beta, per_alpha, per_beta), strict=True):
                mean += part * term
        with np.errstate(divide="ignore"):  # bought this moment: no time to leave, log odds -inf
            log_integral = np.log(length) - np.log(exprel(log_length)) + np.log(total)
        log_odds = np.log(self.s) - np.log(from_beta) + log_integral
        log_odds += k * np.log1p((T - t_x) / from_alpha) + self.s * np.log1p((T - t_x) / from_beta)
        return log_odds, tuple(mean / total for mean in sums)


@dataclass(frozen=True)
class GammaGamma:
    """Values of a customer's purchases from Gamma(p, nu), nu from Gamma(q, v), regardless of how often one buys."""

    p: float
    q: float
    v: float

    def log_likelihood(self, frequency: ArrayLike, monetary_value: ArrayLike) -> tuple[Floats, Floats]:
        """Of each row, and its derivatives by (p, q, v), shape (3, rows); equation (1a) of note 025."""
        x, mean = _arrays(frequency, monetary_value)
        shape, spent = self.p * x, x * mean
        value = gammaln(shape + self.q) - gammaln(shape) - gammaln(self.q) - np.log(mean)
        share, rest = np.log(spent / (self.v + spent)), np.log(self.v / (self.v + spent))
        value += shape * share + self.q * rest
        by_p = x * (digamma(shape + self.q) - digamma(shape) + share)
        by_q = digamma(shape + self.q) - digamma(self.q) + rest
        by_v = self.q / self.v - (shape + self.q) / (self.v + spent)
        return value, np.stack([by_p, by_q, by_v])

    def value(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Expected value of a purchase, equation (5) of note 025; without repeat purchases the mean of everybody."""
        x, mean = _arrays(frequency, monetary_value)
        spent = np.where(x == 0, 0.0, x * mean)
        return self.p * (self.v + spent) / (self.p * x + self.q - 1)


def _arrays(*values: ArrayLike) -> list[Floats]:
    return list(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))
