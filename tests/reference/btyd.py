"""The formulas of BG/NBD and Gamma-Gamma as they were published, one customer at a time."""

from scipy.special import hyp2f1

from tests.reference.view import DAY, Values, View

PARAMETERS = {"r": 0.6, "alpha": 40.0, "a": 0.8, "b": 2.5, "p": 6.0, "q": 3.5, "v": 90.0}


def values(view: View) -> Values:
    names = ("alive", "buys_90d", "purchases_90d", "value", "spend_90d")
    bought = view.purchases()
    if not bought:
        return {f"btyd__{name}": None for name in names}
    r, alpha, a, b, p, q, v = PARAMETERS.values()
    visits, spent = [bought[0]["occurred_at"]], 0.0
    for earlier, later in zip(bought, bought[1:], strict=False):
        if (later["occurred_at"] - earlier["occurred_at"]) / DAY >= 0.5:
            visits.append(later["occurred_at"])
        if len(visits) > 1:
            spent += later["amount"] / 10_000
    x, t_x, age, ahead = len(visits) - 1, (visits[-1] - visits[0]) / DAY, view.days_since(visits[0]), 90
    left = a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x) if x else 0.0
    alive = 1 / (1 + left)
    series = hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + age + ahead))
    if_alive = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + ahead)) ** (r + x) * series)
    value = p * (v + spent) / (p * x + q - 1)
    return {
        "btyd__alive": alive,
        "btyd__buys_90d": alive * (1 - ((alpha + age) / (alpha + age + ahead)) ** (r + x)),
        "btyd__purchases_90d": alive * if_alive,
        "btyd__value": value,
        "btyd__spend_90d": alive * if_alive * value,
    }
