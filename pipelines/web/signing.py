"""Signing in by a link that works once, and signing out."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipelines.web.people import end_sessions, redeem
from pipelines.web.security import COOKIE, Visit
from pipelines.web.site import CheckedForm, Site, SiteOf, Stopped, VisitorOf

router = APIRouter()
FORM_MINUTES = 60


@router.get("/sign-in")
def link(site: SiteOf, secret: str = "") -> Response:
    """A page with a button: programs that look at links before people do must not use them up."""
    visit = site.seal.begin(None, 0, site.now() + timedelta(minutes=FORM_MINUTES))
    answer = site.page("sign_in.html.j2", secret=secret, form=site.seal.form(visit))
    _give(answer, site, visit, 60 * FORM_MINUTES)
    return answer


@router.post("/sign-in", dependencies=[CheckedForm])
def sign_in(request: Request, site: SiteOf, secret: Annotated[str, Form()] = "") -> Response:
    """Begin a session of whoever the link was for."""
    address = request.client.host if request.client else ""
    if site.tries.too_many(address):
        raise Stopped(429, "Too many tries", "Wait five minutes before you try again.")
    person = site.database.write(lambda session: redeem(session, secret, site.now()))
    if person is None:
        site.tries.fail(address)
        raise Stopped(
            403,
            "This link no longer works",
            "It was used before, or is too old. Ask whoever runs Holdfast for a new one.",
        )
    hours = site.settings.web.session_hours
    answer = RedirectResponse("/", 303)
    visit = site.seal.begin(person.name, person.sessions, site.now() + timedelta(hours=hours))
    _give(answer, site, visit, 3600 * hours)
    return answer


@router.post("/sign-out", dependencies=[CheckedForm])
def sign_out(site: SiteOf, visitor: VisitorOf) -> Response:
    """End the session, on every device."""
    site.database.write(lambda session: end_sessions(session, visitor.person.name))
    answer = site.page("message.html.j2", heading="Signed out", said="You are signed out on every device.")
    answer.delete_cookie(COOKIE)
    return answer


def _give(answer: Response, site: Site, visit: Visit, seconds: int) -> None:
    secure = site.settings.web.address.startswith("https://")
    answer.set_cookie(COOKIE, site.seal.cookie(visit), max_age=seconds, httponly=True, samesite="lax", secure=secure)
