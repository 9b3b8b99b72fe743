"""Gaps between visits, the slow way."""

import math
import statistics

from tests.reference.view import DAY, Values, View, mean, over, spread


def values(view: View) -> Values:
    bought, gaps = view.purchases(), []
    for earlier, later in zip(bought, bought[1:], strict=False):
        days = (later["occurred_at"] - earlier["occurred_at"]) / DAY
        if days >= 0.5:
            gaps.append({"days": days, "occurred_at": later["occurred_at"]})
    lengths = [gap["days"] for gap in gaps]
    typical = longest = silence = overdue = score = None
    if lengths:
        typical, longest = statistics.median(lengths), max(lengths)
        silence = view.days_since(bought[-1]["occurred_at"])
        overdue = silence - typical
        score = (silence - statistics.fmean(lengths)) / (statistics.stdev(lengths) + 1) if len(lengths) > 1 else None
    months, month_starts = set(), []
    for row in bought:
        month = (row["occurred_at"] - bought[0]["occurred_at"]) // (30 * DAY)
        if month not in months:
            months.add(month)
            month_starts.append(row)
    begun = math.ceil((view.cutoff - bought[0]["occurred_at"]) / (30 * DAY)) if bought else None
    year = len(view.within(bought, 365))
    return {
        "rhythm__gap_mean_lifetime": mean(lengths),
        "rhythm__gap_median_lifetime": typical,
        "rhythm__gap_std_lifetime": spread(lengths),
        "rhythm__gap_last_lifetime": lengths[-1] if lengths else None,
        "rhythm__gap_max_lifetime": longest,
        "rhythm__gap_count_365d": float(len(view.within(gaps, 365))),
        "rhythm__gap_count_lifetime": float(len(gaps)),
        "rhythm__active_months_count_365d": float(len(view.within(month_starts, 365))),
        "rhythm__active_months_count_lifetime": float(len(months)),
        "rhythm__active_months_share": over(len(months), begun),
        "rhythm__overdue_days": overdue,
        "rhythm__overdue_ratio": over(silence, typical),
        "rhythm__overdue_score": score,
        "rhythm__longest_gap_ratio": over(silence, longest),
        "rhythm__recent_gap_ratio": over(mean(lengths[-3:]), mean(lengths)) if len(lengths) >= 3 else None,
        "rhythm__orders_same_season": float(year - len(view.within(bought, 275))),
        "rhythm__orders_same_season_30d": float(year - len(view.within(bought, 335))),
    }
