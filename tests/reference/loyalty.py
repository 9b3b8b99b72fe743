"""The loyalty programme, the slow way."""

from tests.reference.view import Values, View, named


def values(view: View) -> Values:
    events = view.known("loyalty")
    of_kind = {
        kind: [row for row in events if row["kind"] == kind] for kind in ("enrol", "earn", "redeem", "tier", "referral")
    }
    joined = [row for row in events if row["kind"] != "referral"]
    changes = []
    for number, row in enumerate(of_kind["tier"]):
        before = of_kind["tier"][number - 1]["tier"] if number else None
        if row["tier"] is None or row["tier"] != before:
            changes.append(row)

    def points(kind: str, days: int | None) -> float:
        return sum((abs(row["points"] or 0.0) for row in view.within(of_kind[kind], days)), 0.0)

    def latest(rows: list) -> float | None:
        return view.days_since(rows[-1]["occurred_at"]) if rows else None

    found: Values = {
        named("loyalty__earned_sum", days): signed(view.within(of_kind["earn"], days)) for days in (90, 365)
    }
    for days in (365, None):
        found[named("loyalty__referrals_count", days)] = float(len(view.within(of_kind["referral"], days)))
        found[named("loyalty__tier_changes_count", days)] = float(len(view.within(changes, days)))
    return found | {
        "loyalty__redeemed_sum_365d": points("redeem", 365),
        "loyalty__enrolled": 1.0 if joined else 0.0,
        "loyalty__member_days": view.days_since(joined[0]["occurred_at"]) if joined else None,
        "loyalty__balance": signed(of_kind["earn"]) - points("redeem", None),
        "loyalty__earned_days": latest([row for row in of_kind["earn"] if row["points"] is None or row["points"] > 0]),
        "loyalty__redeemed_days": latest(of_kind["redeem"]),
        "loyalty__tier_changed_days": latest(changes),
    }


def signed(rows: list) -> float:
    return sum((row["points"] or 0.0 for row in rows), 0.0)
