"""One account manager's risk list as a web page that needs nothing but itself, and the index of all lists."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.outreach.columns import BY_NAME
from pipelines.outreach.context import ListContext
from pipelines.outreach.wording import customers, day, moment, money, percent
from pipelines.templating import environment

REASONS = ("reason_1", "reason_2", "reason_3")
BANDS = ("high", "medium", "low")

# Strict on purpose: what does not match is shown as text. No "?", "&" or "%", so no link carries a hidden subject.
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}")
EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")

ENVIRONMENT = environment(Path(__file__).parent / "templates")


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


def render_page(lines: pl.DataFrame, manager: str, context: ListContext) -> str:
    """The page (HTML text) of one list: columns of `columns.typed`, texts on one line, in the order to be shown."""
    weights = lines.select(pl.max_horizontal(pl.col(f"{name}_shap").abs().max() for name in REASONS)).item()
    rows = [{**row, **_derived(row, weights or 1.0)} for row in lines.iter_rows(named=True)]
    lowers = any((reason.weight or 0) < 0 for row in rows for reason in row["reasons"])
    total = lines["value_at_risk"].sum()
    return _render("list.html.j2", context, rows=rows, manager=manager, total=total, lowers=lowers)


def render_index(entries: list[ListEntry], context: ListContext) -> str:
    """The page (HTML text) that leads to every manager's list, in the order given."""
    total = sum(entry.value_at_risk for entry in entries)
    count = sum(entry.customers for entry in entries)
    return _render("index.html.j2", context, entries=entries, count=count, total=total)


def _render(template: str, context: ListContext, **values: Any) -> str:
    words = {"customers": customers, "day": day, "moment": moment, "percent": percent}
    return ENVIRONMENT.get_template(template).render(
        **values, **words, money=lambda amount: money(amount, context.currency), context=context, columns=BY_NAME
    )


def _derived(row: Mapping[str, Any], longest: float) -> dict[str, Any]:
    """What a row of the page needs beyond its columns: a name to call it by, its band, reasons and ways of contact."""
    band = row["risk_band"]
    return {
        "name": (row.get("display_name") or "").strip() or row["customer_id"],
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
