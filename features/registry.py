"""Every family, in the order of the matrix; where two speak for one reason group, the earlier one speaks first."""

from collections.abc import Collection

from features.families import calendar, complaints, returns, rfm, rhythm
from features.family import Family

FAMILIES: tuple[Family, ...] = (rhythm.FAMILY, rfm.FAMILY, returns.FAMILY, complaints.FAMILY, calendar.FAMILY)


def active_families(tables: Collection[str]) -> tuple[Family, ...]:
    """Families whose table is among `tables` (or that need none)."""
    return tuple(family for family in FAMILIES if not family.tables or family.tables[0] in tables)
