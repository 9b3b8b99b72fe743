"""A whole configuration: typed, with a default for everything but the name and the transactions."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from configs.engine import Engine
from configs.modelling import Backtest, Churn, Clv, Features, Tracking, Training, Tuning
from configs.monitoring import Monitoring
from configs.operations import Retention, Schedule, Web
from configs.outreach import Effect, Lists, Outreach
from configs.publication import Publication
from configs.report import Report
from configs.section import Section, Zone
from configs.sources import READ_WHOLE, Ingest, Source, TableName, needed_sources
from configs.validation import Validation

PLAYBOOK = Path(__file__).with_name("playbook.toml")  # where none is configured


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
    engine: Engine = Engine()
    validation: Validation = Validation()
    features: Features = Features()
    training: Training = Training()
    tuning: Tuning = Tuning()
    backtest: Backtest = Backtest()
    lists: Lists = Lists()
    outreach: Outreach = Outreach()
    effect: Effect = Effect()
    report: Report = Report()
    monitoring: Monitoring = Monitoring()
    retention: Retention = Retention()
    schedule: Schedule = Schedule()
    publication: Publication = Publication()
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

    @model_validator(mode="after")
    def _some_are_read_whole(self) -> Self:
        refused = [table for table, source in self.sources.items() if table in READ_WHOLE and source.arrives]
        if refused:
            raise ValueError(f"{', '.join(refused)}: read whole every night, so without `incremental` and `watermark`")
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
        return max(self.churn.observation_days, self.clv_horizon_days)

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
        """Everything that can change a result, as plain JSON values; where it is written is left out.

        The playbook is told by the SHA-256 of what it says. Raises OSError where it cannot be read.
        """
        elsewhere = {"root", "owner", "tracking", "tuning", "backtest", "report", "monitoring", "retention", "schedule"}
        found = self.model_dump(mode="json", exclude=elsewhere | {"publication", "web", "engine"})
        said = (self.outreach.playbook or PLAYBOOK).read_bytes()
        return found | {"outreach": found["outreach"] | {"playbook": hashlib.sha256(said).hexdigest()}}
