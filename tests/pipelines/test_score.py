"""A champion serves only what it was trained for."""

from typing import Any, cast

import lightgbm as lgb
import pytest

from configs.errors import ModelError
from configs.settings import Settings
from models.tracking import Registered
from pipelines.score import refuse_other_recipe

NO_BOOSTER = cast(lgb.Booster, None)


def settings_of(**churn: Any) -> Settings:
    return Settings.model_validate({"name": "bakery", "sources": {"transactions": {"path": "x.csv"}}, "churn": churn})


def champion(settings: Settings, **changes: Any) -> Registered:
    """Trained with these settings, but for the changes of its recipe."""
    recipe = {
        "catalogue": "abc",
        "definition": settings.churn.meaning(),
        "clv_horizon_days": settings.clv_horizon_days,
        "timing": [{"days": days} for days in settings.churn.further_days],
    }
    return Registered("3", NO_BOOSTER, NO_BOOSTER, {**recipe, **changes}, {})


def test_a_champion_of_the_same_settings_is_welcome() -> None:
    settings = settings_of(horizon_days=60)
    refuse_other_recipe(champion(settings), "abc", settings)
    written_out = settings_of(horizon_days=60, further_horizons=[30])
    refuse_other_recipe(champion(settings), "abc", written_out)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"horizon_days": 60},
            r"horizon_days 90 -> 60, clv_horizon_days 90 -> 60, further_horizons \[30, 60\] -> \[30\]",
        ),
        ({"further_horizons": [30, 45]}, r": further_horizons \[30, 60\] -> \[30, 45\]\. Run `holdfast train`"),
        ({"further_horizons": []}, r": further_horizons \[30, 60\] -> \[\]\. Run"),
        ({"grace_days": 10}, r": grace_days 30 -> 10\. Run"),
    ],
)
def test_one_of_another_definition_or_other_horizons_is_not(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=f"version 3 was trained for another definition.*{said}"):
        refuse_other_recipe(champion(settings_of()), "abc", settings_of(**asked))


def test_one_from_before_there_were_further_horizons_serves_whoever_asks_for_none() -> None:
    settings = settings_of()
    old = champion(settings)
    del old.recipe["timing"]
    with pytest.raises(ModelError, match=r"further_horizons \[\] -> \[30, 60\]\. Run `holdfast train`"):
        refuse_other_recipe(old, "abc", settings)
    refuse_other_recipe(old, "abc", settings_of(further_horizons=[]))


def test_other_features_are_refused_first() -> None:
    with pytest.raises(ModelError, match="trained on other features: its catalogue is abc, tonight's xyz"):
        refuse_other_recipe(champion(settings_of()), "xyz", settings_of(horizon_days=60))
