"""A small labelled matrix with a known signal: the longer the silence, the likelier the churn."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from configs.modelling import Churn, Training
from models import evaluate, promote
from models.baselines import RFM
from models.churn import VISITS
from models.metrics import bootstrap_interval
from models.pair import LABELS

CUTOFFS = [date(2025, 8, 1) + timedelta(days=30 * i) for i in range(5)]
TONIGHT = date(2026, 1, 1)
CHURN = Churn(horizon_days=45, further_horizons=[30, 15])
EMBARGO_DAYS = 45  # of 30 days apart, the latest two cutoffs but one are over before the latest


def labelled_matrix(customers: int, seed: int, cutoffs: Sequence[date] = CUTOFFS) -> pl.DataFrame:
    """Random features with `churned` drawn from a logistic function of recency, and `value` of those who stay.

    Every customer at each of the cutoffs; a purchase model that sees how long the silence is. Who stays and ordered
    much lately orders soon: `event_days` has the distribution that `within` gives.
    """
    random = np.random.default_rng(seed)
    rows = customers * len(cutoffs)
    columns = {name: random.gamma(2.0, 20.0, rows) for name in RFM}
    recency = columns["rfm__recency_days"]
    columns[VISITS] = 60 / (20 + recency) * random.gamma(5.0, 0.2, rows)
    churned = (random.random(rows) < expit((recency - 40) / 15)).astype(np.int8)
    value = np.where(churned == 1, 0.0, columns["rfm__spent_sum_365d"] * random.gamma(2.0, 0.5, rows))
    columns |= {name: random.gamma(2.0, 20.0, rows) for name in ("rfm__orders_count_30d", "rfm__spent_sum_30d")}
    orders = columns["rfm__orders_count_90d"]
    event_days = pl.Series(45 * random.random(rows) ** (orders / 40), dtype=pl.Float64).floor().cast(pl.Int16)
    seen = pl.when(pl.Series(churned) == 0).then(event_days)
    keys = {"customer_id": [f"C{i:05d}" for i in range(customers)] * len(cutoffs)}
    days = {"cutoff": [day for day in cutoffs for _ in range(customers)]}
    return pl.DataFrame(keys | days | columns | {"churned": churned, "value": value}).with_columns(event_days=seen)


def within(days: int, matrix: pl.DataFrame) -> np.ndarray:
    """The true chance of who stays to order within `days` days: a power of 45 times a uniform number lies below."""
    return (days / 45) ** (40 / matrix["rfm__orders_count_90d"].to_numpy())


@pytest.fixture(scope="session")
def training() -> Training:
    return Training(rounds=40, learning_rate=0.1, lookback_days=40, seed=7)


@pytest.fixture(scope="session")
def matrix() -> pl.DataFrame:
    return labelled_matrix(500, seed=3)


@pytest.fixture(scope="session")
def later() -> pl.DataFrame:
    """Other customers of a later day, with what became of them."""
    return labelled_matrix(1500, seed=4, cutoffs=[TONIGHT])


@pytest.fixture(scope="session")
def cohort(later: pl.DataFrame) -> pl.DataFrame:
    return later.drop(LABELS)


@pytest.fixture(scope="module")
def few_draws() -> Iterator[None]:
    """Bootstrap intervals of 60 draws: rough, and soon there."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (evaluate, promote):
            patch.setattr(module, "bootstrap_interval", partial(bootstrap_interval, draws=60))
        yield
