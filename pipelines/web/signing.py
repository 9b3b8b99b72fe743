"""Signing in by a link that works once or through the company's own sign-in, and signing out."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from pipelines.web.audit import note
from pipelines.web.people import NoAccess, admit, end_sessions, redeem
from pipelines.web.provider import BACK, SIGN_IN, NotSignedIn, Pending, Proven
from pipelines.web.schema import REFUSED, SIGNED_IN, SIGNED_OUT, Person
from pipelines.web.security import COOKIE, PENDING_COOKIE, Visit
from pipelines.web.site import NOT_FOUND, Site, Stopped
from pipelines.web.tries import failed, too_many
from pipelines.web.visitors import CheckedForm, SiteOf, VisitorOf

router = APIRouter()
FORM_MINUTES = 60
PENDING_MINUTES = 10
TOO_MANY = (429, "Too many tries", "Wait five minutes before you try again.")


@router.get(SIGN_IN)
def link(site: SiteOf, secret: str = "") -> Response:
    """A page with a button: programs that look at links before people do must not use them up."""
    visit = site.seal.begin(None, 0, site.now() + timedelta(minutes=FORM_MINUTES))
    answer = site.page("sign_in.html.j2", secret=secret, form=site.seal.form(visit))
    _give(answer, site, COOKIE, site.seal.cookie(visit), 60 * FORM_MINUTES)
    return answer


@router.post(SIGN_IN, dependencies=[CheckedForm])
def sign_in(request: Request, site: SiteOf, secret: Annotated[str, Form()] = "") -> Response:
    """Begin a session of whoever the link was for."""
    address, now = _address(request, site), site.now()

    def use(session: Session) -> Person | None:
        if too_many(session, address, now):
            raise Stopped(*TOO_MANY)
        person = redeem(session, secret, now)
        if person is None:
            failed(session, address, now)
            note(session, now, None, REFUSED, "sign-in by a link that does not work")
        else:
            note(session, now, person.name, SIGNED_IN, "by a link")
        return person

    person = site.database.write(use)
    if person is None:
        raise Stopped(
            403,
            "This link no longer works",
            "It was used before, or is too old. Ask whoever runs Holdfast for a new one.",
        )
    return _begun(site, person)


@router.get("/sign-in/provider")
def leave(site: SiteOf) -> Response:
    """Send somebody to the company's own sign-in."""
    if site.provider is None:
        raise Stopped(*NOT_FOUND)
    address, pending = site.provider.begin(site.now() + timedelta(minutes=PENDING_MINUTES))
    answer = RedirectResponse(address, 303)
    _give(answer, site, PENDING_COOKIE, site.seal.cookie(pending), 60 * PENDING_MINUTES)
    return answer


@router.get(BACK)
def come_back(request: Request, site: SiteOf) -> Response:
    """Begin a session of whoever comes back from there with a proof."""
    if site.provider is None:
        raise Stopped(*NOT_FOUND)
    address, now = _address(request, site), site.now()
    if site.database.read(lambda session: too_many(session, address, now)):
        raise Stopped(*TOO_MANY)
    pending = site.seal.read(Pending, request.cookies.get(PENDING_COOKIE), now)
    try:
        if pending is None:
            raise NotSignedIn("nobody was sent from this browser lately")
        proven = site.provider.finish(pending, dict(request.query_params), now)
    except NotSignedIn as error:
        _refused(site, address, None, f"sign-in through the provider: {error}")
        raise Stopped(403, "Not signed in", "The sign-in was broken off, or took too long. Begin again.") from None
    try:
        person = _admitted(site, proven)
    except NoAccess as error:
        _refused(site, address, proven.name, "sign-in through the provider: no access")
        raise Stopped(403, "No access", str(error)) from None
    answer = _begun(site, person)
    answer.delete_cookie(PENDING_COOKIE)
    return answer


@router.post("/sign-out", dependencies=[CheckedForm])
def sign_out(site: SiteOf, visitor: VisitorOf) -> Response:
    """End the session, on every device; whoever came through the provider may go on to end the one there."""

    def end(session: Session) -> None:
        end_sessions(session, visitor.person.name)
        note(session, site.now(), visitor.person.name, SIGNED_OUT, "on every device")

    site.database.write(end)
    # A link, not a way on: the page's policy lets no form lead to another site, and there everything else ends too.
    there = site.provider.end() if site.provider and visitor.person.subject else None
    answer = site.page("signed_out.html.j2", there=there)
    answer.delete_cookie(COOKIE)
    return answer


def _admitted(site: Site, proven: Proven) -> Person:
    def use(session: Session) -> Person | NoAccess:
        try:
            person = admit(session, proven)
        except NoAccess as error:
            return error  # what it wrote, such as that sessions end, is kept
        note(session, site.now(), person.name, SIGNED_IN, "through the provider")
        return person

    found = site.database.write(use)
    if isinstance(found, NoAccess):
        raise found
    return found


def _refused(site: Site, address: str, person: str | None, detail: str) -> None:
    def remember(session: Session) -> None:
        failed(session, address, site.now())
        note(session, site.now(), person, REFUSED, detail)

    site.database.write(remember)


def _address(request: Request, site: Site) -> str:
    return site.seal.masked(request.client.host if request.client else "")


def _begun(site: Site, person: Person) -> Response:
    hours = site.settings.web.session_hours
    visit: Visit = site.seal.begin(person.name, person.sessions, site.now() + timedelta(hours=hours))
    answer = RedirectResponse("/", 303)
    _give(answer, site, COOKIE, site.seal.cookie(visit), 3600 * hours)
    return answer


def _give(answer: Response, site: Site, name: str, value: str, seconds: int) -> None:
    secure = site.settings.web.address.startswith("https://")
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)
