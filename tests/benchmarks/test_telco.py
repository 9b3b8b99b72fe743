"""The benchmark itself on made-up customers, and on the real ones where they are."""

import numpy as np
import polars as pl
import pytest

from tests.benchmarks import telco


def made_up(customers: int) -> pl.DataFrame:
    """Those who pay by the month leave more often."""
    random = np.random.default_rng(1)
    monthly = random.random(customers) < 0.5
    left = random.random(customers) < np.where(monthly, 0.6, 0.1)
    return pl.DataFrame(
        {
            "customerID": [f"{i:04d}-ABCDE" for i in range(customers)],
            "Partner": np.where(random.random(customers) < 0.5, "Yes", "No"),
            "Contract": np.where(
                monthly, "Month-to-month", np.where(random.random(customers) < 0.5, "One year", "Two year")
            ),
            "tenure": random.integers(0, 72, customers),
            "TotalCharges": [None, *random.gamma(2.0, 500.0, customers - 1)],
            "Churn": np.where(left, "Yes", "No"),
        }
    )


def test_neither_names_nor_the_answer_become_columns() -> None:
    customers = pl.DataFrame(
        {
            "customerID": ["A", "B", "C"],
            "Partner": ["Yes", "No", "Yes"],
            "Pay": ["x y", "z", "w"],
            "tenure": [1, None, 3],
        }
    ).with_columns(Churn=pl.lit("Yes"))
    found = telco.features_of(customers)
    assert found.to_dict(as_series=False) == {
        "partner_yes": [1, 0, 1],
        "pay_w": [0, 0, 1],
        "pay_x_y": [1, 0, 0],
        "pay_z": [0, 1, 0],
        "tenure": [1, None, 3],
    }
    assert set(found.dtypes) == {pl.Float64}


def test_every_contestant_is_judged_on_customers_it_did_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    def by_heart(features: pl.DataFrame, churned: pl.Series, unseen: pl.DataFrame) -> np.ndarray:
        known = dict(zip(features["total_charges"].to_list(), churned, strict=True))
        seen.append((features.height, unseen.height))
        return np.array([known.get(total, 0.5) for total in unseen["total_charges"]])

    monkeypatch.setattr(telco, "CONTESTANTS", {"by heart": by_heart})
    customers = made_up(200).with_columns(pl.int_range(pl.len()).cast(pl.Float64).alias("total_charges"))
    found = telco.aucs(
        telco.features_of(customers), (customers["Churn"] == "Yes").cast(pl.Int8), customers["customerID"]
    )
    assert found["by heart"].tolist() == pytest.approx(
        [0.5] * (telco.DRAWS + 1)
    )  # one who only remembers knows nothing
    assert seen == [(160, 40)] * 5


def test_it_prints_what_it_found(tmp_path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(400).write_parquet(tmp_path / "customers.parquet")
    monkeypatch.setattr(telco, "TARGET", 0.6)
    assert telco.main(["--data", str(tmp_path / "customers.parquet")]) == 0
    said = capsys.readouterr().out
    assert "Holdfast: AUC 0.7" in said and "plain LightGBM: AUC" in said and "target 0.6: met" in said
    monkeypatch.setattr(telco, "CONTESTANTS", {"Holdfast": lambda features, churned, unseen: np.zeros(unseen.height)})
    assert telco.main(["--data", str(tmp_path / "customers.parquet")]) == 1


@pytest.mark.slow
@pytest.mark.skipif(not telco.DATA.exists(), reason=f"real data is not there: {telco.DATA}")
def test_the_target_is_met_on_the_real_customers() -> None:
    assert telco.main([]) == 0
