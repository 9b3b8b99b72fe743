"""A slow, obvious oracle of cohort, features and labels: plain loops over rows, one customer and cutoff at a time.

It is written from the descriptions of the features and the one time rule, shares no code with the engine, and is what
the engine is held against: one file a family. `Tables` are canonical rows as dicts; amounts are ten-thousandths of the
currency unit.
"""

from collections.abc import Callable, Iterable
from datetime import date
from zoneinfo import ZoneInfo

from tests.reference import (
    basket,
    btyd,
    calendar,
    complaints,
    contract,
    loyalty,
    market,
    price,
    profitability,
    promises,
    returns,
    rfm,
    rhythm,
    satisfaction,
    signs,
    ties,
    trend,
)
from tests.reference.view import Tables, Values, View

FAMILIES: dict[str, Callable[[View], Values]] = {
    "rhythm": rhythm.values,
    "trend": trend.values,
    "rfm": rfm.values,
    "price": price.values,
    "basket": basket.values,
    "returns": returns.values,
    "profitability": profitability.values,
    "complaints": complaints.values,
    "promises": promises.values,
    "satisfaction": satisfaction.values,
    "ties": ties.values,
    "signs": signs.values,
    "loyalty": loyalty.values,
    "contract": contract.values,
    "calendar": calendar.values,
    "btyd": btyd.values,
    "market": market.values,
}


def features(tables: Tables, customer: str, day: date, zone: ZoneInfo, families: Iterable[str]) -> Values:
    """Every column of `families` for one customer at one cutoff."""
    view = View(tables, customer, day, zone)
    values: Values = {}
    for family in families:
        values |= FAMILIES[family](view)
    return values
