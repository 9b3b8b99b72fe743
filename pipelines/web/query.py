"""The list as a view asks for it: whose customers, which of them, in what order, which page; the URL says it all."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

import polars as pl

PAGE_ROWS = 25
STATES = ("todo", "done", "all")
BANDS = ("high", "medium", "low")
# Word of the URL -> the column sorted by, and whether its first order is from the largest down.
SORTS: Mapping[str, tuple[str, bool]] = {
    "rank": ("rank", False),
    "customer": ("name", False),
    "risk": ("churn_probability", True),
    "value": ("value_at_risk", True),
    "act_by": ("act_by", False),
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

    @property
    def narrowed(self) -> bool:
        """Whether only some of the customers are asked for."""
        return replace(self, sort="rank", order="", page=1) != Query()

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


def matching(asked: Query, table: pl.DataFrame, kept: str | None = None) -> pl.DataFrame:
    """The rows of `Board.table` asked for, all pages, in the order asked for; what is unknown comes last.

    The customer `kept` stays whether or not they are asked for.
    """
    wanted = {
        "done": None if asked.state == "all" else asked.state == "done",
        "risk_band": asked.band or None,
        "account_manager": asked.manager or None,
    }
    conditions = [pl.col(name) == value for name, value in wanted.items() if value is not None]
    if asked.reason:
        conditions.append(pl.col("reasons").list.contains(asked.reason))
    if asked.find:
        conditions.append(pl.col("find").str.contains(asked.find.casefold(), literal=True))
    found = pl.all_horizontal(*conditions, pl.lit(True)) | pl.col("customer_id").eq_missing(kept)
    return table.filter(found).sort(
        SORTS[asked.sort][0], descending=asked.descending, nulls_last=True, maintain_order=True
    )
