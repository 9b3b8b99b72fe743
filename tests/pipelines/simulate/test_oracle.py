"""The comparison with the truth, on numbers worked out by hand."""

from datetime import date

import polars as pl
import pytest

from pipelines.simulate.oracle import compare_with_truth

CUTOFF = date(2025, 6, 1)


def truth() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer_id": ["A", "B", "C", "D", "E"],
            "cutoff": [CUTOFF] * 5,
            "true_churn_probability": [0.1, 0.7, 0.6, 0.9, 0.5],
            "churned": pl.Series([0, 0, 1, 1, 1], dtype=pl.Int8),
        }
    )


def scores(**columns: list) -> pl.DataFrame:
    frame = {
        "customer_id": ["A", "B", "C", "D"],
        "cutoff": [CUTOFF] * 4,
        "churn_probability": [0.8, 0.2, 0.3, 0.9],
    }
    return pl.DataFrame(frame | columns)


def test_auc_of_both_on_the_rows_they_share():
    # Of the pairs (churned C, D) x (stayed A, B) the truth orders 3 of 4 rightly (C below B), and so does the model
    # with C above B and below A; E was not scored and does not count.
    result = compare_with_truth(scores(), truth())
    assert (result.customers, result.base_rate) == (4, 0.5)
    assert result.oracle_auc == pytest.approx(0.75)
    assert result.model_auc == pytest.approx(0.75)
    assert result.share_of_possible == pytest.approx(1.0)


def test_share_of_possible_counts_from_chance():
    # The model orders 2 of 4 pairs rightly: chance. With three of four it would have all there is.
    result = compare_with_truth(scores(churn_probability=[0.8, 0.2, 0.3, 0.4]), truth())
    assert result.model_auc == pytest.approx(0.5)
    assert result.share_of_possible == pytest.approx(0.0)
    assert any("AUC of the truth" in line and "0.750" in line for line in result.lines())


def test_nothing_in_common_names_both_cutoffs():
    with pytest.raises(ValueError, match=r"2024-01-01.*2025-06-01"):
        compare_with_truth(scores(cutoff=[date(2024, 1, 1)] * 4), truth())


def test_duplicates_and_a_single_outcome_are_refused():
    with pytest.raises(ValueError, match="scores: some .* more than once"):
        compare_with_truth(scores(customer_id=["A", "A", "C", "D"]), truth())
    with pytest.raises(ValueError, match="churned = 1"):
        compare_with_truth(scores().filter(pl.col("customer_id").is_in(["C", "D"])), truth())
