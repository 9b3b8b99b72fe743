"""Gaps between purchases, the slow way."""

import statistics

from tests.reference.view import DAY, Values, View, mean, over, spread


def values(view: View) -> Values:
    bought, gaps = view.purchases(), []
    for earlier, later in zip(bought, bought[1:], strict=False):
        days = (later["occurred_at"] - earlier["occurred_at"]) / DAY
        if days >= 0.5:
            gaps.append({"days": days, "occurred_at": later["occurred_at"]})
    lengths = [gap["days"] for gap in gaps]
    typical = longest = recency = overdue = score = None
    if lengths:
        typical, longest = statistics.median(lengths), max(lengths)
        recency = view.days_since(bought[-1]["occurred_at"])
        overdue = recency - typical
        score = (recency - statistics.fmean(lengths)) / (statistics.stdev(lengths) + 1) if len(lengths) > 1 else None
    last_year_on = len(view.within(bought, 365)) - len(view.within(bought, 275))
    return {
        "rhythm__gap_mean_lifetime": mean(lengths),
        "rhythm__gap_median_lifetime": typical,
        "rhythm__gap_std_lifetime": spread(lengths),
        "rhythm__gap_last_lifetime": lengths[-1] if lengths else None,
        "rhythm__gap_max_lifetime": longest,
        "rhythm__gap_count_365d": float(len(view.within(gaps, 365))),
        "rhythm__gap_count_lifetime": float(len(gaps)),
        "rhythm__overdue_days": overdue,
        "rhythm__overdue_ratio": over(recency, typical),
        "rhythm__overdue_score": score,
        "rhythm__longest_gap_ratio": over(recency, longest),
        "rhythm__orders_same_season": float(last_year_on),
    }
