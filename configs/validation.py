"""Which checks of the data warn, which stop a night, and from how many rows on."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.section import Days, Section, Share

Severity = Literal["warn", "stop"]


class CheckSettings(Section):
    """What becomes of a night whose rows fail a check. They are quarantined in any case."""

    severity: Severity = Field("stop", description='"warn": the night goes on; "stop": it ends with exit code 3')
    stop_above: Share = Field(0.0, description="share of failing rows above which it stops; default: 0, any row")

    @model_validator(mode="after")
    def _limit_of_a_stop(self) -> Self:
        if self.severity == "warn" and "stop_above" in self.model_fields_set:
            raise ValueError('`stop_above` is for `severity = "stop"`: a check that warns never stops')
        return self


class Validation(Section):
    """Checks that are not named here stop together: above `ingest.quarantined_share_limit` of a table's rows."""

    fresh_days: Days = Field(14, description="days by which the newest transaction may be older than the day")
    checks: dict[Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z0-9_]+)+$")], CheckSettings] = Field(
        {}, description="by the name that validation.html shows, e.g. complaints.cause.allowed"
    )
