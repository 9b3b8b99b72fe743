"""What is looked at: the list, a customer, the team, and the list as a CSV file."""

from io import BytesIO

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipelines.outreach.lists import write_csv
from pipelines.outreach.page import course, derived
from pipelines.web.board import RECORDED, Board
from pipelines.web.entries import history
from pipelines.web.pictures import bars, line, marks, quarters
from pipelines.web.query import PAGE_ROWS, Query, matching
from pipelines.web.schema import EXPORTED, MANAGER, Entry
from pipelines.web.site import NOT_FOUND, NOT_THEIRS, Site, Stopped, Visitor
from pipelines.web.team import crossed, reason_in_words, share, shares, week
from pipelines.web.timeline import events, first_day, lanes
from pipelines.web.visitors import SiteOf, VisitorOf, given

router = APIRouter()


@router.get("/")
def my_list(request: Request, site: SiteOf, visitor: VisitorOf) -> Response:
    """The list, as the URL asks for it."""
    board, asked = site.board(), Query.of(given(request))
    every = board.seen_by(visitor.sight)
    # Whoever was just dealt with keeps their place while the page says so.
    just = told(site, board, visitor, request.query_params.get("told", ""))
    found = matching(asked, every, just.customer_id if just else None)
    pages = max(1, -(-found.height // PAGE_ROWS))
    page = min(asked.page, pages)
    shown = board.items(found.slice((page - 1) * PAGE_ROWS, PAGE_ROWS))
    longest = max((abs(item.row[f"reason_{n}_shap"] or 0) for item in shown for n in (1, 2, 3)), default=0) or 1.0
    courses = {item.row["customer_id"]: course(item.row["probability_history"] or []) for item in shown}
    return site.page(
        "list.html.j2",
        visitor,
        asked=asked,
        rows=[(item, item.row | derived(item.row, longest, courses)) for item in shown],
        total=share(every, site.today),
        found=found.height,
        first=(page - 1) * PAGE_ROWS,
        page=page,
        pages=pages,
        reasons=sorted((reason_in_words(group), group) for group in every["reasons"].explode().unique().drop_nulls()),
        managers=sorted(every["account_manager"].unique()),
        told=just,
    )


@router.get("/customer")
def customer(request: Request, site: SiteOf, visitor: VisitorOf, id: str = "") -> Response:
    """Everything about a customer on the list; of one who has left it, what was recorded."""
    board = site.board()
    publication, row = board.publication, board.publication.row(id)
    log = site.database.read(lambda session: history(session, id))
    if row is None and log and visitor.sight.covers(log[0].account_manager):
        return site.page("gone.html.j2", visitor, customer_id=id, log=log)
    if row is None or not visitor.sight.covers(row["account_manager"]):
        raise Stopped(*NOT_THEIRS)
    past = row["probability_history"] or []
    happened = events(site.settings, publication.day, id)
    weights = [abs(row[f"reason_{n}_shap"] or 0) for n in (1, 2, 3)]
    first = first_day(publication.day)
    return site.page(
        "customer.html.j2",
        visitor,
        item=board.item(id),
        row=row | derived(row, max(weights) or 1.0, {}),
        bars=bars(publication.why(id)),
        past=past,
        line=line(past),
        course=course(past),
        happened=happened,
        quarters=quarters(first, publication.day),
        lanes={name: marks(held, first, publication.day) for name, held in lanes(happened or []).items()},
        log=log,
        told=told(site, board, visitor, request.query_params.get("told", "")),
    )


@router.get("/team")
def team(site: SiteOf, visitor: VisitorOf) -> Response:
    """How far the lists are worked, for those who lead account managers and the data team."""
    if visitor.person.role == MANAGER:
        raise Stopped(*NOT_FOUND, "the team's page")
    board = site.board()
    every = board.seen_by(visitor.sight)
    since = site.database.read(lambda session: week(site.settings, board.publication, every, visitor.sight, session))
    by_reason = shares(every.explode("reasons"), "reasons", site.today).sort("value_at_risk", descending=True)
    return site.page(
        "team.html.j2",
        visitor,
        total=share(every, site.today),
        managers=shares(every, "account_manager", site.today).sort("account_manager").rows(named=True),
        reasons=by_reason.rows(named=True),
        crossed=crossed(every, by_reason["reasons"].to_list()),
        in_words=reason_in_words,
        week=since,
        link=lambda **asked: Query(**asked).address(),
    )


@router.get("/export.csv")
def export(request: Request, site: SiteOf, visitor: VisitorOf) -> Response:
    """The list as the URL asks for it, all pages, with what was recorded; no text can be a formula."""
    board, asked = site.board(), Query.of(given(request))
    found = matching(asked, board.seen_by(visitor.sight))
    recorded = [name for name in RECORDED if name != "recorded_list"]
    table = found.select("customer_id", *recorded).join(
        board.publication.risk_list.drop("probability_history"),
        on="customer_id",
        how="left",
        maintain_order="left",
    )
    site.note(visitor.person.name, EXPORTED, f"{table.height} rows of the list of {board.publication.day}")
    file = BytesIO()
    write_csv(table, file)
    name = f'attachment; filename="list-{board.publication.day}.csv"'
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


def told(site: Site, board: Board, visitor: Visitor, entry_id: str) -> Entry | None:
    """The entry just written, if it is still the customer's latest and for this visitor."""
    if not (entry_id.isascii() and entry_id.isdigit() and len(entry_id) < 19):
        return None
    entry = site.database.read(lambda session: session.get(Entry, int(entry_id)))
    latest = board.entries.get(entry.customer_id) if entry else None
    if entry is None or latest is None or latest.id != entry.id or not visitor.sight.covers(entry.account_manager):
        return None
    return entry
