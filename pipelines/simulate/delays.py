"""Lognormal delays, drawn a day at a time: what is still to come depends only on how long it has taken already."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Delay:
    """A lognormal distribution in days, as a table: `share[i]` of all delays are at most `days[i]`."""

    days: Floats
    share: Floats

    @classmethod
    def lognormal(cls, median: float, reached_by_90_percent: float) -> "Delay":
        """The lognormal with these two quantiles (days), cut off at 2.5 standard deviations above the median."""
        normal = NormalDist()
        deviation = np.log(reached_by_90_percent / median) / normal.inv_cdf(0.9)
        standard = np.linspace(-4.0, 2.5, 651)
        share = np.array([normal.cdf(value) for value in standard])
        share[0], share[-1] = 0.0, 1.0
        return cls(median * np.exp(deviation * standard), share)

    def draw(self, age: Floats, generator: np.random.Generator) -> Floats:
        """Draw whole delays (days), each known to exceed `age` (days, shape (n,)).

        Drawing anew each day and keeping the delay only if it ends within the day gives the same distribution as
        drawing once at the start, but no plan has to be hidden in the state: the future is open to everyone.
        """
        reached = np.interp(age, self.days, self.share)
        return np.interp(reached + generator.random(len(age)) * (1 - reached), self.share, self.days)
