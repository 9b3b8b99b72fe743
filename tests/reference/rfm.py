"""Recency, frequency and monetary value, the slow way."""

from tests.reference.view import Values, View, mean, named, spread, total, units


def values(view: View) -> Values:
    everything, bought = view.known("transactions"), view.purchases()
    found: Values = {}
    for days in (7, 14, 30, 60, 90, 180, 365, None):
        found[named("rfm__orders_count", days)] = float(len(view.within(bought, days)))
        found[named("rfm__spent_sum", days)] = total(view.within(everything, days))
        found[named("rfm__gross_sum", days)] = total(view.within(bought, days))
    for days in (90, 365, None):
        found[named("rfm__basket_mean", days)] = mean(units(view.within(bought, days)))
    baskets = units(bought)
    recency = tenure = active = yearly = None
    if bought:
        recency, tenure = view.days_since(bought[-1]["occurred_at"]), view.days_since(bought[0]["occurred_at"])
        active, yearly = (tenure - recency) / tenure, len(bought) / max(tenure, 30) * 365
    return found | {
        "rfm__basket_max_lifetime": max(baskets, default=None),
        "rfm__basket_std_lifetime": spread(baskets),
        "rfm__basket_last_lifetime": baskets[-1] if baskets else None,
        "rfm__recency_days": recency,
        "rfm__tenure_days": tenure,
        "rfm__active_share": active,
        "rfm__repeat_orders": float(len(bought[1:])),
        "rfm__orders_per_year": yearly,
    }
