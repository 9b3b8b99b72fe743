"""The opponents that every model is compared with: what a spreadsheet, a textbook and a good statistician would say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.btyd_fit import NotFitted, fit_bg_nbd, fit_gamma_gamma, fit_pareto_nbd
from features.context import CUSTOMERS_ENOUGH, PRIOR_SD
from models.metrics import Floats
from models.reference import RECENCY

SPENT = "rfm__spent_sum_365d"
ALIVE, EXPECTED = "btyd__buys_90d", "btyd__spend_90d"
# All heavy-tailed and at least 0 but for net sales, whose sign is kept.
RFM = [
    RECENCY,
    "rfm__tenure_days",
    "rfm__orders_count_90d",
    "rfm__orders_count_365d",
    "rfm__orders_count_lifetime",
    "rfm__spent_sum_90d",
    SPENT,
    "rfm__basket_mean_lifetime",
]


@dataclass(frozen=True)
class Opponents:
    """Scores of the same rows by the name of the opponent: who leaves (higher: likelier), and what each is worth."""

    churn: Mapping[str, Floats]
    value: Mapping[str, Floats]


def opponents(
    train: pl.DataFrame, test: pl.DataFrame, visits: pl.DataFrame, churn_days: int, clv_days: int
) -> Opponents:
    """Every opponent's scores of `test`, a matrix of one cutoff, learned from the labelled matrix `train`.

    `visits`: of all customers as of that cutoff (see `features.context.visits`), for the purchase models.
    """
    churn = {"recency": recency_score(test), "logistic RFM": train_logistic(train, train["churned"]).probability(test)}
    value = {"last year's spend": test[SPENT].fill_null(0.0).to_numpy()}
    sampled = visits.sample(min(visits.height, CUSTOMERS_ENOUGH), seed=0)
    fitted_by = (sampled[name].to_numpy() for name in ("frequency", "recency", "age", "value"))
    frequency, recency, age, worth = fitted_by
    gamma_gamma = fit_gamma_gamma(frequency, worth, prior_sd=PRIOR_SD)
    here = test.select("customer_id").join(visits, on="customer_id", how="left", maintain_order="left").fill_null(0.0)
    x, t_x, T, monetary = (here[name].to_numpy() for name in ("frequency", "recency", "age", "value"))
    for name, fit in (("BG/NBD", fit_bg_nbd), ("Pareto/NBD", fit_pareto_nbd)):
        model = fit(frequency, recency, age, prior_sd=PRIOR_SD)
        if isinstance(model, NotFitted):
            continue
        churn[name] = -np.where(T > 0, model.purchases(churn_days, x, t_x, T), 0.0)
        if not isinstance(gamma_gamma, NotFitted):
            expected = np.where(T > 0, model.purchases(clv_days, x, t_x, T), 0.0)
            value[f"{name} with Gamma-Gamma"] = expected * gamma_gamma.value(x, monetary)
    return Opponents(churn, value)


def opponents_within(features: pl.DataFrame) -> Opponents:
    """The opponents whose scores are features themselves, as far as there are such: nothing is learned."""
    churn = {"recency": recency_score(features)} if RECENCY in features.columns else {}
    known = {name: features[name].fill_null(0.0).to_numpy() for name in (ALIVE, SPENT, EXPECTED) if name in features}
    churn |= {"BG/NBD": -known[ALIVE]} if ALIVE in known else {}
    value = {"last year's spend": SPENT, "BG/NBD with Gamma-Gamma": EXPECTED}
    return Opponents(churn, {name: known[column] for name, column in value.items() if column in known})


def recency_score(features: pl.DataFrame) -> Floats:
    """Days since the latest purchase: the longer, the likelier to leave; never bought counts as longest."""
    return features[RECENCY].fill_null(strategy="max").to_numpy()


@dataclass(frozen=True)
class RfmLogistic:
    """Logistic regression on standardised logarithms of recency, frequency, monetary value and tenure."""

    pipeline: Any

    def probability(self, features: pl.DataFrame) -> Floats:
        """Probability of churn of each row."""
        return self.pipeline.predict_proba(_logarithms(features))[:, 1]


def train_logistic(features: pl.DataFrame, churned: pl.Series) -> RfmLogistic:
    """Fit the logistic opponent on the same rows as the model."""
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return RfmLogistic(pipeline.fit(_logarithms(features), churned.to_numpy()))


def _logarithms(features: pl.DataFrame) -> Floats:
    values = pl.col(RFM).fill_null(0.0)
    return features.select((values.abs() + 1).log() * values.sign()).to_numpy().astype(np.float64)
