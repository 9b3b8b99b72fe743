"""When what runs, how long what it leaves is kept, and the web app."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from configs.section import Days, Section

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
    monitoring_at: TimeOfDay = Field("07:30", description="time of every day by which its lists must be there")
    report_at: TimeOfDay = Field("08:00", description="time of the month's report, and of how past lists turned out")
    report_on: int = Field(1, ge=1, le=28, description="day of the month of the report")

    @property
    def nightly_cron(self) -> str:
        """The nightly time as a cron line."""
        return f"{_minute_and_hour(self.nightly_at)} * * *"

    @property
    def training_cron(self) -> str:
        """The time of the training as a cron line."""
        return f"{_minute_and_hour(self.training_at)} * * {get_args(Weekday).index(self.training_on)}"

    @property
    def monitoring_cron(self) -> str:
        """The time at which the day's lists must be there, as a cron line."""
        return f"{_minute_and_hour(self.monitoring_at)} * * *"

    @property
    def report_cron(self) -> str:
        """The time of the month's report as a cron line."""
        return f"{_minute_and_hour(self.report_at)} {self.report_on} * *"


def _minute_and_hour(time: str) -> str:
    hour, minute = time.split(":")
    return f"{int(minute)} {int(hour)}"


class Retention(Section):
    """How long what runs leave behind is kept; None: for good. The newest day always is, and whatever a link names."""

    store_days: Days | None = Field(14, description="days for which validated tables are kept")
    scored_days: Days | None = Field(None, description="days for which scores with their features are kept")
    published_days: Days | None = Field(None, description="days for which publications are kept, and examples of them")
    training_days: Days | None = Field(None, description="days for which reports of trainings are kept")
    effect_days: Days | None = Field(None, description="days for which measured effects are kept")
    revisions: int = Field(5, ge=1, le=1000, description="revisions kept of one day, the newest first")
    models_days: Days | None = Field(
        None, description="days for which runs and models stay in MLflow; the latest two champions always do"
    )
    monitor_days: Days | None = Field(1095, description="days for which the monitor's figures are kept")
    events_days: Days | None = Field(365, description="days for which the web app's log of who was there is kept")

    def days(self) -> dict[str, int | None]:
        """Days by folder."""
        return {
            "store": self.store_days,
            "scored": self.scored_days,
            "published": self.published_days,
            "training": self.training_days,
            "effect": self.effect_days,
        }


class Oidc(Section):
    """Signing in to the web app through the company's own sign-in (OpenID Connect)."""

    issuer: str = Field(
        # Without TLS only on this machine.
        pattern=r"^(https://[^\s@?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s@?#]*)?)$",
        description='address of the provider, as it calls itself, e.g. "https://login.example/realms/shop"',
    )
    client_id: str = Field(min_length=1, description="what the provider calls this app")
    client_secret: str = Field(
        pattern=r"^\$\{\w+\}$", description='from the environment, e.g. "${SHOP_OIDC_SECRET}"', repr=False
    )
    label: str = Field("company account", min_length=1, description="what people sign in with, in words")
    scopes: list[str] = Field(["openid", "profile", "email"], description="scopes to ask for")
    name_claim: str = Field("preferred_username", description="claim with the name to sign in by, which nobody shares")
    manager_claim: str = Field("name", description="claim with the account manager, as the data calls them")
    roles_claim: str = Field("groups", description="claim with a word, or a list of words, of `roles`")
    roles: dict[str, Literal["manager", "lead", "data"]] = Field(
        description='what each word allows, e.g. sales = "manager"; of several the one that sees most counts'
    )


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
    oidc: Oidc | None = Field(None, description="sign-in through OpenID Connect; default: by links that work once")
