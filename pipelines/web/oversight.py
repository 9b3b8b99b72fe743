"""The data team's page: who has access, how large the control group is, and everything that was done."""

from typing import Annotated

import polars as pl
from fastapi import APIRouter, Query
from fastapi.responses import Response

from pipelines.outreach.history import ASSIGNMENTS_FILE, Published
from pipelines.outreach.policy import LEFT_ALONE, LISTED, WITHHELD
from pipelines.storage import MANIFEST, read_json
from pipelines.web.audit import KINDS, access, audit
from pipelines.web.people import sight_of
from pipelines.web.schema import DATA
from pipelines.web.site import NOT_FOUND, Stopped
from pipelines.web.visitors import SiteOf, VisitorOf

router = APIRouter()
PAGE_LINES = 100
ARMS = {"season": pl.String(), "arm": pl.String()}


@router.get("/audit")
def oversight(
    site: SiteOf, visitor: VisitorOf, who: str = "", kind: str = "", page: Annotated[int, Query(ge=1, le=10**6)] = 1
) -> Response:
    """Who has access, the control group in numbers (never who is in it), and the audit, as the URL asks for it."""
    if visitor.person.role != DATA:
        raise Stopped(*NOT_FOUND, "the data team's page")
    publication, kind = site.board().publication, kind if kind in KINDS else ""
    first = (page - 1) * PAGE_LINES
    lines, count = site.database.read(lambda session: audit(session, who, kind, first, PAGE_LINES))
    people = site.database.read(lambda session: access(session, site.now()))
    counts = read_json(publication.folder / MANIFEST).get("counts", {})
    drawn = Published(publication.day, publication.folder).read(ASSIGNMENTS_FILE, ARMS)
    return site.page(
        "oversight.html.j2",
        visitor,
        people=[(one, sight_of(one.person, site.settings.web).account_managers) for one in people],
        counts=[
            (words, counts[name])
            for words, name in (("Scored", "scored"), ("Listed", LISTED), ("Withheld as controls", WITHHELD))
            if name in counts
        ],
        alone=counts.get(LEFT_ALONE, {}),
        arms=drawn.group_by("season", "arm").len().sort("season", "arm", descending=[True, False]).rows(),
        lines=lines,
        count=count,
        who=who,
        kind=kind,
        kinds=KINDS,
        page_number=page,
        first=first,
        pages=max(1, -(-count // PAGE_LINES)),
    )
