"""The report of the four elements, for those who lead account managers and the data team."""

from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from fastapi import APIRouter
from fastapi.responses import Response

from pipelines.elements.report import CHARTS_FILE, FIGURES_FILE, MOVERS_FILE, Report, latest
from pipelines.reports.element_sections import MOVERS, movers_section
from pipelines.reports.elements import drawn_sections, summary, tiles
from pipelines.reports.page import drawn
from pipelines.storage import read_json
from pipelines.web.people import Sight
from pipelines.web.schema import MANAGER
from pipelines.web.site import NOT_FOUND, Stopped
from pipelines.web.visitors import SiteOf, VisitorOf

router = APIRouter()


@router.get("/report")
def report(site: SiteOf, visitor: VisitorOf) -> Response:
    """The sections of the latest report; of the customers it names, those whom the visitor sees."""
    if visitor.person.role == MANAGER:
        raise Stopped(*NOT_FOUND, "the report")
    settings = site.settings
    files = [settings.root / name for name in (FIGURES_FILE, MOVERS_FILE)]
    if not all(file.exists() for file in files):
        raise Stopped(503, "No report yet", "None has been made yet. `holdfast report` makes one, once a month.")
    found, parts = _of(settings.root, settings.currency, tuple(file.stat().st_mtime_ns for file in files))
    seen = _seen(found.movers, visitor.sight, settings.lists.unassigned_manager)
    shown = [part for part in parts if part["heading"] != MOVERS]
    if seen.height:
        place = next((index for index, part in enumerate(parts) if part["heading"] == MOVERS), len(shown))
        shown.insert(place, drawn(movers_section(seen, settings.currency)))
    return site.page(
        "report.html.j2",
        visitor,
        report=found,
        sections=shown,
        summary=summary(found, settings.currency),
        tiles=tiles(found, settings.currency),
    )


@lru_cache(maxsize=2)
def _of(root: Path, currency: str, stamp: tuple[int, ...]) -> tuple[Report, list[dict[str, Any]]]:
    """The latest report and its sections, once for each `stamp` of its files."""
    found = latest(root)
    if found is None:
        raise Stopped(*NOT_FOUND)
    kept = read_json(root / CHARTS_FILE) if (root / CHARTS_FILE).exists() else {}
    charts = kept["charts"] if kept.get("as_of") == found.as_of.isoformat() else {}
    parts = drawn_sections(found, currency, charts)
    for part in parts:
        # As pictures of their own: the styles within would be refused by the page's policy.
        part["charts"] = {size: _as_picture(str(svg)) for size, svg in part["charts"].items()}
    return found, parts


def _as_picture(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _seen(movers: pl.DataFrame, sight: Sight, unassigned: str) -> pl.DataFrame:
    managers = movers["account_manager"].fill_null(unassigned)
    return movers.filter(pl.Series([sight.covers(name) for name in managers], dtype=pl.Boolean))
