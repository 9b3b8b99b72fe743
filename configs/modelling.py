"""What leaving and value mean, which features there are, and how the models are trained and judged."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from configs.section import Days, Section

# Columns of `customers` that are personal, or serve another end.
NO_FEATURE = {"customer_id", "signed_up_on", "valid_from", "display_name", "phone", "email", "preferred_channel"}
FURTHER_DAYS = (30, 60)


class Churn(Section):
    """What leaving means."""

    definition: Literal["inactivity", "contract"] = Field("inactivity", description='"inactivity" or "contract"')
    horizon_days: Days = Field(90, description="days after the cutoff in which leaving is looked for")
    active_within_days: Days = Field(365, description="a customer is scored with a purchase in this many days")
    grace_days: int = Field(30, ge=0, le=365, description="a new contract within these days is no churn")
    further_horizons: list[Days] | None = Field(
        None, description="shorter horizons, in days, to tell when as well; default: 30 and 60, where shorter"
    )

    @model_validator(mode="after")
    def _further_is_shorter(self) -> Self:
        refused = [str(days) for days in self.further_horizons or [] if days >= self.horizon_days]
        if refused:
            raise ValueError(
                f"`further_horizons` must be shorter than `horizon_days`, {self.horizon_days}: {', '.join(refused)}"
            )
        return self

    @property
    def further_days(self) -> list[int]:
        """Horizons shorter than the one that churn is defined by, in days, ascending."""
        if self.further_horizons is None:
            return [days for days in FURTHER_DAYS if days < self.horizon_days]
        return sorted(set(self.further_horizons))

    @property
    def observation_days(self) -> int:
        """Days after a cutoff until it is known who left."""
        return self.horizon_days + (self.grace_days if self.definition == "contract" else 0)

    def meaning(self) -> dict[str, Any]:
        """What leaving means, as plain values, which models and tuned settings are made for; not how it is told."""
        return self.model_dump(exclude={"further_horizons"})


class Clv(Section):
    """How far ahead value is counted."""

    horizon_days: Days | None = Field(None, description="days; default: the churn horizon")


class ProfileColumn(Section):
    """A column of `customers` that becomes a feature."""

    kind: Literal["category", "number"] = Field(description='"category" or "number"')
    fixed: bool = Field(False, description="whether it never changes; otherwise a value counts from its valid_from on")


class Features(Section):
    """Features beyond those that the tables bring by themselves."""

    profile: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ProfileColumn] = Field(
        {}, description="columns of `customers` by name, none of them personal"
    )

    @field_validator("profile")
    @classmethod
    def _nothing_personal(cls, profile: dict[str, ProfileColumn]) -> dict[str, ProfileColumn]:
        refused = sorted(set(profile) & NO_FEATURE)
        if refused:
            raise ValueError(f"{', '.join(refused)}: not for a model, which must not know persons but their dealings")
        return profile


ValueModel = Literal["hurdle", "tweedie", "lognormal"]


class Training(Section):
    """How the models are trained."""

    cutoff_every_days: Days = Field(20, description="days between training cutoffs; closer on a short log")
    cutoffs_limit: int = Field(40, ge=2, le=400, description="most training cutoffs used, newest first")
    lookback_days: Days = Field(90, description="history before the first training cutoff; less on a short log")
    rows_limit: int = Field(1_000_000, ge=1000, description="most rows learned from; beyond, customers are sampled")
    acting_lasts_days: Days = Field(365, description="days after being listed in which a treated customer is no lesson")
    churned_and_retained_at_least: int = Field(50, ge=2, description="customers of each kind a fold needs")
    rounds: int = Field(300, ge=1, le=5000, description="boosting rounds")
    learning_rate: float = Field(0.03, gt=0, le=1, description="shrinkage of each round")
    leaves: int = Field(7, ge=2, le=255, description="leaves of each tree")
    depth: int | None = Field(None, ge=1, le=64, description="most levels of each tree; default: no limit")
    leaf_rows: int | None = Field(
        None, ge=1, le=100_000, description="fewest rows of a leaf; default: one row in 200, at least 10, at most 200"
    )
    feature_fraction: float = Field(0.5, gt=0, le=1, description="share of the features that each tree may use")
    bagging_fraction: float = Field(0.5, gt=0, le=1, description="share of the rows that each tree learns from")
    lambda_l2: float = Field(10.0, ge=0, le=100_000, description="how strongly a leaf of few rows keeps to 0")
    value_model: ValueModel = Field("hurdle", description="how value is learned, see models/clv.py")
    seed: int = Field(1, ge=0, description="seed of everything drawn at random")
    threads: int = Field(2, ge=1, le=256, description="threads for training")


class Tuning(Section):
    """How long better settings of the trees are searched for."""

    trials: int = Field(40, ge=1, le=10_000, description="settings tried, where the command line names no number")
    minutes: float = Field(10.0, gt=0, le=1440, description="after so many, no further trial begins")


class Backtest(Section):
    """On which days a backtest goes back to, where the command line names none."""

    days: list[date] = Field([], description="days; default: the latest twelve that are observed, a month apart")


class Tracking(Section):
    """Where models are tracked and registered."""

    uri: str | None = Field(None, description="MLflow tracking address; default: a SQLite file under the root")
    churn_model: str = Field("churn", pattern=r"^[\w .-]+$", description="registered name of the churn model")
    clv_model: str = Field("clv", pattern=r"^[\w .-]+$", description="registered name of the value model")
