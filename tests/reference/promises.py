"""Promises made, kept and broken, the slow way."""

from tests.reference.view import DAY, Values, View, mean, named, over


def values(view: View) -> Values:
    made = view.known("promises")
    due = [row for row in made if row["due_at"] < view.cutoff]
    due.sort(key=lambda row: row["due_at"])  # of one instant, the one promised later stays the last
    for row in due:
        row["on_time"] = row["kept_at"] is not None and row["kept_at"] <= row["due_at"]
        row["delay"] = ((row["kept_at"] or view.cutoff) - row["due_at"]) / DAY
    found: Values = {
        "promises__pending_sum_lifetime": float(
            sum(row["kept_at"] is None and row["due_at"] >= view.cutoff for row in made)
        )
    }
    for days in (30, 90, 365, None):
        found[named("promises__made_count", days)] = float(len(view.within(made, days, "promised_at")))
        recent = view.within(due, days, "due_at")
        broken = [row for row in recent if not row["on_time"]]
        unkept = [row for row in broken if row["kept_at"] is None]
        found[named("promises__due_count", days)] = float(len(recent))
        found[named("promises__broken_sum", days)] = float(len(broken))
        if days != 365:
            found[named("promises__overdue_sum", days)] = float(len(unkept))
        if days != 30:
            found[named("promises__on_time_sum", days)] = float(len(recent) - len(broken))
            found[named("promises__late_sum", days)] = float(len(broken) - len(unkept))
            found[named("promises__broken_share", days)] = over(len(broken), len(recent))
        if days in (90, None):
            longest = [view.days_since(row["due_at"]) for row in unkept]
            found[named("promises__overdue_days_max", days)] = max(longest, default=None)
            found[named("promises__lateness_max", days)] = max((row["delay"] for row in broken), default=None)
        if days in (365, None):
            found[named("promises__lateness_mean", days)] = mean([row["delay"] for row in broken])
    run = 0
    for row in due:
        if row["on_time"]:
            run = max(run, 0) + 1
        else:
            run = min(run, 0) - 1
    ages = [(view.days_since(row["due_at"]), row["kept_at"]) for row in due if not row["on_time"]]
    return found | {
        "promises__overdue_days_min_lifetime": min((age for age, kept in ages if kept is None), default=None),
        "promises__broken_age_min_lifetime": min((age for age, kept in ages), default=None),
        "promises__run": float(run),
    }
