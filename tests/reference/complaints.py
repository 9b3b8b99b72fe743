"""Complaints as they stood, the slow way."""

from tests.reference.view import DAY, HOUR, Values, View, mean, named


def values(view: View) -> Values:
    rows = view.known("complaints")
    for row in rows:
        resolved = row["resolved_at"]
        row["open"] = resolved is None
        row["hours"] = ((row["first_response_at"] or resolved or view.cutoff) - row["opened_at"]) / HOUR
        row["days"] = ((view.cutoff if row["open"] else resolved) - row["opened_at"]) / DAY
    found: Values = {}
    for days in (30, 90, 365, None):
        found[named("complaints__complaints_count", days)] = float(len(view.within(rows, days, "opened_at")))
    for days in (90, None):
        recent = view.within(rows, days, "opened_at")
        found[named("complaints__response_hours_mean", days)] = mean([row["hours"] for row in recent])
        found[named("complaints__resolution_days_mean", days)] = mean([row["days"] for row in recent])
        found[named("complaints__answered_late_sum", days)] = float(sum(row["hours"] > 24 for row in recent))
        found[named("complaints__resolved_late_sum", days)] = float(sum(row["days"] > 7 for row in recent))
    for days in (90, 365):
        reopened = [row for row in view.within(rows, days, "opened_at") if row["reopened_at"] is not None]
        found[named("complaints__reopened_count", days)] = float(len(reopened))
    open_ages = [view.days_since(row["opened_at"]) for row in rows if row["open"]]
    ratings = [row["satisfaction"] for row in rows if row["satisfaction"] is not None]
    return found | {
        "complaints__open_sum_lifetime": float(len(open_ages)),
        "complaints__open_age_max_lifetime": max(open_ages, default=None),
        "complaints__age_min_lifetime": view.days_since(rows[-1]["opened_at"]) if rows else None,
        "complaints__satisfaction_last_lifetime": ratings[-1] if ratings else None,
    }
