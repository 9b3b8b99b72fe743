"""What every page of the app shares: settings, database, publication, and how pages are made."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse

from configs.settings import Settings
from pipelines.outreach.wording import customers, day, moment, money, percent
from pipelines.templating import environment
from pipelines.web.assets import ADDRESSES
from pipelines.web.audit import note
from pipelines.web.board import Board, Boards
from pipelines.web.database import Database
from pipelines.web.entries import snoozes
from pipelines.web.people import Sight
from pipelines.web.provider import Provider
from pipelines.web.publication import Publication, Publications
from pipelines.web.schema import MANAGER, Person
from pipelines.web.security import Clock, Seal, Visit
from pipelines.web.wording import answered, due, sentence

ENVIRONMENT = environment(Path(__file__).parent / "templates")
ENVIRONMENT.filters["sentence"] = sentence


class Stopped(Exception):
    """A page that cannot be shown: the status of the answer, what to say, and what the log is to say of it, if any."""

    def __init__(self, status: int, heading: str, said: str, refused: str | None = None) -> None:
        super().__init__(said)
        self.status, self.heading, self.said, self.refused = status, heading, said, refused


NOT_FOUND = (404, "Not found", "There is no such page, or it is not for you.")
NOT_THEIRS = (*NOT_FOUND, "a customer of others, or of nobody")


@dataclass(frozen=True)
class Visitor:
    """Who asks: the person, whose customers they see, their visit, and whether htmx asks for a part of the page."""

    person: Person
    sight: Sight
    visit: Visit
    part: bool


class Site:
    """The app's parts. `now` tells the time, in UTC."""

    def __init__(self, settings: Settings, now: Clock) -> None:
        self.settings, self.now = settings, now
        self.database = Database(settings)
        self.database.migrate()
        self.seal = Seal(settings.root)
        oidc = settings.web.oidc
        self.provider = Provider(oidc, settings.web.address) if oidc else None
        self.publications = Publications(settings)
        self.boards = Boards(self.publications)

    @property
    def today(self) -> date:
        """The day in the business time zone."""
        return self.now().astimezone(self.settings.zone).date()

    def board(self) -> Board:
        """The lists of the current publication with what was recorded; raises Stopped before the first."""
        found = self.boards.current()
        if found is None:
            raise Stopped(503, "No list yet", "Nothing has been published yet. Come back after the first night.")
        return found

    def note(self, person: str | None, kind: str, detail: str) -> None:
        """Append to the log of who was there."""
        self.database.write(lambda session: note(session, self.now(), person, kind, detail))

    def page(self, template: str, visitor: Visitor | None = None, status: int = 200, **values: Any) -> HTMLResponse:
        """The page made from a template; of it only what stands in its middle, where the visitor has the rest."""
        part = visitor is not None and visitor.part
        publication = self.publications.current()
        text = ENVIRONMENT.get_template(template).render(
            **values,
            status=status,
            part=part,
            place=None,
            lists_called="My list" if visitor and visitor.person.role == MANAGER else "Lists",
            static=ADDRESSES,
            provider=self.settings.web.oidc.label if self.settings.web.oidc else None,
            company=self.settings.company or self.settings.name,
            visitor=visitor,
            token=self.seal.form(visitor.visit) if visitor else None,
            publication=publication,
            **self._ages(publication),
            today=self.today,
            snoozes=snoozes(self.today),
            horizon=self.settings.churn.horizon_days,
            customers=customers,
            day=day,
            moment=moment,
            percent=percent,
            answered=answered,
            due=lambda act_by: due(act_by, self.today),
            local=lambda instant: f"{day(at := instant.astimezone(self.settings.zone))}, {at:%H:%M}",
            money=lambda amount: money(amount, self.settings.currency),
        )
        # What was not done has no address of its own.
        return HTMLResponse(text, status, {"HX-Push-Url": "false"} if part and status >= 400 else None)

    def _ages(self, publication: Publication | None) -> dict[str, int | None]:
        """In days, how old the list is, and the newest order in it; None for what is not too old."""
        list_age = (self.today - publication.day).days if publication else 0
        until = (
            publication.data_until.astimezone(self.settings.zone).date()
            if publication and publication.data_until
            else self.today
        )
        data_age = (self.today - until).days
        return {
            "list_age": list_age if list_age > self.settings.web.stale_after_days else None,
            "data_age": data_age if data_age > self.settings.validation.fresh_days else None,
        }
