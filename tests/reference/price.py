"""Unit prices, discounts and notices of price changes, the slow way."""

from tests.reference.view import Row, Values, View, named, over, total


def off(row: Row) -> int:
    return max(row["discount"] or 0, 0)


def values(view: View) -> Values:
    bought = view.purchases()
    found: Values = {}
    for days in (90, None):
        recent = view.within(bought, days)
        measured = [row for row in recent if row["quantity"] is not None and row["quantity"] > 0]
        taken = sum(off(row) for row in recent) / 10_000
        found[named("price__unit_price", days)] = over(total(measured), sum(row["quantity"] for row in measured))
        found[named("price__discount_share", days)] = over(taken, total(recent) + taken)
        found[named("price__discounted_share", days)] = over(sum(off(row) > 0 for row in recent), len(recent))
    notices = [
        row
        for row in view.known("interactions")
        if row["direction"] == "out" and "price" in (row["campaign"] or "").lower()
    ]
    for days in (30, 90, 365):
        found[named("price__notices_count", days)] = float(len(view.within(notices, days)))
    price, share = found["price__unit_price_90d"], found["price__discounted_share_90d"]
    lifetime = found["price__discounted_share_lifetime"]
    reduced = [place for place, row in enumerate(bought) if off(row) > 0]
    run = before = depth = ended = None
    if reduced:
        run = float(len(bought) - 1 - reduced[-1])
        before = len(reduced) / (reduced[-1] + 1)
        taken = sum(off(bought[place]) for place in reduced)
        depth = taken / (taken + sum(bought[place]["amount"] for place in reduced))
        ended = view.days_since(bought[reduced[-1] + 1]["occurred_at"]) if run else None
    return found | {
        "price__unit_price_ratio": over(price, found["price__unit_price_lifetime"]),
        "price__discounted_share_change": None if share is None or lifetime is None else share - lifetime,
        "price__discount_depth": depth,
        "price__discounted_before": before,
        "price__discount_ended_days": ended,
        "price__full_price_run_last_lifetime": run,
        "price__notice_days": min((view.days_since(row["occurred_at"]) for row in notices), default=None),
    }
