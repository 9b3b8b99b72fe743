"""The activity of all customers together, counted one by one."""

from tests.reference.view import Values, View, over, total


def values(view: View) -> Values:
    customers = sorted({row["customer_id"] for row in view.tables.get("transactions", [])})
    everybody = [View(view.tables, customer, view.day, view.zone) for customer in customers]
    bought = [(other, other.purchases()) for other in everybody]
    rows = [(other, other.known("transactions")) for other in everybody]
    first = min((purchases[0]["occurred_at"] for _, purchases in bought if purchases), default=None)
    history = -1.0 if first is None else view.days_since(first)

    def orders(days: int) -> float:
        return float(sum(len(other.within(purchases, days)) for other, purchases in bought))

    def buyers(days: int) -> float:
        return float(sum(1 for other, purchases in bought if other.within(purchases, days)))

    def spent(days: int) -> float:
        return sum(total(other.within(found, days)) for other, found in rows)

    def seen(days: int, value: float | None) -> float | None:
        return value if history >= days else None

    return {
        "market__observed_days": None if history < 0 else float(int(min(history, 365.0))),
        "market__orders_change_30d": seen(60, over(orders(30), orders(60) - orders(30))),
        "market__orders_change_90d": seen(180, over(orders(90), orders(180) - orders(90))),
        "market__spent_change_90d": seen(180, over(spent(90), spent(180) - spent(90))),
        "market__orders_change_year": seen(455, over(orders(90), orders(455) - orders(365))),
        "market__season_ahead": seen(455, over(orders(365) - orders(275), orders(455) - orders(365))),
        "market__active_share": seen(365, over(buyers(90), buyers(365))),
        "market__orders_per_buyer_90d": over(orders(90), buyers(90)),
    }
