"""What the report of the four elements holds the company against: its service standards, and targets by segment."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from configs.section import Section

# From the best to the worst: who comes to an earlier one has moved up.
Segment = Literal[
    "champions", "loyal", "promising", "new", "needs attention", "cannot lose", "at risk", "hibernating", "lost"
]
SEGMENTS: tuple[str, ...] = get_args(Segment)
TargetFigure = Literal["customers", "share", "spend", "kept"]
TERMS = ("short", "medium", "long")


class Target(Section):
    """What one figure of one segment is to be in the short, the medium and the long term."""

    segment: Segment = Field(description="name of the segment")
    figure: TargetFigure = Field(
        description="customers: how many; share: of all; spend: mean a year; kept: share not slipped in a month"
    )
    aim: Literal["at least", "at most"] = Field("at least", description='"at least" or "at most"')
    short: float | None = Field(None, ge=0, description="target after report.short_months")
    medium: float | None = Field(None, ge=0, description="target after report.medium_months")
    long: float | None = Field(None, ge=0, description="target after report.long_months")

    @model_validator(mode="after")
    def _shares_are_shares(self) -> Self:
        over = [name for name in TERMS if self.figure in ("share", "kept") and (getattr(self, name) or 0) > 1]
        if over:
            raise ValueError(f"{', '.join(over)}: {self.figure} is a share, at most 1 for 100 %")
        if self.short is None and self.medium is None and self.long is None:
            raise ValueError("give a target: short, medium or long")
        return self


Months = Annotated[int, Field(ge=1, le=120)]


class Report(Section):
    """The report of the four elements."""

    response_hours: float = Field(24.0, gt=0, le=8760, description="hours within which a complaint is first answered")
    resolution_days: float = Field(7.0, gt=0, le=365, description="days within which a complaint is resolved")
    informed_days: float = Field(3.0, gt=0, le=365, description="longest silence, in days, while a complaint is open")
    movers: int = Field(
        10, ge=0, le=1000, description="customers named of those who moved up, and of those who slipped"
    )
    short_months: Months = Field(3, description="months of the short term")
    medium_months: Months = Field(12, description="months of the medium term")
    long_months: Months = Field(36, description="months of the long term")
    targets: list[Target] = Field([], description="targets by segment, each under [[report.targets]]")
