"""Answers to surveys, and silence, the slow way."""

from tests.reference.view import Values, View, mean, named, over


def values(view: View) -> Values:
    sent = view.known("surveys")
    scored = [row for row in sent if row["score"] is not None]
    scored.sort(key=lambda row: row["answered_at"])  # of one instant, the one sent later stays the last
    found: Values = {}
    for kind in ("nps", "csat", "ces"):
        answers = [row for row in scored if row["kind"] == kind]
        scores = [row["score"] for row in answers]
        stem = f"satisfaction__{kind}"
        found[f"{stem}_last_lifetime"] = scores[-1] if scores else None
        found[f"{stem}_min_lifetime"] = min(scores, default=None)
        found[f"{stem}_change_last_lifetime"] = scores[-1] - scores[-2] if len(scores) > 1 else None
        found[f"{stem}_age_min_lifetime"] = view.days_since(answers[-1]["answered_at"]) if answers else None
    for row in scored:
        row["level"] = level(row["kind"], row["score"])
    for days in (30, 90, 365):
        levels = [row["level"] for row in view.within(scored, days, "answered_at")]
        found[named("satisfaction__low_sum", days)] = float(sum(one <= 0.4 for one in levels))
        found[named("satisfaction__high_sum", days)] = float(sum(one > 0.8 for one in levels))
    for days in (180, 365):
        levels = [row["level"] for row in view.within(scored, days, "answered_at")]
        found[named("satisfaction__level_min", days)] = min(levels, default=None)
        if days == 365:
            found["satisfaction__level_mean_365d"] = mean(levels)
    for days in (90, 365, None):
        recent = view.within(sent, days, "sent_at")
        silent = sum(row["answered_at"] is None for row in recent)
        found[named("satisfaction__sent_count", days)] = float(len(recent))
        found[named("satisfaction__unanswered_sum", days)] = float(silent)
        if days != 90:
            found[named("satisfaction__answered_share", days)] = over(len(recent) - silent, len(recent))
    run = 0
    for row in sent:
        run = run + 1 if row["answered_at"] is None else 0
    nps = found["satisfaction__nps_last_lifetime"]
    low = [view.days_since(row["answered_at"]) for row in scored if row["level"] <= 0.4]
    return found | {
        "satisfaction__level_last_lifetime": scored[-1]["level"] if scored else None,
        "satisfaction__score_age_min_lifetime": view.days_since(scored[-1]["answered_at"]) if scored else None,
        "satisfaction__low_age_min_lifetime": min(low, default=None),
        "satisfaction__promoter": None if nps is None else float(nps >= 9),
        "satisfaction__detractor": None if nps is None else float(nps <= 6),
        "satisfaction__unanswered_run": float(run),
    }


def level(kind: str, score: float) -> float:
    """Where the score lies on its scale, from 0 to 1."""
    if kind == "nps":
        found = score / 10
    elif kind == "csat":
        found = (score - 1) / 4
    else:
        found = (score - 1) / 6
    return min(max(found, 0.0), 1.0)
