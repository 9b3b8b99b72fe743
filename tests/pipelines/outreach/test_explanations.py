"""Explanations of all who are scored: the same as those of the listed, batch by batch, and the same every time."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from configs.settings import Training
from features.family import CURRENCY_SIGN, Derived, Family, Reason
from models.baselines import RFM
from models.churn import VISITS, Shape, train_churn
from models.pair import features_only
from pipelines.outreach import explanations as module
from pipelines.outreach.explain import Explainer
from pipelines.outreach.explanations import explanations, write_explanations
from tests.models.conftest import TONIGHT, labelled_matrix

GROUPS = {"silence": ["rfm__recency_days", VISITS], "buying": [name for name in RFM if name != "rfm__recency_days"]}


def family(name: str, columns: list[str]) -> Family:
    return Family(name, "", derived=tuple(Derived(c.split("__")[1], pl.lit(0.0), "", "", group_of(c)) for c in columns))


def group_of(column: str) -> str:
    return next(group for group, columns in GROUPS.items() if column in columns)


SILENCE = Reason.of("silence", pl.col("rfm__recency_days") > 0, "No order for {} days", pl.col("rfm__recency_days"))
BUYING = Reason.of("buying", pl.col(RFM[1]) > 0, CURRENCY_SIGN + "{} spent", pl.col("rfm__spent_sum_90d").round())
FAMILIES = [
    Family("talk", "", reasons=(SILENCE, BUYING)),
    family("rfm", RFM),
    family("btyd", [VISITS]),
]


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    matrix = labelled_matrix(300, seed=3)
    training = Training(rounds=30, learning_rate=0.1, seed=7)
    shape = Shape(30, (0.6, 0.3, 0.4))
    model = train_churn(features_only(matrix), matrix["churned"], matrix["cutoff"], training, shape)
    return Explainer(model, FAMILIES, "GBP")


@pytest.fixture(scope="module")
def matrix() -> pl.DataFrame:
    return labelled_matrix(1001, seed=4, cutoffs=[TONIGHT]).drop("churned", "value")


def test_groups_add_up_to_the_raw_score(explainer: Explainer, matrix: pl.DataFrame) -> None:
    found = explanations(matrix, explainer)
    reasons = [f"reason_{i}{end}" for end in ("", "_shap") for i in (1, 2, 3)]
    assert found.columns == ["customer_id", "cutoff", "buying", "silence", "expected", *reasons]
    total = found.select(pl.sum_horizontal("buying", "silence", "expected")).to_series().to_numpy()
    assert np.abs(total - explainer.model.raw_score(features_only(matrix))).max() < 1e-9
    said = found.filter(pl.col("reason_1_shap") == pl.col("buying"))["reason_1"]
    assert said.len() > 20 and said.str.starts_with("£").all()


def test_all_are_written_in_batches_that_make_no_difference(
    explainer: Explainer, matrix: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix.write_parquet(tmp_path / "features.parquet")
    monkeypatch.setattr(module, "BATCH_ROWS", 100)
    explained: list[int] = []

    def watched(batch: pl.DataFrame, by: Explainer) -> pl.DataFrame:
        explained.append(batch.height)
        return explanations(batch, by)

    monkeypatch.setattr(module, "explanations", watched)
    target = tmp_path / "explanations.parquet"
    assert write_explanations(tmp_path / "features.parquet", explainer, target) == 1001
    assert explained == [100] * 10 + [1]
    assert pq.ParquetFile(target).num_row_groups == 11  # written as it goes
    assert pl.read_parquet(target).equals(explanations(matrix, explainer))


def test_reasons_are_the_same_again_and_for_whoever_is_listed(
    explainer: Explainer, matrix: pl.DataFrame, tmp_path: Path
) -> None:
    matrix.write_parquet(tmp_path / "features.parquet")
    files = [tmp_path / "once.parquet", tmp_path / "again.parquet"]
    for file in files:
        write_explanations(tmp_path / "features.parquet", explainer, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    listed = matrix.sample(50, seed=1)
    alone = explanations(listed, explainer)
    everybody = pl.read_parquet(files[0])
    assert alone.equals(listed.select("customer_id").join(everybody, on="customer_id", maintain_order="left"))
