"""When a night is said to be unlike what its champion was trained on, and what follows."""

from typing import Literal

from pydantic import Field

from configs.section import Days, Section, Share

Level = Literal["off", "warn", "alarm"]


class Monitoring(Section):
    """Limits of every check, what each is when it goes beyond ("off", "warn" or "alarm"), and when to train anew."""

    false_alarm_rate: float = Field(
        0.05, gt=0, le=0.5, description="share of quiet nights on which anything may look unlike what was known"
    )
    psi: float = Field(0.1, ge=0, description="population stability index below which a difference is never told")
    persists_nights: int = Field(2, ge=1, le=60, description="nights in a row after which a difference is an alarm")
    recent_days: Days = Field(14, description="days whose new rows are held against as many days before, for a year")
    base_rate_moved: float = Field(0.05, gt=0, le=1, description="how far outside its training's range a rate may lie")
    volume_factor: float = Field(2.0, gt=1, description="times below or above the usual rows of such a weekday")
    unseen_share: Share = Field(0.01, description="share of recent rows that may hold a value never seen before")
    quarantined_share: Share = Field(0.01, description="share of a table's rows that may be refused")
    champion_days: Days = Field(45, description="days after its training for which a champion is trusted")
    age: Level = Field("alarm", description="a champion older than that")
    features: Level = Field("alarm", description="values of features, and where they are missing")
    scores: Level = Field("alarm", description="scores of the champion, the level of the day taken out")
    base_rate: Level = Field("alarm", description="share scored as leaving, and share that left")
    columns: Level = Field(
        "alarm", description="values of a table's columns, how late they come, where they are missing"
    )
    freshness: Level = Field("alarm", description="age of a table's newest row")
    volume: Level = Field("warn", description="rows of the day before")
    unseen: Level = Field("warn", description="values never seen before")
    quarantined: Level = Field("warn", description="rows refused")
    retrain: Literal["off", "suggest", "run"] = Field(
        "suggest", description='what an alarm of features, scores or base rate brings: "off", "suggest" or "run"'
    )
    retrain_after_days: Days = Field(7, description='with "run": a champion younger than this is not trained anew')
