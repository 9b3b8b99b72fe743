"""Contracts as they stood, the slow way."""

from tests.reference.view import DAY, Values, View, over


def values(view: View) -> Values:
    terms = view.known("contracts")
    newest = terms[-1] if terms else None
    running, ahead, passed_for = [], [], None
    for term in terms:
        renews_on = term["renews_on"]
        if term["ended_on"] is not None:
            continue
        if renews_on is None or renews_on >= view.cutoff:
            running.append(term)
            ahead += [] if renews_on is None else [(renews_on - view.cutoff) / DAY]
        elif term is newest:
            running.append(term)
            passed_for = view.days_since(renews_on)
    renewal = min(ahead) if ahead else None if passed_for is None else -min(passed_for, 365.0)
    found: Values = {
        "contract__terms_count_lifetime": float(len(terms)),
        "contract__ended_count_lifetime": float(sum(term["ended_on"] is not None for term in terms)),
        "contract__plans_n_unique_lifetime": float(len({term["plan"] for term in terms} - {None})),
        "contract__tenure_days_max_lifetime": view.days_since(terms[0]["started_on"]) if terms else None,
        "contract__term_days_min_lifetime": view.days_since(terms[-1]["started_on"]) if terms else None,
        "contract__ended_days_min_lifetime": min(
            (view.days_since(term["ended_on"]) for term in terms if term["ended_on"] is not None), default=None
        ),
        "contract__running": float(len(running)),
        "contract__renewal_days": renewal,
        "contract__running_days": max((view.days_since(term["started_on"]) for term in running), default=None),
        "contract__monthly_fee": sum(term["monthly_fee"] or 0 for term in running) / 10_000,
    }
    return found | newest_change(terms)


def newest_change(terms: list) -> Values:
    """What the newest term changed."""
    fee_before, change, moved = None, 0, False
    if len(terms) > 1:
        before, newest = terms[-2:]
        fee_before = before["monthly_fee"]
        if fee_before is not None and newest["monthly_fee"] is not None:
            change = newest["monthly_fee"] - fee_before
        moved = before["plan"] is not None and newest["plan"] is not None and before["plan"] != newest["plan"]
    move = (change > 0) - (change < 0) if moved else 0
    return {
        "contract__fee_before_last_lifetime": (fee_before or 0) / 10_000 if terms else None,
        "contract__fee_change_last_lifetime": change / 10_000 if terms else None,
        "contract__fee_change_share": over(change, fee_before),
        "contract__plan_changed_last_lifetime": float(moved) if terms else None,
        "contract__plan_move_last_lifetime": float(move) if terms else None,
    }
