"""What every contestant computes: 22 features of each customer who bought in the year before a cutoff.

Imports nothing that one of the interpreters may lack. A day begins at midnight UTC here.
"""

from datetime import UTC, date, datetime, time, timedelta

FIRST_DAY, LAST_DAY = date(2023, 1, 1), date(2026, 1, 1)
MONTHLY = [date(2025, month, 1) for month in range(2, 13)] + [LAST_DAY]
ACTIVE_DAYS = 365
DAYS = (7, 14, 30, 60, 90, 180, 365)
WINDOWS = (*(f"{days}d" for days in DAYS), "lifetime")

ORDERS = [f"bench__orders_count_{window}" for window in WINDOWS]
SPENT = [f"bench__spent_sum_{window}" for window in WINDOWS]
BASKET = [f"bench__basket_{op}_lifetime" for op in ("mean", "max", "min", "last")]
RECENCY, TENURE = "bench__recency_days", "bench__tenure_days"
FEATURES = [*ORDERS, *SPENT, *BASKET, RECENCY, TENURE]
BOUGHT_LATELY = f"bench__orders_count_{ACTIVE_DAYS}d"

MONEY_SCALE = 10_000
MICROSECONDS_PER_DAY = 86_400_000_000


def midnight(day: date) -> datetime:
    """The instant at which a day begins."""
    return datetime.combine(day, time(), UTC)


def starts(cutoff: date) -> list[datetime]:
    """First instant of each window but the lifetime."""
    return [midnight(cutoff - timedelta(days=days)) for days in DAYS]
