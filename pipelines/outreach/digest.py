"""What is worth a look this morning, as the body of an e-mail to each account manager; whatever sends mail takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from features.time import Cutoff, local_day
from pipelines.outreach.changes import NEW
from pipelines.outreach.context import ListContext
from pipelines.outreach.lists import slug, write_csv
from pipelines.outreach.page import ENVIRONMENT, derived
from pipelines.outreach.wording import customers, day, money, one_line, percent

FOLDER, INDEX = "digests", "index.csv"
DUE_WITHIN, OVERDUE_SINCE = timedelta(days=7), timedelta(days=90)
MOST_VALUABLE, SHOWN = 3, 5
INDEX_COLUMNS = ["account_manager", "subject", "text", "html"]


@dataclass(frozen=True)
class Part:
    """One heading of a digest: how many come under it, the first `SHOWN` of them, and whether it says what to do."""

    heading: str
    count: int
    rows: list[dict[str, Any]]
    advises: bool = False


def promises_due(store: Path, customer_ids: pl.Series, cutoff: Cutoff) -> pl.DataFrame:
    """customer_id and due_on (Date) of promises to these customers, due within `DUE_WITHIN` or overdue, not for ages.

    Only of those listed: reminding of a promise to a control would be acting on one.
    """
    folder, due = store / "promises", pl.col("due_at")
    if not folder.exists():
        return pl.DataFrame(schema={"customer_id": pl.String(), "due_on": pl.Date()})
    still = pl.col("kept_at").is_null() | (pl.col("kept_at") >= cutoff.instant)
    found = pl.scan_parquet(folder).filter(
        still,
        due.is_between(cutoff.instant - OVERDUE_SINCE, cutoff.instant + DUE_WITHIN, closed="left"),
        pl.col("customer_id").is_in(customer_ids.implode()),
    )
    return found.select("customer_id", due_on=local_day(due, cutoff.zone)).sort("due_on", "customer_id").collect()


def write_digests(
    risk_list: pl.DataFrame, promises: pl.DataFrame, context: ListContext, directory: Path, address: str | None = None
) -> list[Path]:
    """Write `<slug>.txt` and `.html` for each account manager, and `index.csv` with the subject of each mail.

    `risk_list` as `write_lists` takes it, with `change` and `display_name`; `promises`: those of `promises_due`.
    `address`: where the web app is reached, for links. Returns the files written, sorted.
    """
    directory.mkdir(parents=True, exist_ok=True)
    named = risk_list.with_columns(one_line(pl.col(pl.String).exclude("account_manager", "customer_id")))
    index, written = [], []
    for part in named.sort("account_manager", "rank", "customer_id").partition_by("account_manager"):
        manager = part["account_manager"][0]
        parts = parts_of(part, promises, context.as_of)
        subject = subject_of(part.height, parts, context)
        index.append((manager, subject, f"{slug(manager)}.txt", f"{slug(manager)}.html"))
        for ending in ("txt", "html"):
            text = ENVIRONMENT.get_template(f"digest.{ending}.j2").render(
                subject=subject,
                manager=manager.strip(),
                total=part["value_at_risk"].sum(),
                count=part.height,
                parts=[one for one in parts if one.count],
                context=context,
                customers=customers,
                day=day,
                percent=percent,
                money=lambda amount: money(amount, context.currency),
                link=lambda customer_id: f"{address}/customer?id={quote(customer_id, safe='')}",
                address=address,
            )
            written.append(directory / f"{slug(manager)}.{ending}")
            written[-1].write_bytes(text.encode())
    written.append(directory / INDEX)
    write_csv(pl.DataFrame(index, schema=INDEX_COLUMNS, orient="row"), written[-1])
    return sorted(written)


def subject_of(count: int, parts: Sequence[Part], context: ListContext) -> str:
    """The subject of the mail; it names nobody, since subjects are shown on locked screens."""
    told = [f"{part.count} {word}" for part, word in zip(parts[2:], ("overdue", "new"), strict=True) if part.count]
    return (
        f"{customers(count)} to call{': ' if told else ''}{', '.join(told)} ({context.company}, {day(context.as_of)})"
    )


def parts_of(part: pl.DataFrame, promises: pl.DataFrame, today: date) -> list[Part]:
    """The headings of the digest of one account manager, whose lines of the risk list are `part`."""
    overdue = part.filter(pl.col("act_by") < today).sort("act_by", "rank")
    due = promises.join(part, on="customer_id", how="inner", maintain_order="left")
    valuable = part.sort("value_at_risk", "rank", descending=[True, False], nulls_last=True).head(MOST_VALUABLE)
    return [
        _part("The most valuable", valuable, advises=True),
        _part("Promises due", due),
        _part("Overdue", overdue),
        _part("New since the last list", part.filter(pl.col("change") == NEW)),
    ]


def _part(heading: str, lines: pl.DataFrame, advises: bool = False) -> Part:
    rows = [row | derived(row, 1.0, {}) for row in lines.head(SHOWN).iter_rows(named=True)]
    return Part(heading, lines.height, rows, advises)
