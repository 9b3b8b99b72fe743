"""Returned goods, the slow way."""

from tests.reference.view import Values, View, named, over, total


def values(view: View) -> Values:
    back = [row for row in view.known("transactions") if row["amount"] < 0]
    bought = view.purchases()
    found: Values = {}
    for days in (30, 90, 365, None):
        found[named("returns__returns_count", days)] = float(len(view.within(back, days)))
    for days in (90, 365, None):
        found[named("returns__returned_sum", days)] = abs(total(view.within(back, days)))
    for days in (365, None):
        share = over(abs(total(view.within(back, days))), total(view.within(bought, days)))
        found[named("returns__share", days)] = share or 0.0
    found["returns__recency_days"] = view.days_since(back[-1]["occurred_at"]) if back else None
    return found
