"""Complaints as they stood, the slow way."""

from tests.reference.view import DAY, HOUR, Row, Values, View, mean, named, over

CAUSES = ("support", "delay", "quality", "service", "price", "other")


def values(view: View) -> Values:
    rows = view.known("complaints")
    updates = view.known("complaint_updates")
    for position, row in enumerate(rows):
        describe(
            row, rows[:position], [u["sent_at"] for u in updates if u["complaint_id"] == row["complaint_id"]], view
        )
    found: Values = {}
    for days in (30, 90, 365, None):
        recent = view.within(rows, days, "opened_at")
        found[named("complaints__complaints_count", days)] = float(len(recent))
        late_answers, late_ends = sum(row["hours"] > 24 for row in recent), sum(row["days"] > 7 for row in recent)
        if days != 365:
            found[named("complaints__answered_late_sum", days)] = float(late_answers)
            found[named("complaints__resolved_late_sum", days)] = float(late_ends)
        if days in (30, 90):
            found[named("complaints__soon_again_sum", days)] = float(sum(row["again"] for row in recent))
        if days in (90, 365):
            found[named("complaints__repeated_sum", days)] = float(sum(row["repeated"] for row in recent))
            for cause in CAUSES:
                about = [row for row in recent if row["cause"] == cause]
                found[named(f"complaints__about_{cause}_count", days)] = float(len(about))
        if days in (90, None):
            found[named("complaints__response_hours_mean", days)] = mean([row["hours"] for row in recent])
            found[named("complaints__resolution_days_mean", days)] = mean([row["days"] for row in recent])
            found[named("complaints__silence_max", days)] = max((row["silence"] for row in recent), default=None)
            found[named("complaints__updates_sum", days)] = float(sum(row["updates"] for row in recent))
    still_open = [row for row in rows if row["open"]]
    late_answer = [view.days_since(row["opened_at"]) - 1 for row in rows if row["hours"] > 24]
    late_end = [view.days_since(row["opened_at"]) - 7 for row in rows if row["days"] > 7]
    found |= {
        "complaints__age_min_lifetime": view.days_since(rows[-1]["opened_at"]) if rows else None,
        "complaints__open_sum_lifetime": float(len(still_open)),
        "complaints__open_age_max_lifetime": max((view.days_since(r["opened_at"]) for r in still_open), default=None),
        "complaints__open_silence_max_lifetime": max((view.days_since(r["heard"]) for r in still_open), default=None),
        "complaints__answered_late_age_min_lifetime": min(late_answer, default=None),
        "complaints__resolved_late_age_min_lifetime": min(late_end, default=None),
        "complaints__answered_late_share": over(len(late_answer), len(rows)),
        "complaints__resolved_late_share": over(len(late_end), len(rows)),
    }
    return found | reopened(view, rows) | rated(view, rows)


def describe(row: Row, earlier: list[Row], updates: list, view: View) -> None:
    """Waits, repetition and news of one complaint."""
    resolved, answered = row["resolved_at"], row["first_response_at"]
    end = resolved or view.cutoff
    row["open"] = resolved is None
    row["hours"] = ((answered or end) - row["opened_at"]) / HOUR
    row["days"] = (end - row["opened_at"]) / DAY
    before = [other for other in earlier if row["opened_at"] - other["opened_at"] <= 180 * DAY]
    row["again"] = len(before) > 0
    row["repeated"] = row["cause"] is not None and row["cause"] in [other["cause"] for other in before]
    updates = [time for time in updates if row["opened_at"] <= time <= end]
    row["updates"] = len(updates)
    news = sorted([row["opened_at"], *updates] + ([answered] if answered and answered <= end else []))
    row["heard"] = news[-1]
    row["silence"] = max((after - time) / DAY for time, after in zip(news, [*news[1:], end], strict=True))


def reopened(view: View, rows: list[Row]) -> Values:
    again = [row for row in rows if row["reopened_at"] is not None]
    found: Values = {
        named("complaints__reopened_count", days): float(len(view.within(again, days, "reopened_at")))
        for days in (30, 90, 365)
    }
    ages = [view.days_since(row["reopened_at"]) for row in again]
    return found | {"complaints__reopened_age_min_lifetime": min(ages, default=None)}


def rated(view: View, rows: list[Row]) -> Values:
    ratings = [row for row in rows if row["satisfaction"] is not None]
    ratings.sort(key=lambda row: row["satisfaction_at"])  # of one instant, the later complaint's stays the last
    points = [row["satisfaction"] for row in ratings]
    recent = [row["satisfaction"] for row in view.within(ratings, 90, "satisfaction_at")]
    return {
        "complaints__satisfaction_last_lifetime": points[-1] if points else None,
        "complaints__satisfaction_min_90d": min(recent, default=None),
        "complaints__satisfaction_min_lifetime": min(points, default=None),
        "complaints__satisfaction_mean_lifetime": mean(points),
        "complaints__satisfaction_age_min_lifetime": (
            view.days_since(ratings[-1]["satisfaction_at"]) if ratings else None
        ),
    }
