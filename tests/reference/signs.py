"""Whatever a customer did by themselves, the slow way."""

from tests.reference.view import Row, Values, View, named


def values(view: View) -> Values:
    complaints, contacts = view.known("complaints"), view.known("interactions")
    received = [row for row in contacts if row["direction"] == "in"]
    sent = [row for row in contacts if row["direction"] == "out"]
    spent = [row for row in view.known("loyalty") if row["kind"] in ("redeem", "referral")]
    signs: list[Row] = []
    for rows, time in (
        (view.known("transactions"), "occurred_at"),
        (complaints, "opened_at"),
        (complaints, "reopened_at"),
        (complaints, "satisfaction_at"),
        (received, "occurred_at"),
        (sent, "responded_at"),
        (view.known("surveys"), "answered_at"),
        (spent, "occurred_at"),
    ):
        signs += [{"occurred_at": row[time]} for row in rows if row[time] is not None]
    found: Values = {named("signs__count", days): float(len(view.within(signs, days))) for days in (30, 90, 365, None)}
    found |= dict.fromkeys(f"signs__{n}" for n in ("recency_days", "pace_days", "overdue_ratio", "overdue_ratio_365d"))
    if not signs:
        return found
    silence, past = (view.days_since(find(row["occurred_at"] for row in signs)) for find in (max, min))
    found["signs__recency_days"] = silence
    found["signs__pace_days"] = max(past, 30) / len(signs)
    found["signs__overdue_ratio"] = silence * len(signs) / max(past, 30)
    this_year = len(view.within(signs, 365))
    if this_year:
        found["signs__overdue_ratio_365d"] = silence * this_year / min(max(past, 30), 365)
    return found
