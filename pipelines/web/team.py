"""How far the lists are worked, what is overdue, where the value at risk lies, and what changed since last week."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from configs.settings import Settings
from features.tables import OUTCOME_WORDS
from features.time import midnight
from pipelines.outreach.changes import GROUPS_IN_WORDS
from pipelines.outreach.history import RISK_LIST_FILE, published_before
from pipelines.web.people import Sight
from pipelines.web.publication import Publication
from pipelines.web.schema import ANSWER, UNDO, Entry

WEEK = timedelta(days=7)
CROSSED = 6
FIGURES = {"account_manager": pl.String(), "customer_id": pl.String(), "value_at_risk": pl.Float64()}


@dataclass(frozen=True)
class Week:
    """The lists now against those of `since`, and the answers given by word.

    `managers`: of each account manager, account_manager, came and left (customers), before and now (value at risk).
    `total`: the same figures of all together. `answers`: those since `begin`, but for undone ones.
    """

    begin: date
    since: date | None
    managers: list[dict[str, Any]]
    total: dict[str, Any]
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


def crossed(table: pl.DataFrame, reasons: Sequence[str | None]) -> tuple[list[str], list[tuple[str, list[float]]]]:
    """Value at risk by account manager and reason: the first `CROSSED` reasons, and a row for each account manager.

    A customer with several reasons counts under each.
    """
    named = [reason for reason in reasons if reason][:CROSSED]
    has = [
        pl.col("value_at_risk").filter(pl.col("reasons").list.contains(reason)).sum().alias(reason) for reason in named
    ]
    rows = table.group_by("account_manager").agg(has).sort("account_manager").rows()
    return named, [(manager, list(values)) for manager, *values in rows]


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
    begin = publication.day - WEEK
    answers = _answers_since(session, midnight(begin, settings.zone), sight)
    earlier = published_before(settings.root / "published", begin + timedelta(days=1))
    if not earlier:
        return Week(begin, None, [], {}, answers)
    before = earlier[-1].read(RISK_LIST_FILE, FIGURES)
    seen = before.filter(pl.col("account_manager").map_elements(sight.covers, return_dtype=pl.Boolean))
    at_risk, nobody, nothing = pl.col("value_at_risk"), pl.lit(False), pl.lit(0.0)
    absent_then, absent_now = (~pl.col("customer_id").is_in(there["customer_id"].implode()) for there in (seen, now))
    moves = pl.concat(
        [
            now.select("account_manager", came=absent_then, left=nobody, before=nothing, now=at_risk),
            seen.select("account_manager", came=nobody, left=absent_now, before=at_risk, now=nothing),
        ]
    )
    by_manager = moves.group_by("account_manager").agg(pl.all().sum()).sort("account_manager")
    return Week(
        begin,
        earlier[-1].day,
        by_manager.rows(named=True),
        moves.drop("account_manager").sum().row(0, named=True),
        answers,
    )


def _answers_since(session: Session, start: datetime, sight: Sight) -> dict[str, int]:
    undoing = aliased(Entry)
    undone = exists().where(
        undoing.customer_id == Entry.customer_id, undoing.number == Entry.number + 1, undoing.kind == UNDO
    )
    query = select(Entry.status, Entry.account_manager, func.count()).where(
        Entry.at >= start, Entry.kind == ANSWER, ~undone
    )
    counts: Counter[str] = Counter()
    for status, manager, count in session.execute(query.group_by(Entry.status, Entry.account_manager)):
        if sight.covers(manager):
            counts[status] += count
    return {word: counts[word] for word in OUTCOME_WORDS if counts[word]}
