"""What is done: recording what came of a customer, and undoing it."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from pipelines.web.entries import Overtaken, Refused, checked, latest, record, undo
from pipelines.web.publication import Row
from pipelines.web.schema import Entry
from pipelines.web.site import NOT_THEIRS, Site, Stopped, Visitor
from pipelines.web.visitors import CheckedForm, SiteOf, VisitorOf

router = APIRouter(dependencies=[CheckedForm])
PAGES = ("/", "/customer")
Text = Annotated[str, Form()]
Count = Annotated[int, Form(ge=0)]


@router.post("/answer")
def answer(
    site: SiteOf,
    visitor: VisitorOf,
    customer_id: Text,
    seen: Count,
    status: Text = "",
    note: Text = "",
    snooze_until: Text = "",
    back: Text = "/",
) -> Response:
    """Record an outcome; where it cannot be, the form comes back with what was filled in."""
    publication = site.board().publication
    row = _theirs(publication.row(customer_id), visitor)
    values = {"note": note, "snooze_until": snooze_until}
    try:
        what = checked(status, note, snooze_until, site.today)
        entry = site.database.write(
            lambda session: record(session, row, publication.day, what, seen, visitor.person.name, site.now())
        )
    except Refused as error:
        return _again(site, visitor, row, 400, str(error), seen, back, values)
    except Overtaken as error:
        return _again(site, visitor, row, 409, None, error.entry.number, back, values, error.entry)
    return RedirectResponse(_told(back, entry), 303)


@router.post("/undo")
def take_back(site: SiteOf, visitor: VisitorOf, customer_id: Text, seen: Count, back: Text = "/") -> Response:
    """Undo the latest answer."""
    row = site.board().publication.row(customer_id)
    last = site.database.read(lambda session: latest(session, customer_id))
    owner = row["account_manager"] if row else last.account_manager if last else None
    if owner is None or not visitor.sight.covers(owner):
        raise Stopped(*NOT_THEIRS)
    try:
        entry = site.database.write(lambda session: undo(session, customer_id, seen, visitor.person.name, site.now()))
    except Refused as error:
        raise Stopped(409, "Nothing to undo", str(error)) from None
    except Overtaken as error:
        if row is None:
            raise Stopped(409, "Not undone", "Something else was recorded in the meantime.") from None
        return _again(site, visitor, row, 409, None, error.entry.number, back, {}, error.entry)
    return RedirectResponse(_told(back, entry), 303)


def _theirs(row: Row | None, visitor: Visitor) -> Row:
    if row is None or not visitor.sight.covers(row["account_manager"]):
        raise Stopped(*NOT_THEIRS)
    return row


def _again(
    site: Site,
    visitor: Visitor,
    row: Row,
    status: int,
    said: str | None,
    seen: int,
    back: str,
    values: dict[str, str],
    other: Entry | None = None,
) -> Response:
    name = row["display_name"] or row["customer_id"]
    return site.page(
        "again.html.j2",
        visitor,
        status,
        name=name,
        customer_id=row["customer_id"],
        said=said,
        seen=seen,
        back=_told(back),
        values=values,
        other=other,
    )


def _told(back: str, entry: Entry | None = None) -> str:
    """The page of ours that `back` names (any other: the list), told of `entry`."""
    parts = urlsplit(back)
    if parts.scheme or parts.netloc or parts.path not in PAGES:
        return "/"
    asked = [(name, value) for name, value in parse_qsl(parts.query) if name != "told"]
    asked += [("told", str(entry.id))] if entry else []
    place = f"{parts.path}?{urlencode(asked)}" if asked else parts.path
    return f"{place}#told" if entry else place
