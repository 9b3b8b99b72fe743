"""What a customer buys and in what breadth, the slow way."""

from tests.reference.view import Row, Values, View, mean, named


def values(view: View) -> Values:
    bought = view.purchases()
    first_of_product: dict[str, Row] = {}
    for row in bought:
        if row["product"] is not None:
            first_of_product.setdefault(row["product"], row)
    found: Values = {}
    for days in (90, 365, None):
        recent = view.within(bought, days)
        different = {column: {row[column] for row in recent} - {None} for column in ("product", "category", "channel")}
        tried = view.within(list(first_of_product.values()), days)
        found[named("basket__new_products_count", days)] = float(len(tried))
        found[named("basket__categories_n_unique", days)] = float(len(different["category"]))
        if days:
            found[named("basket__products_n_unique", days)] = float(len(different["product"]))
        if days == 365:
            found["basket__channels_n_unique_365d"] = float(len(different["channel"]))
        else:
            units = [row["quantity"] for row in recent if row["quantity"] is not None and row["quantity"] > 0]
            found[named("basket__units_mean", days)] = mean(units)
    return found
