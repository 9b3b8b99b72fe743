"""Why scores are what they are: what each group of reasons adds to the estimate, and the sentences that say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from configs.errors import ModelError
from configs.settings import Settings
from features.family import CURRENCY_SIGN, Family
from features.time import Cutoff
from models.churn import ChurnModel
from models.explain import by_group, contributions
from models.pair import ModelPair, features_only
from models.tracking import load_champion
from pipelines.build import families_of, open_store
from pipelines.outreach.reasons import reasons_for
from pipelines.outreach.wording import currency_prefix


class Explained(NamedTuple):
    """For each row explained: the contribution of each group of reasons (log-odds), `expected`, the score of the
    average row, which makes them add up to the raw score, and `reasons_for` it."""

    grouped: pl.DataFrame
    expected: pl.Series
    reasons: pl.DataFrame


@dataclass(frozen=True)
class Explainer:
    """The model that scored, and the families whose sentences speak for it."""

    model: ChurnModel
    families: Sequence[Family]
    currency: str

    def explain(self, features: pl.DataFrame) -> Explained:
        """Explain each row of `features`, in order; a row's explanation depends on that row alone."""
        groups = {column: group for family in self.families for column, group in family.reason_groups().items()}
        contributed = contributions(self.model, features_only(features))
        grouped = by_group(contributed, groups)
        reasons = reasons_for(features, grouped, self.families).with_columns(
            pl.col(pl.String).str.replace_all(CURRENCY_SIGN, currency_prefix(self.currency), literal=True)
        )
        return Explained(grouped, contributed["expected"], reasons)


def explainer(settings: Settings, cutoff: Cutoff, version: str) -> Explainer:
    """The explainer of the champion; raises ModelError where it is not `version`, by which the rows were scored."""
    champion = load_champion(settings)
    if champion.version != version:
        raise ModelError("the champion changed since the customers were scored. Run `holdfast score` again.")
    families = families_of(open_store(settings, cutoff), settings)
    churn = ModelPair.restore(champion.churn, champion.clv, champion.recipe).churn
    return Explainer(churn, families, settings.currency)
