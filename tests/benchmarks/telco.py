"""How well our way of learning who leaves does on the IBM Telco customers, beside two usual ones.

    python -m tests.benchmarks.telco [--data FILE]

A snapshot without dates, so folds are of customers: five, each judged by models of the other four. Trees and slopes are
those of the churn model with its default settings; rounds and weights are decided on a part of the four, never on the
fold that is judged. There is no purchase model: nobody buys here.

Left out: customerID, which is a name, and Churn, the answer. Nothing else tells it: the file has no reason, score or
date of leaving. TotalCharges stays: it is tenure times what was charged, known of everybody on the day of the snapshot.
Texts become one column for each value (0 or 1), as a category code has no order that slopes could follow; Yes and No
one column.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from configs.modelling import Training
from models.boosting import fit, predict
from models.churn import Shape, decide_shape, train_churn
from models.compare import DRAWS, auc_of, draws
from models.evaluate import flat_name
from models.metrics import Floats

DATA = Path(__file__).parents[3] / "shared" / "data" / "telco_ibm" / "customers.parquet"
FOLDS, SEED, TARGET = 5, 1, 0.845
TRAINING = Training(seed=SEED)
PLAIN = Training(
    rounds=100,
    learning_rate=0.1,
    leaves=31,
    leaf_rows=20,
    feature_fraction=1,
    bagging_fraction=1,
    lambda_l2=0,
    seed=SEED,
)
SNAPSHOT = date(2000, 1, 1)  # one cutoff for everybody; the day does not matter


def main(arguments: Sequence[str]) -> int:
    """Print the AUC of each contestant with its interval; returns the exit code, 1 where the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.telco", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="FILE", help="customers.parquet of the data set")
    customers = pl.read_parquet(parser.parse_args(arguments).data)
    features, churned = features_of(customers), (customers["Churn"] == "Yes").cast(pl.Int8)
    print(
        f"{features.height:,} customers, {features.width} columns, {churned.sum():,} left; {FOLDS} folds of customers"
    )
    found = aucs(features, churned, customers["customerID"])
    for name, drawn in found.items():
        low, high = np.quantile(drawn[1:], [0.025, 0.975])
        ahead = found["Holdfast"] - drawn
        apart = np.quantile(ahead[1:], [0.025, 0.975])
        behind = "" if name == "Holdfast" else f"; Holdfast ahead by {ahead[0]:+.4f} ({apart[0]:+.4f}..{apart[1]:+.4f})"
        print(f"{name}: AUC {drawn[0]:.4f} ({low:.4f}..{high:.4f}){behind}")
    met = found["Holdfast"][0] >= TARGET
    print(f"target {TARGET}: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def features_of(customers: pl.DataFrame) -> pl.DataFrame:
    """One Float64 column a number, and one for each value of a text; of two values, only for the later one."""
    columns = []
    for column in customers.drop("customerID", "Churn"):
        if column.dtype.is_numeric():
            columns.append(column.cast(pl.Float64))
            continue
        values = column.unique().sort().to_list()
        shown = values[1:] if len(values) == 2 else values
        columns += [(column == value).cast(pl.Float64).alias(flat_name(f"{column.name} {value}")) for value in shown]
    return pl.DataFrame(columns)


def aucs(features: pl.DataFrame, churned: pl.Series, customers: pl.Series) -> dict[str, Floats]:
    """AUC of each contestant, the mean over the folds: first as found, then of each bootstrap draw of customers."""
    folds = np.array_split(np.random.default_rng(SEED).permutation(features.height), FOLDS)
    weights = draws([customers.gather(fold) for fold in folds], SEED)
    found = {name: np.zeros(DRAWS + 1) for name in CONTESTANTS}
    for place, fold in enumerate(folds):
        rest = np.concatenate([other for other in folds if other is not fold])
        truth = churned.gather(fold).to_numpy()
        drawn = [np.ones(len(fold)), *(draw[place] for draw in weights)]
        for name, contestant in CONTESTANTS.items():
            scores = contestant(features[rest], churned.gather(rest), features[fold])
            found[name] += [auc_of(truth, scores, weight) / FOLDS for weight in drawn]
    return found


def holdfast(features: pl.DataFrame, churned: pl.Series, unseen: pl.DataFrame) -> Floats:
    """Trees and slopes: rounds and weights decided on a fifth of the rows, then learned from all of them."""
    cutoffs = pl.repeat(SNAPSHOT, features.height, eager=True)
    part = features.height // FOLDS
    trial = train_churn(features[part:], churned[part:], cutoffs[part:], TRAINING, Shape(TRAINING.rounds))
    shape = decide_shape(trial, features[:part], churned[:part])
    return train_churn(features, churned, cutoffs, TRAINING, shape).raw_score(unseen)


def logistic_regression(features: pl.DataFrame, churned: pl.Series, unseen: pl.DataFrame) -> Floats:
    """Standardised, with scikit-learn's defaults; unknown totals (customers of the first month) count as 0."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(features.fill_null(0.0).to_numpy(), churned.to_numpy())
    return model.decision_function(unseen.fill_null(0.0).to_numpy())


def plain_lightgbm(features: pl.DataFrame, churned: pl.Series, unseen: pl.DataFrame) -> Floats:
    """LightGBM with its own defaults."""
    return predict(fit(features, churned, PLAIN, objective="binary", max_bin=255), unseen)


CONTESTANTS = {"Holdfast": holdfast, "logistic regression": logistic_regression, "plain LightGBM": plain_lightgbm}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
