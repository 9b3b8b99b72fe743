"""Every family, in the order of the matrix; where two speak for one reason group, the earlier one speaks first."""

from collections.abc import Collection

from features.families import (
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
from features.family import Family

FAMILIES: tuple[Family, ...] = (
    rhythm.FAMILY,
    trend.FAMILY,
    rfm.FAMILY,
    ties.FAMILY,
    signs.FAMILY,
    price.FAMILY,
    basket.FAMILY,
    returns.FAMILY,
    profitability.FAMILY,
    complaints.FAMILY,
    promises.FAMILY,
    satisfaction.FAMILY,
    loyalty.FAMILY,
    contract.FAMILY,
    btyd.FAMILY,
    calendar.FAMILY,
    market.FAMILY,
)


def active_families(tables: Collection[str]) -> tuple[Family, ...]:
    """Families whose table is among `tables` (or that need none)."""
    return tuple(family for family in FAMILIES if not family.tables or family.tables[0] in tables)
