"""What is looked at: the list, a customer, the team, and the list as a CSV file."""

from io import BytesIO

import polars as pl
from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipelines.outreach.lists import write_csv
from pipelines.outreach.page import course, derived
from pipelines.web.entries import history
from pipelines.web.pictures import bars, line, marks
from pipelines.web.query import PAGE_ROWS, Query, item_of, matching
from pipelines.web.schema import MANAGER, Entry
from pipelines.web.site import NOT_FOUND, Site, SiteOf, Stopped, Visitor, VisitorOf, given
from pipelines.web.team import by_manager, by_reason, reason_in_words, share, week
from pipelines.web.timeline import events, first_day, lanes

router = APIRouter()


@router.get("/")
def my_list(request: Request, site: SiteOf, visitor: VisitorOf) -> Response:
    """The list, as the URL asks for it."""
    publication, asked = site.publication(), Query.of(given(request))
    every = site.items(publication, visitor.sight)
    found = matching(asked, every, publication)
    pages = max(1, -(-len(found) // PAGE_ROWS))
    first = (min(asked.page, pages) - 1) * PAGE_ROWS
    shown = found[first : first + PAGE_ROWS]
    longest = max((abs(item.row[f"reason_{n}_shap"] or 0) for item in shown for n in (1, 2, 3)), default=0) or 1.0
    courses = {item.row["customer_id"]: course(item.row["probability_history"] or []) for item in shown}
    groups = {publication.strongest.get(item.row["customer_id"]) for item in every}
    return site.page(
        "list.html.j2",
        visitor,
        asked=asked,
        rows=[(item, item.row | derived(item.row, longest, courses)) for item in shown],
        total=share("", every, site.today),
        found=len(found),
        first=first,
        page=min(asked.page, pages),
        pages=pages,
        reasons=sorted((reason_in_words(group), group) for group in groups if group),
        managers=sorted({item.row["account_manager"] for item in every}),
        told=told(site, visitor, request.query_params.get("told", "")),
    )


@router.get("/customer")
def customer(request: Request, site: SiteOf, visitor: VisitorOf, id: str = "") -> Response:
    """Everything about a customer on the list; of one who has left it, what was recorded."""
    publication = site.publication()
    row = publication.rows.get(id)
    log = site.database.read(lambda session: history(session, id))
    if row is None and log and visitor.sight.covers(log[0].account_manager):
        return site.page("gone.html.j2", visitor, customer_id=id, log=log)
    if row is None or not visitor.sight.covers(row["account_manager"]):
        raise Stopped(*NOT_FOUND)
    past = row["probability_history"] or []
    happened = events(site.settings, publication.day, id)
    weights = [abs(row[f"reason_{n}_shap"] or 0) for n in (1, 2, 3)]
    first = first_day(publication.day)
    return site.page(
        "customer.html.j2",
        visitor,
        item=item_of(publication, row, log[0] if log else None),
        row=row | derived(row, max(weights) or 1.0, {}),
        bars=bars(publication.why.get(id, {})),
        past=past,
        line=line(past),
        course=course(past),
        happened=happened,
        first=first,
        lanes={name: marks(held, first, publication.day) for name, held in lanes(happened or []).items()},
        log=log,
        told=told(site, visitor, request.query_params.get("told", "")),
    )


@router.get("/team")
def team(site: SiteOf, visitor: VisitorOf) -> Response:
    """How far the lists are worked, for those who lead account managers and the data team."""
    if visitor.person.role == MANAGER:
        raise Stopped(*NOT_FOUND)
    publication = site.publication()
    every = site.items(publication, visitor.sight)
    since = site.database.read(lambda session: week(site.settings, publication, every, visitor.sight, session))
    return site.page(
        "team.html.j2",
        visitor,
        total=share("", every, site.today),
        managers=by_manager(every, site.today),
        reasons=[(reason_in_words(group), one, group) for group, one in by_reason(every, publication, site.today)],
        week=since,
        link=lambda **asked: Query(**asked).address(),
    )


@router.get("/export.csv")
def export(request: Request, site: SiteOf, visitor: VisitorOf) -> Response:
    """The list as the URL asks for it, all pages, with what was recorded; no text can be a formula."""
    publication, asked = site.publication(), Query.of(given(request))
    found = matching(asked, site.items(publication, visitor.sight), publication)
    answers = [
        {
            "customer_id": item.row["customer_id"],
            "recorded": item.answer and item.answer.status,
            "recorded_note": item.answer and item.answer.note,
            "recorded_snooze_until": item.answer and item.answer.snooze_until,
            "recorded_by": item.answer and item.answer.person,
            "recorded_at": item.answer and item.answer.at,
        }
        for item in found
    ]
    schema = {
        "customer_id": pl.String(),
        "recorded": pl.String(),
        "recorded_note": pl.String(),
        "recorded_snooze_until": pl.Date(),
        "recorded_by": pl.String(),
        "recorded_at": pl.Datetime("us", "UTC"),
    }
    table = pl.DataFrame(answers, schema=schema).join(
        publication.risk_list.drop("probability_history"), on="customer_id", how="left", maintain_order="left"
    )
    file = BytesIO()
    write_csv(table, file)
    name = f'attachment; filename="list-{publication.day}.csv"'
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


def told(site: Site, visitor: Visitor, entry_id: str) -> tuple[Entry, str] | None:
    """The entry just written, if it is still the customer's latest and for this visitor, with the customer's name."""
    for entry in site.latest.by_customer().values() if entry_id else ():
        if str(entry.id) == entry_id and visitor.sight.covers(entry.account_manager):
            row = site.publication().rows.get(entry.customer_id, {})
            return entry, row.get("display_name") or entry.customer_id
    return None
