"""Whom to act on, how lists are cut, and how it is measured what acting brings."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from configs.section import Section, Share


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

    save_rate: float = Field(
        0.2, ge=0, lt=1, description="share saved of those as likely to leave as to stay, until it can be measured"
    )
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


class Effect(Section):
    """How small an effect of acting is still worth finding."""

    smallest_gain: float = Field(0.05, gt=0, le=1, description="gain in the share that stays, e.g. 0.05")
