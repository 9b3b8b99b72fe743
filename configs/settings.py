"""What can be configured: frozen, typed, with a default for everything but the name and the transactions."""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

TableName = Literal[
    "customers",
    "transactions",
    "complaints",
    "complaint_updates",
    "promises",
    "interactions",
    "surveys",
    "loyalty",
    "contracts",
    "costs",
    "objections",
    "outcomes",
]


def needed_sources(given: Collection[str], definition: str | None) -> dict[str, str]:
    """Tables that must have a source beside those `given` but have none, each with why."""
    why = {"transactions": "every configuration needs them"}
    if definition == "contract":
        why["contracts"] = 'churn.definition = "contract" needs them'
    if "complaint_updates" in given:
        why["complaints"] = "complaint_updates find their customers through them"
    return {table: reason for table, reason in why.items() if table not in given}


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone")
    return name


# Columns of `customers` that are personal, or serve another end.
NO_FEATURE = {"customer_id", "signed_up_on", "valid_from", "display_name", "phone", "email", "preferred_channel"}
FURTHER_DAYS = (30, 60)

Zone = Annotated[str, AfterValidator(_known_zone)]
Days = Annotated[int, Field(ge=1, le=3650)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Source(Section):
    """Where one canonical table comes from: files (`path`) or a database (`uri` + `query`), mapped by `sql`."""

    path: str | None = Field(None, min_length=1, description="CSV or Parquet file, glob, or object-store URL")
    uri: str | None = Field(None, description='database address from the environment, e.g. "${SHOP_DATABASE_URI}"')
    query: str | None = Field(None, min_length=1, description="SQL run by the database at `uri`")
    sql: str | None = Field(None, min_length=1, description="Polars SQL over the table `source`")
    timezone: Zone = Field("UTC", description='zone of times that carry none, e.g. "Europe/London"')
    sha256: bool = Field(False, description="hold every file against <file>.sha256, as sha256sum writes it, beside it")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        from_database = self.uri is not None or self.query is not None
        if (self.path is not None) == from_database or (self.uri is None) != (self.query is None):
            raise ValueError("give either `path`, or both `uri` and `query`")
        if self.sha256 and (self.path is None or "://" in self.path):
            raise ValueError("`sha256` is for files on this machine, not for databases and object stores")
        return self


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

    def meaning(self) -> dict[str, Any]:
        """What leaving means, as plain values, which models and tuned settings are made for; not how it is told."""
        return self.model_dump(exclude={"further_horizons"})


class Clv(Section):
    """How far ahead value is counted."""

    horizon_days: Days | None = Field(None, description="days; default: the churn horizon")


class Ingest(Section):
    """How raw rows are admitted and stored."""

    buckets: int = Field(8, ge=1, le=4096, description="parts the store is split into by customer")
    quarantined_share_limit: Share = Field(0.05, description="share of bad rows in a table that stops the run")
    amount_limit: float | None = Field(None, gt=0, description="larger amounts are quarantined; default: none are")


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


class Lists(Section):
    """How risk lists are cut."""

    customers_per_manager: int = Field(25, ge=1, le=10_000, description="longest list of one account manager")
    high_risk_from: Share = Field(0.6, description="churn probability from which the band is high")
    medium_risk_from: Share = Field(0.3, description="churn probability from which the band is medium")
    unassigned_manager: str = Field("unassigned", min_length=1, description="list of customers without a manager")

    @model_validator(mode="after")
    def _bands_in_order(self) -> Self:
        if self.medium_risk_from > self.high_risk_from:
            raise ValueError("`medium_risk_from` must not exceed `high_risk_from`")
        return self


class Outreach(Section):
    """Whom to act on among the customers at risk, and how it is found out what acting brings."""

    save_rate: Share = Field(0.2, description="share of the value at risk that acting saves, until it can be measured")
    measured_from: int = Field(300, ge=30, description="customers acted on, and as many withheld, that measuring needs")
    action_cost: float = Field(0.0, ge=0, description="what acting on one customer costs, in `currency`")
    minimum_value: float = Field(0.0, ge=0, description="value if retained below which nobody is listed")
    minimum_probability: Share | None = Field(
        None, description="churn probability below which nobody is listed; default: the average of all scored"
    )
    cool_down_days: int = Field(30, ge=0, le=3650, description="days after a contact in which nobody is listed")
    campaigns_are_contacts: bool = Field(False, description="whether mass mailings (of a campaign) begin a cool-down")
    item_days: int = Field(7, ge=1, le=365, description="days for which an open item keeps its place on the list")
    act_within_days: int = Field(7, ge=1, le=365, description="days to act in where nothing is more urgent")
    playbook: Path | None = Field(None, description="TOML file of what to do; default: configs/playbook.toml")
    control_share: float = Field(0.1, ge=0, le=0.5, description="share withheld at random, to compare with")
    season: Literal["month", "quarter", "year"] = Field(
        "quarter", description='how long a customer stays with or without action: "month", "quarter" or "year"'
    )


Weekday = Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
CLOCKS_CHANGE = ("02:00", "03:30")  # times that some days lack and others have twice


def _in_every_day(time: str) -> str:
    if CLOCKS_CHANGE[0] <= time < CLOCKS_CHANGE[1]:
        raise ValueError(f"some days lack {time} and others have it twice, when clocks change")
    return time


TimeOfDay = Annotated[str, Field(pattern=TIME_OF_DAY), AfterValidator(_in_every_day)]


class Schedule(Section):
    """When a Prefect server runs what, in the business time zone."""

    nightly_at: TimeOfDay = Field("04:30", description='time of every day, as "04:30", not from 02:00 to 03:29')
    training_at: TimeOfDay = Field("06:00", description='time of the training, as "06:00"')
    training_on: Weekday = Field("sunday", description="day of the week of the training")

    @property
    def nightly_cron(self) -> str:
        """The nightly time as a cron line."""
        hour, minute = self.nightly_at.split(":")
        return f"{int(minute)} {int(hour)} * * *"

    @property
    def training_cron(self) -> str:
        """The time of the training as a cron line."""
        hour, minute = self.training_at.split(":")
        return f"{int(minute)} {int(hour)} * * {get_args(Weekday).index(self.training_on)}"


class Retention(Section):
    """How long what a night leaves behind is kept. The newest day always is, and whatever a link names."""

    store_days: Days | None = Field(14, description="days for which validated tables are kept")
    scored_days: Days | None = Field(None, description="days for which scores with their features are kept")
    published_days: Days | None = Field(None, description="days for which publications are kept; default: for good")
    revisions: int = Field(5, ge=1, le=1000, description="revisions kept of one day, the newest first")

    def days(self) -> dict[str, int | None]:
        """Days by folder; None: for good."""
        return {"store": self.store_days, "scored": self.scored_days, "published": self.published_days}


class Effect(Section):
    """How small an effect of acting is still worth finding."""

    smallest_gain: float = Field(0.05, gt=0, le=1, description="gain in the share that stays, e.g. 0.05")


class Web(Section):
    """The account managers' web app."""

    database: str | None = Field(
        None, description='PostgreSQL from the environment, e.g. "${SHOP_WEB_DATABASE}"; default: SQLite under the root'
    )
    address: str = Field(
        "http://127.0.0.1:8000",
        pattern=r"^https?://[^/\s@]+$",
        description="where people reach the app, without a path",
    )
    session_hours: int = Field(12, ge=1, le=720, description="hours after which people sign in again")
    invitation_hours: int = Field(72, ge=1, le=720, description="hours for which a sign-in link can be used")
    stale_after_days: int = Field(1, ge=0, le=365, description="a list older than this many days is called old")
    leads: dict[str, list[str]] = Field(
        {}, description="account managers whose customers a lead sees, by the lead's user name; default: all"
    )


class Tracking(Section):
    """Where models are tracked and registered."""

    uri: str | None = Field(None, description="MLflow tracking address; default: a SQLite file under the root")
    churn_model: str = Field("churn", pattern=r"^[\w .-]+$", description="registered name of the churn model")
    clv_model: str = Field("clv", pattern=r"^[\w .-]+$", description="registered name of the value model")


class Settings(Section):
    """A whole configuration. `root` is the folder under which everything a run writes lives."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60, description="short lower-case name")
    company: str | None = Field(None, min_length=1, description="name shown on the lists; default: `name`")
    owner: str | None = Field(None, min_length=1, description="who answers for the models, named on their card")
    root: Path = Field(Path(), description="folder for everything a run writes; default: holdfast_data/<name>")
    business_timezone: Zone = Field("UTC", description='zone that decides what a day is, e.g. "Europe/London"')
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="three-letter currency code")
    sources: dict[TableName, Source] = Field(description="at least [sources.transactions]")
    churn: Churn = Churn()
    clv: Clv = Clv()
    ingest: Ingest = Ingest()
    features: Features = Features()
    training: Training = Training()
    tuning: Tuning = Tuning()
    backtest: Backtest = Backtest()
    lists: Lists = Lists()
    outreach: Outreach = Outreach()
    effect: Effect = Effect()
    retention: Retention = Retention()
    schedule: Schedule = Schedule()
    web: Web = Web()
    tracking: Tracking = Tracking()

    @model_validator(mode="before")
    @classmethod
    def _root_of_its_own(cls, raw: dict[str, Any]) -> dict[str, Any]:
        return {"root": f"holdfast_data/{raw.get('name')}", **raw}

    @model_validator(mode="after")
    def _required_sources(self) -> Self:
        absent = needed_sources(self.sources, self.churn.definition)
        if absent:
            raise ValueError("; ".join(f"missing [sources.{table}]: {why}" for table, why in absent.items()))
        return self

    @model_validator(mode="after")
    def _profile_has_a_source(self) -> Self:
        if self.features.profile and "customers" not in self.sources:
            raise ValueError("missing [sources.customers]: features.profile names columns of it")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.business_timezone)

    @property
    def clv_horizon_days(self) -> int:
        """Days over which value is counted: the configured ones, else the churn horizon."""
        return self.clv.horizon_days or self.churn.horizon_days

    @property
    def observation_days(self) -> int:
        """Days after a cutoff until its labels (churn and value) are fully observed."""
        grace = self.churn.grace_days if self.churn.definition == "contract" else 0
        return max(self.churn.horizon_days + grace, self.clv_horizon_days)

    @property
    def tracking_uri(self) -> str:
        """MLflow tracking address."""
        return self.tracking.uri or f"sqlite:///{(self.root / 'mlflow.db').resolve()}"

    def source(self, table: str) -> Source:
        """The source of a canonical table; raises KeyError where it is not configured."""
        return {str(name): source for name, source in self.sources.items()}[table]

    def folder_of(self, part: str, as_of: date) -> Path:
        """Folder of one day's `part` ("store", "published"): a link to its newest revision."""
        return self.root / part / as_of.isoformat()

    def comparable(self) -> dict[str, Any]:
        """Everything that can change a result, as plain JSON values; where it is written is left out."""
        return self.model_dump(
            mode="json", exclude={"root", "owner", "tracking", "tuning", "backtest", "retention", "schedule", "web"}
        )
