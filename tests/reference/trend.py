"""Recent purchases against earlier ones, the slow way."""

from tests.reference.view import Row, Values, View, mean, total, units


def values(view: View) -> Values:
    everything, bought = view.known("transactions"), view.purchases()

    def between(rows: list[Row], from_days: int, to_days: int) -> list[Row]:
        """Rows of the days before the cutoff from `from_days` back up to, but without, `to_days` back."""
        later = [id(row) for row in view.within(rows, to_days)]
        return [row for row in view.within(rows, from_days) if id(row) not in later]

    tenure = view.days_since(bought[0]["occurred_at"]) if bought else None
    found: Values = {}
    for name, rows, measure, smoothing in (
        ("orders", bought, lambda chosen: float(len(chosen)), 1.0),
        ("spent", everything, total, mean(units(bought))),
    ):
        recent, earlier = measure(view.within(rows, 90)), measure(between(rows, 180, 90))
        year = None if tenure is None else measure(view.within(rows, 365)) * 90 / min(max(tenure, 90), 365)
        pairs = {
            "30d": (measure(view.within(rows, 30)), measure(between(rows, 60, 30))),
            "90d": (recent, earlier),
            "year": (recent, year),
        }
        found[f"trend__{name}_before_90d"] = earlier
        for suffix, (now, then) in pairs.items():
            known = then is not None and smoothing is not None
            found[f"trend__{name}_change_{suffix}"] = None if then is None else now - then
            ratio = (max(now, 0) + smoothing) / (max(then, 0) + smoothing) if known else None
            found[f"trend__{name}_ratio_{suffix}"] = ratio
    recent_products, earlier_products = (
        {row["product"] for row in rows if row["product"] is not None}
        for rows in (view.within(bought, 90), between(bought, 180, 90))
    )
    everything_bought = recent_products | earlier_products
    return found | {
        "trend__products_dropped_90d": float(len(earlier_products - recent_products)),
        "trend__products_ratio_180d": (len(recent_products) + 1) / (len(everything_bought) + 1),
    }
