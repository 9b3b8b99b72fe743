"""Why scores are what they are: what each group of reasons adds to the estimate, and the sentences that say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from configs.settings import Settings
from features.family import CURRENCY_SIGN, Family
from features.time import Cutoff
from models.churn import ChurnModel
from models.explain import by_group, contributions
from models.pair import ModelPair
from models.tracking import load_version
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
        known = self.model.trees.feature_name()  # a night may know more
        contributed = contributions(self.model, features.select(known))
        grouped = by_group(contributed, {column: group for column, group in groups.items() if column in known})
        reasons = reasons_for(features, grouped, self.families).with_columns(
            pl.col(pl.String).str.replace_all(CURRENCY_SIGN, currency_prefix(self.currency), literal=True)
        )
        return Explained(grouped, contributed["expected"], reasons)


def explainer(settings: Settings, cutoff: Cutoff, version: str) -> Explainer:
    """The explainer of `version`, by which the rows were scored, even where another has become champion since."""
    model = load_version(settings, version)
    families = families_of(open_store(settings, cutoff), settings)
    churn = ModelPair.restore(model.churn, model.clv, model.recipe).churn
    return Explainer(churn, families, settings.currency)
