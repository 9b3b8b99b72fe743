"""How far the lists are worked, what is overdue, where the value at risk lies, and what changed since last week."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from configs.settings import Settings
from features.tables import OUTCOME_WORDS
from features.time import midnight
from pipelines.outreach.changes import GROUPS_IN_WORDS
from pipelines.outreach.history import RISK_LIST_FILE, published_before
from pipelines.web.people import Sight
from pipelines.web.publication import Publication
from pipelines.web.schema import ANSWER, Entry

WEEK = timedelta(days=7)
FIGURES = {"account_manager": pl.String(), "customer_id": pl.String(), "value_at_risk": pl.Float64()}


@dataclass(frozen=True)
class Week:
    """The lists now against those of `since`: customers who came and left, value at risk, answers given by word."""

    since: date | None
    came: int
    left: int
    value_before: float
    answers: Mapping[str, int]


def share(table: pl.DataFrame, today: date) -> dict[str, Any]:
    """The figures of these rows of `Board.table` together.

    customers, done, overdue (nothing done, and the day to act by is over), worked (share of the customers with whom
    something was done), value_at_risk, value_open (of those with whom nothing was).
    """
    return table.select(_figures(today)).row(0, named=True)


def shares(table: pl.DataFrame, by: str, today: date) -> pl.DataFrame:
    """The same figures for each value of the column `by`."""
    return table.group_by(by, maintain_order=True).agg(_figures(today))


def _figures(today: date) -> list[pl.Expr]:
    still, at_risk = ~pl.col("done"), pl.col("value_at_risk")
    return [
        pl.len().alias("customers"),
        pl.col("done").sum().alias("done"),
        (still & (pl.col("act_by") < today)).sum().alias("overdue"),
        pl.col("done").mean().fill_null(0.0).alias("worked"),
        at_risk.sum().alias("value_at_risk"),
        at_risk.filter(still).sum().alias("value_open"),
    ]


def reason_in_words(group: str | None) -> str:
    """A group of reasons as people read it."""
    words = GROUPS_IN_WORDS.get(group, group) if group else "no single reason"
    return words[0].upper() + words[1:]


def week(settings: Settings, publication: Publication, now: pl.DataFrame, sight: Sight, session: Session) -> Week:
    """What changed since the newest publication that is at least seven days older; `since` is None without one."""
    answers = _answers_since(session, midnight(publication.day - WEEK, settings.zone), sight)
    earlier = published_before(settings.root / "published", publication.day - WEEK + timedelta(days=1))
    if not earlier:
        return Week(None, 0, 0, 0.0, answers)
    before = earlier[-1].read(RISK_LIST_FILE, FIGURES)
    seen = before.filter(pl.col("account_manager").map_elements(sight.covers, return_dtype=pl.Boolean))
    came, left = now.join(seen, on="customer_id", how="anti"), seen.join(now, on="customer_id", how="anti")
    return Week(earlier[-1].day, came.height, left.height, float(seen["value_at_risk"].sum()), answers)


def _answers_since(session: Session, start: datetime, sight: Sight) -> dict[str, int]:
    query = select(Entry.status, Entry.account_manager, func.count()).where(Entry.at >= start, Entry.kind == ANSWER)
    counts: Counter[str] = Counter()
    for status, manager, count in session.execute(query.group_by(Entry.status, Entry.account_manager)):
        if sight.covers(manager):
            counts[status] += count
    return {word: counts[word] for word in OUTCOME_WORDS if counts[word]}
