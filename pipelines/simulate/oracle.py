"""How much of what could be known does a model know? Compares its scores with the simulated truth."""

from dataclasses import dataclass

import polars as pl
from sklearn.metrics import roc_auc_score


@dataclass(frozen=True, slots=True)
class OracleComparison:
    """AUC of the model against that of the true probabilities, on the same customers and cutoffs."""

    customers: int  # rows compared: pairs of customer and cutoff
    base_rate: float  # share of them that churned
    oracle_auc: float
    model_auc: float

    @property
    def share_of_possible(self) -> float:
        """1: as good as knowing the true probabilities; 0: no better than chance."""
        return (self.model_auc - 0.5) / (self.oracle_auc - 0.5)

    def lines(self) -> list[str]:
        """The comparison for people to read."""
        return [
            f"customers compared   {self.customers:>8,}",
            f"base rate of churn   {self.base_rate:>8.1%}",
            f"AUC of the truth     {self.oracle_auc:>8.3f}",
            f"AUC of the model     {self.model_auc:>8.3f}",
            f"share of possible    {self.share_of_possible:>8.1%}",
        ]


def compare_with_truth(scores: pl.DataFrame, truth: pl.DataFrame) -> OracleComparison:
    """Compare `scores` (customer_id, cutoff as Date, churn_probability) with the file `truth.parquet` of `simulate`.

    Only pairs of customer and cutoff in both count. Raises ValueError when there are none, when a pair occurs twice,
    or when all of them churned or none did, so that no AUC exists.
    """
    for name, frame in (("scores", scores), ("truth", truth)):
        if frame.select("customer_id", "cutoff").is_duplicated().any():
            raise ValueError(f"{name}: some (customer_id, cutoff) occur more than once; keep one row for each.")
    joined = scores.join(truth, on=["customer_id", "cutoff"], how="inner")
    if joined.is_empty():
        raise ValueError(
            f"No (customer_id, cutoff) of the {scores.height} scores is among the {truth.height} rows of the truth. "
            f"Cutoffs scored: {_some(scores)}; cutoffs of the truth: {_some(truth)}. "
            "Score one of the truth's cutoffs, on the same simulated company."
        )
    churned = joined["churned"].to_numpy()
    if churned.min() == churned.max():
        raise ValueError(f"All {joined.height} joined rows have churned = {churned[0]}: compare more customers.")
    return OracleComparison(
        customers=joined.height,
        base_rate=float(churned.mean()),
        oracle_auc=float(roc_auc_score(churned, joined["true_churn_probability"].to_numpy())),
        model_auc=float(roc_auc_score(churned, joined["churn_probability"].to_numpy())),
    )


def _some(frame: pl.DataFrame) -> str:
    cutoffs = [str(cutoff) for cutoff in frame["cutoff"].unique().sort().to_list()]
    return ", ".join(cutoffs[:3] + ["..."] * (len(cutoffs) > 3)) or "none"
