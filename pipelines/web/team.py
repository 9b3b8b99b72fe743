"""How far the lists are worked, what is overdue, where the value at risk lies, and what changed since last week."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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
from pipelines.web.query import Item
from pipelines.web.schema import ANSWER, Entry

WEEK = timedelta(days=7)
FIGURES = {"account_manager": pl.String(), "customer_id": pl.String(), "value_at_risk": pl.Float64()}


@dataclass(frozen=True)
class Share:
    """The items of one account manager, or of one reason. `overdue`: nothing done, and the day to act by is over."""

    name: str
    customers: int
    done: int
    overdue: int
    value_at_risk: float
    value_open: float

    @property
    def worked(self) -> float:
        """Share of the items with which something was done."""
        return self.done / self.customers if self.customers else 0.0


@dataclass(frozen=True)
class Week:
    """The lists now against those of `since`: customers who came and left, value at risk, answers given by word."""

    since: date | None
    came: int
    left: int
    value_before: float
    answers: Mapping[str, int]


def share(name: str, items: Sequence[Item], today: date) -> Share:
    """The figures of these items together."""
    still = [item for item in items if not item.done]
    return Share(
        name,
        customers=len(items),
        done=len(items) - len(still),
        overdue=sum(is_overdue(item, today) for item in items),
        value_at_risk=sum(item.row["value_at_risk"] or 0 for item in items),
        value_open=sum(item.row["value_at_risk"] or 0 for item in still),
    )


def is_overdue(item: Item, today: date) -> bool:
    """Whether the day to act by is over and nothing was done."""
    return not item.done and item.row["act_by"] is not None and item.row["act_by"] < today


def by_manager(items: Iterable[Item], today: date) -> list[Share]:
    """The figures of each account manager, by name."""
    return sorted(_grouped(items, lambda item: item.row["account_manager"], today), key=lambda one: one.name)


def by_reason(items: Iterable[Item], publication: Publication, today: date) -> list[tuple[str, Share]]:
    """Each group of reasons that raises somebody's risk most, with the figures of those, most value at risk first."""
    found = _grouped(items, lambda item: publication.strongest.get(item.row["customer_id"], ""), today)
    return [(one.name, one) for one in sorted(found, key=lambda one: -one.value_at_risk)]


def reason_in_words(group: str) -> str:
    """A group of reasons as people read it."""
    words = GROUPS_IN_WORDS.get(group, group) or "no single reason"
    return words[0].upper() + words[1:]


def week(settings: Settings, publication: Publication, items: Sequence[Item], sight: Sight, session: Session) -> Week:
    """What changed since the newest publication that is at least seven days older; `since` is None without one."""
    now = {item.row["customer_id"] for item in items}
    answers = _answers_since(session, midnight(publication.day - WEEK, settings.zone), sight)
    earlier = published_before(settings.root / "published", publication.day - WEEK + timedelta(days=1))
    if not earlier:
        return Week(None, 0, 0, 0.0, answers)
    before = earlier[-1].read(RISK_LIST_FILE, FIGURES)
    seen = before.filter(pl.col("account_manager").map_elements(sight.covers, return_dtype=pl.Boolean))
    then = set(seen["customer_id"])
    return Week(earlier[-1].day, len(now - then), len(then - now), float(seen["value_at_risk"].sum()), answers)


def _answers_since(session: Session, start: datetime, sight: Sight) -> dict[str, int]:
    query = select(Entry.status, Entry.account_manager, func.count()).where(Entry.at >= start, Entry.kind == ANSWER)
    counts: Counter[str] = Counter()
    for status, manager, count in session.execute(query.group_by(Entry.status, Entry.account_manager)):
        if sight.covers(manager):
            counts[status] += count
    return {word: counts[word] for word in OUTCOME_WORDS if counts[word]}


def _grouped(items: Iterable[Item], name: Callable[[Item], str], today: date) -> list[Share]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(name(item), []).append(item)
    return [share(key, held, today) for key, held in groups.items()]
