"""The list as a view asks for it: whose customers, which of them, in what order, which page; the URL says it all."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from pipelines.web.entries import is_done, standing
from pipelines.web.people import Sight
from pipelines.web.publication import Publication, Row
from pipelines.web.schema import Entry

PAGE_ROWS = 25
STATES = ("todo", "done", "all")
BANDS = ("high", "medium", "low")
# Column -> how it is sorted by, and whether its first order is from the largest down.
SORTS: Mapping[str, tuple[Callable[[Row], Any], bool]] = {
    "rank": (lambda row: row["rank"], False),
    "customer": (lambda row: (row["display_name"] or row["customer_id"]).casefold(), False),
    "risk": (lambda row: row["churn_probability"], True),
    "value": (lambda row: row["value_at_risk"], True),
    "act_by": (lambda row: row["act_by"], False),
}


@dataclass(frozen=True)
class Query:
    """What is asked for. Anything else than the words known counts as not asked."""

    state: str = "todo"
    band: str = ""
    reason: str = ""
    manager: str = ""
    find: str = ""
    sort: str = "rank"
    order: str = ""
    page: int = 1

    @staticmethod
    def of(given: Mapping[str, str]) -> "Query":
        """The query in the parameters of a URL."""
        page = given.get("page", "1")
        sort = given.get("sort", "rank")
        return Query(
            state=given["state"] if given.get("state") in STATES else "todo",
            band=given["band"] if given.get("band") in BANDS else "",
            reason=given.get("reason", ""),
            manager=given.get("manager", ""),
            find=given.get("find", "").strip()[:100],
            sort=sort if sort in SORTS else "rank",
            order=given["order"] if given.get("order") in ("up", "down") else "",
            page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 else 1,
        )

    @property
    def descending(self) -> bool:
        """Whether the largest comes first."""
        return SORTS[self.sort][1] if not self.order else self.order == "down"

    def address(self, path: str = "/", **changed: Any) -> str:
        """The URL of this query with something changed; what is as usual is left out. Back to page 1, unless named."""
        asked = replace(self, **{"page": 1, **changed})
        usual = Query()
        given = {
            f.name: getattr(asked, f.name) for f in fields(asked) if getattr(asked, f.name) != getattr(usual, f.name)
        }
        return f"{path}?{urlencode(given)}" if given else path

    def sorted_by(self, column: str) -> str:
        """The URL of the list sorted by a column; the column it is sorted by already is turned round."""
        turned = ("up" if self.descending else "down") if column == self.sort else ""
        return self.address(sort=column, order=turned)


class Item(NamedTuple):
    """A customer on the list, with the answer that stands and the number of their latest entry (0: none)."""

    row: Row
    answer: Entry | None
    number: int
    done: bool


def items(publication: Publication, latest: Mapping[str, Entry], sight: Sight) -> list[Item]:
    """Everybody on the lists whom `sight` covers, in the order of the lists."""
    return [
        item_of(publication, row, latest.get(customer_id))
        for customer_id, row in publication.rows.items()
        if sight.covers(row["account_manager"])
    ]


def item_of(publication: Publication, row: Row, entry: Entry | None) -> Item:
    """A customer on the list whose latest entry is `entry`."""
    if entry is None:
        return Item(row, None, 0, False)
    return Item(row, standing(entry, row), entry.number, is_done(entry, row, publication.day))


def matching(asked: Query, every: Iterable[Item], publication: Publication) -> list[Item]:
    """The items asked for, all pages, in the order asked for; what is unknown comes last."""
    words = asked.find.casefold()
    found = [
        item
        for item in every
        if (asked.state == "all" or item.done == (asked.state == "done"))
        and (not asked.band or item.row["risk_band"] == asked.band)
        and (not asked.manager or item.row["account_manager"] == asked.manager)
        and (not words or words in f"{item.row['display_name'] or ''}\n{item.row['customer_id']}".casefold())
        and (not asked.reason or publication.strongest.get(item.row["customer_id"]) == asked.reason)
    ]
    value = SORTS[asked.sort][0]
    known = [item for item in found if value(item.row) is not None]
    unknown = [item for item in found if value(item.row) is None]
    return sorted(known, key=lambda item: value(item.row), reverse=asked.descending) + unknown
