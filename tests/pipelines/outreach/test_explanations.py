"""Explanations of all who are scored: the same as those of the listed, batch by batch, and the same every time."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from configs.engine import Engine
from configs.modelling import Training
from features.family import CURRENCY_SIGN, Derived, Family, Reason
from models.baselines import SPENT
from models.churn import Shape, train_churn
from models.pair import features_only
from models.reference import RECENCY
from pipelines.outreach import explanations as module
from pipelines.outreach.explain import Explainer
from pipelines.outreach.explanations import explanations, write_explanations
from tests.models.conftest import TONIGHT, labelled_matrix

SILENCE = Reason.of("silence", pl.col(RECENCY) > 0, "No order for {} days", pl.col(RECENCY).round())
BUYING = Reason.of("buying", pl.col(SPENT) > 0, CURRENCY_SIGN + "{} spent", pl.col(SPENT).round())
MATRIX = labelled_matrix(1001, seed=4, cutoffs=[TONIGHT]).drop("churned", "value")


NOBODY = pl.Series("customer_id", dtype=pl.String)


def family(name: str) -> Family:
    """The columns of the matrix of this name; recency and visits to come tell of silence, the others of buying."""
    columns = [column.split("__")[1] for column in MATRIX.columns if column.startswith(f"{name}__")]
    groups = ["silence" if column in ("recency_days", "purchases_90d") else "buying" for column in columns]
    derived = (Derived(column, pl.lit(0.0), "", "", group) for column, group in zip(columns, groups, strict=True))
    return Family(name, "", derived=tuple(derived), reasons=(SILENCE, BUYING))


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    matrix = labelled_matrix(300, seed=3)
    training = Training(rounds=30, learning_rate=0.1, seed=7)
    shape = Shape(30, (0.6, 0.3, 0.4))
    model = train_churn(features_only(matrix), matrix["churned"], matrix["cutoff"], training, shape)
    return Explainer(model, [family("rfm"), family("btyd")], "GBP")


def test_groups_add_up_to_the_raw_score(explainer: Explainer) -> None:
    found = explanations(MATRIX, explainer)
    reasons = [f"reason_{i}{end}" for end in ("", "_shap") for i in (1, 2, 3)]
    assert found.columns == ["customer_id", "cutoff", "buying", "silence", "expected", *reasons]
    total = found.select(pl.sum_horizontal("buying", "silence", "expected")).to_series().to_numpy()
    assert np.abs(total - explainer.model.raw_score(features_only(MATRIX))).max() < 1e-9
    said = found.filter(pl.col("reason_1_shap") == pl.col("buying"))["reason_1"]
    assert said.len() > 20 and said.str.starts_with("£").all()


def test_all_are_written_in_batches_that_make_no_difference(
    explainer: Explainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    MATRIX.write_parquet(tmp_path / "features.parquet")
    monkeypatch.setattr(module, "BATCH_ROWS", 100)
    explained: list[int] = []

    def watched(batch: pl.DataFrame, by: Explainer) -> pl.DataFrame:
        explained.append(batch.height)
        return explanations(batch, by)

    monkeypatch.setattr(module, "explanations", watched)
    target = tmp_path / "explanations.parquet"
    assert write_explanations(Engine(), tmp_path / "features.parquet", NOBODY, explainer, target) == 1001
    assert explained == [100] * 10 + [1]
    assert pq.ParquetFile(target).num_row_groups == 11  # written as it goes
    assert pl.read_parquet(target).equals(explanations(MATRIX, explainer))


def test_reasons_are_the_same_again_and_for_whoever_is_listed(explainer: Explainer, tmp_path: Path) -> None:
    MATRIX.write_parquet(tmp_path / "features.parquet")
    files = [tmp_path / "once.parquet", tmp_path / "again.parquet"]
    for file in files:
        write_explanations(Engine(), tmp_path / "features.parquet", NOBODY, explainer, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    listed = MATRIX.sample(50, seed=1)
    alone = explanations(listed, explainer)
    everybody = pl.read_parquet(files[0])
    assert alone.equals(listed.select("customer_id").join(everybody, on="customer_id", maintain_order="left"))
