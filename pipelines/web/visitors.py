"""Who asks, by the cookie that came, and whether a form was given to them: what every page of the app begins with."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Form, Request
from sqlalchemy.orm import Session

from pipelines.web.people import sight_of
from pipelines.web.schema import Person
from pipelines.web.security import COOKIE, Visit
from pipelines.web.site import Site, Stopped, Visitor


# What waits for nothing is asynchronous: a thread for each would cost more than it does.
async def site_of(request: Request) -> Site:
    """The site of the app that answers."""
    return request.app.state.site


SiteOf = Annotated[Site, Depends(site_of)]


async def visit_of(request: Request, site: SiteOf) -> Visit | None:
    """The visit of the cookie that came, signed in or not."""
    return site.seal.read(Visit, request.cookies.get(COOKIE), site.now())


VisitOf = Annotated[Visit | None, Depends(visit_of)]


def visitor_of(request: Request, site: SiteOf, visit: VisitOf) -> Visitor:
    """Who asks; raises Stopped for whoever is not signed in, or whose session was ended."""
    person = None
    if visit is not None and visit.person is not None:
        person = site.database.read(lambda session: _looked_up(session, site, visit.person))
    if visit is None or person is None or person.sessions != visit.sessions:
        raise _not_signed_in(site)
    part = request.headers.get("HX-Request-Type") == "partial"
    return Visitor(person, sight_of(person, site.settings.web), visit, part)


def _looked_up(session: Session, site: Site, name: str | None) -> Person | None:
    """The person, and on the same way what is new of the log: going to the database twice would cost more."""
    site.boards.read_on(session)
    return session.get(Person, name)


VisitorOf = Annotated[Visitor, Depends(visitor_of)]


def _not_signed_in(site: Site, what: str = "You are not signed in, or no longer.") -> Stopped:
    link = " Open the sign-in link that you were given. It works once; ask whoever runs Holdfast for a new one."
    return Stopped(401, "Please sign in", what + ("" if site.provider else link))


async def form_of(site: SiteOf, visit: VisitOf, token: Annotated[str, Form()] = "") -> None:
    """Raises Stopped for a form that this visit was not given, or once the visit is over."""
    if visit is None:
        raise _not_signed_in(site, "You are signed in no longer. What you just sent was not recorded.")
    if not site.seal.is_of(visit, token):
        raise Stopped(
            403,
            "Not accepted",
            "This form is not one of your pages, or is too old. Load the page again.",
            "a form that no page of theirs held",
        )


CheckedForm = Depends(form_of)


def given(request: Request) -> Mapping[str, str]:
    """The parameters of the URL; of one given twice, the last."""
    return dict(request.query_params)
