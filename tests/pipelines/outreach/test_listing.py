"""The order of a list, and the word for the risk."""

import pytest

from configs.outreach import Lists
from pipelines.outreach.listing import ranked
from tests.pipelines.outreach.policy_cases import candidates


def test_each_list_is_ranked_by_expected_gain() -> None:
    rows = candidates(
        {"expected_gain": 10.0, "value_at_risk": 900.0},
        {"expected_gain": 30.0},
        {"expected_gain": 20.0, "account_manager": "Bert"},
        {"expected_gain": 30.0},
    )
    for listed in (rows, rows.reverse()):
        assert ranked(listed, Lists()).select("account_manager", "rank", "customer_id").rows() == [
            ("Anna", 1, "B"),  # of two with the same gain, by customer_id
            ("Anna", 2, "D"),
            ("Anna", 3, "A"),
            ("Bert", 1, "C"),
        ]


@pytest.mark.parametrize(
    ("probability", "band"), [(0.6, "high"), (0.5999, "medium"), (0.3, "medium"), (0.2999, "low"), (0.0, "low")]
)
def test_bands_begin_at_their_thresholds(probability: float, band: str) -> None:
    limits = Lists(high_risk_from=0.6, medium_risk_from=0.3)
    assert ranked(candidates({"churn_probability": probability}), limits)["risk_band"].to_list() == [band]
