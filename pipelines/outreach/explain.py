"""Why customers are listed: what each group of reasons adds to the estimate, and the sentences that say so."""

import polars as pl

from configs.errors import ModelError
from configs.settings import Settings
from features.family import CURRENCY_SIGN
from features.time import Cutoff
from models.explain import by_group, contributions
from models.pair import ModelPair, features_only
from models.tracking import load_champion
from pipelines.build import families_of, open_store
from pipelines.outreach.reasons import reasons_for
from pipelines.outreach.wording import currency_prefix


def explain(
    features: pl.DataFrame, settings: Settings, cutoff: Cutoff, version: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """For each row of `features`, in order: the contribution of each group of reasons, and `reasons_for` it.

    Raises ModelError where the champion is not `version`, by which the rows were scored.
    """
    champion = load_champion(settings)
    if champion.version != version:
        raise ModelError("the champion changed since the customers were scored. Run `holdfast score` again.")
    families = families_of(open_store(settings, cutoff), settings)
    groups = {column: group for family in families for column, group in family.reason_groups().items()}
    churn = ModelPair.restore(champion.churn, champion.clv, champion.recipe).churn
    grouped = by_group(contributions(churn, features_only(features)), groups)
    reasons = reasons_for(features, grouped, families).with_columns(
        pl.col(pl.String).str.replace_all(CURRENCY_SIGN, currency_prefix(settings.currency), literal=True)
    )
    return grouped, reasons
