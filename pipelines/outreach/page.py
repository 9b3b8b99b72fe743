"""One account manager's risk list as a web page that needs nothing but itself, and the index of all lists."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from pipelines.outreach.columns import BY_NAME
from pipelines.outreach.context import ListContext
from pipelines.outreach.leave_alone import BY_NAME as ALONE_BY_NAME
from pipelines.outreach.leave_alone import Shown
from pipelines.outreach.wording import customers, day, moment, money, percent
from pipelines.templating import environment

REASONS = ("reason_1", "reason_2", "reason_3")
BANDS = ("high", "medium", "low")

# Strict on purpose: what does not match is shown as text. No "?", "&" or "%", so no link carries a hidden subject.
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}")
EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = environment(TEMPLATES)
# The page runs this script and, by its policy, no other.
SCRIPT = (TEMPLATES / "sort.js").read_text(encoding="utf-8")
SCRIPT_HASH = "sha256-" + base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
LINE_WIDTH, LINE_HEIGHT = 84, 22

History = Sequence[Mapping[str, Any]]  # day and churn_probability, oldest first


@dataclass(frozen=True)
class ListEntry:
    """One line of the index: a manager, the file name without extension, and the size of the list."""

    slug: str
    manager: str
    customers: int
    value_at_risk: float


@dataclass(frozen=True)
class Reason:
    """A sentence with its weight (log-odds, null if unknown) and its bar (0 to 100, longest on the list = 100)."""

    sentence: str
    weight: float | None
    bar: int


@dataclass(frozen=True)
class Course:
    """How the chance of leaving went: in words, and the points of a line (SVG units, 0 % at the bottom)."""

    words: str
    points: str


def render_page(
    lines: pl.DataFrame,
    manager: str,
    context: ListContext,
    histories: Mapping[str, History] | None = None,
    alone: Shown | None = None,
) -> str:
    """The page (HTML text) of one list: columns of `columns.typed`, texts on one line, in the order to be shown.

    `histories`: the chance of leaving on earlier days, by customer_id. `alone`: whom to leave alone.
    """
    courses = {customer: course(history or []) for customer, history in (histories or {}).items()}
    weights = lines.select(pl.max_horizontal(pl.col(f"{name}_shap").abs().max() for name in REASONS)).item()
    rows = [{**row, **derived(row, weights or 1.0, courses)} for row in lines.iter_rows(named=True)]
    lowers = any((reason.weight or 0) < 0 for row in rows for reason in row["reasons"])
    total = lines["value_at_risk"].sum()
    return _render("list.html.j2", context, rows=rows, manager=manager, total=total, lowers=lowers, alone=alone)


def render_index(entries: list[ListEntry], context: ListContext) -> str:
    """The page (HTML text) that leads to every manager's list, in the order given."""
    total = sum(entry.value_at_risk for entry in entries)
    count = sum(entry.customers for entry in entries)
    return _render("index.html.j2", context, entries=entries, count=count, total=total)


def _render(template: str, context: ListContext, **values: Any) -> str:
    words = {"customers": customers, "day": day, "moment": moment, "percent": percent}
    return ENVIRONMENT.get_template(template).render(
        **values,
        **words,
        script=Markup(SCRIPT),
        script_hash=SCRIPT_HASH,
        money=lambda amount: money(amount, context.currency),
        context=context,
        columns=BY_NAME,
        alone_columns=ALONE_BY_NAME,
    )


def derived(row: Mapping[str, Any], longest: float, courses: Mapping[str, Course | None]) -> dict[str, Any]:
    """What a row of a page needs beyond its columns: a name to call it by, its band, course, reasons and contacts.

    `longest`: the weight (log-odds, above 0) whose bar is the longest. `courses`: by customer_id.
    """
    band = row["risk_band"]
    return {
        "name": (row.get("display_name") or "").strip() or row["customer_id"],
        "course": courses.get(row["customer_id"]),
        "band": band if band in BANDS else "unknown",
        "reasons": [_reason(row[name], row[f"{name}_shap"], longest) for name in REASONS if row[name]],
        "contacts": [
            (text, link) for name in ("phone", "email") if (text := row.get(name)) for link in [_link(name, text)]
        ],
        "prefers": row.get("preferred_channel"),
    }


def _reason(sentence: str, weight: float | None, longest: float) -> Reason:
    return Reason(sentence, weight, 0 if weight is None else max(2, round(100 * abs(weight) / longest)))


def _link(channel: str, text: str) -> str | None:
    """A tel: or mailto: link if the text is plainly a number or an address, else None."""
    if channel == "phone" and PHONE.fullmatch(text):
        return "tel:" + re.sub(r"[^+0-9]", "", text)
    if channel == "email" and EMAIL.fullmatch(text):
        return "mailto:" + text
    return None


def course(history: History) -> Course | None:
    """How the chance of leaving went over these days; None for a single one."""
    if len(history) < 2:
        return None
    first, last = history[0], history[-1]
    days = (last["day"] - first["day"]).days
    points = [
        (LINE_WIDTH * (one["day"] - first["day"]).days / days, LINE_HEIGHT * (1 - one["churn_probability"]))
        for one in history
    ]
    words = f"{percent(first['churn_probability'])} on {day(first['day'])}, now {percent(last['churn_probability'])}"
    return Course(words, " ".join(f"{x:.1f},{y:.1f}" for x, y in points))
