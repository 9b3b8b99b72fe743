"""Margin, cost to serve and net value, the slow way."""

from tests.reference.view import Values, View, named, over, total


def values(view: View) -> Values:
    transactions, costs = view.known("transactions"), view.known("costs")
    complaints = [row for row in costs if "complaint" in row["kind"].lower()]
    found: Values = {}
    for days in (90, 365, None):
        recent = view.within(transactions, days)
        margin = total(recent) - sum(row["cost"] or 0 for row in recent) / 10_000
        to_serve = total(view.within(costs, days))
        found[named("profitability__margin_sum", days)] = margin
        found[named("profitability__to_serve_sum", days)] = to_serve
        found[named("profitability__net_value", days)] = margin - to_serve
        if days:
            found[named("profitability__complaint_cost_sum", days)] = total(view.within(complaints, days))
        if days != 90:
            costed = [row for row in recent if row["cost"] is not None]
            kept = sum(row["amount"] - row["cost"] for row in costed) / 10_000
            found[named("profitability__margin_share", days)] = over(kept, max(total(costed), 0))
    year = view.within(transactions, 365)
    sales = [row for row in year if row["amount"] > 0]
    sold, returned = total(sales), total(sales) - total(year)
    discounts = sum(max(row["discount"] or 0, 0) for row in sales) / 10_000
    return found | {
        "profitability__cost_known_share_365d": over(total(row for row in sales if row["cost"] is not None), sold),
        "profitability__given_up_share_365d": over(discounts + returned, sold + discounts),
        "profitability__to_serve_share_365d": over(found["profitability__to_serve_sum_365d"], sold),
    }
