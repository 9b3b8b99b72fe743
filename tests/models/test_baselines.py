import polars as pl

from models.baselines import RECENCY, recency_score, train_logistic
from models.metrics import auc
from models.pair import features_only


def test_recency_ranks_by_silence_and_never_bought_comes_first() -> None:
    features = pl.DataFrame({RECENCY: [3.0, None, 40.0]})
    assert recency_score(features).tolist() == [3.0, 40.0, 40.0]


def test_the_logistic_regression_learns_and_survives_missing_and_negative_values(matrix: pl.DataFrame) -> None:
    features = features_only(matrix).with_columns(
        pl.when(pl.int_range(pl.len()) % 7 == 0)
        .then(None)
        .otherwise(-pl.col("rfm__spent_sum_90d"))
        .alias("rfm__spent_sum_90d")
    )
    opponent = train_logistic(features, matrix["churned"])
    assert auc(matrix["churned"].to_numpy(), opponent.probability(features)) > 0.8
