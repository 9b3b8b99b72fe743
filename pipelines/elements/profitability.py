"""Profitability: what was sold and earned, what serving customers cost, on how few it rests, and who costs money."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl

from features.standing import in_units
from models.estimates import Estimate, counted, held_by_best, mean_of, share_of
from pipelines.elements.figures import Absent, Figure, span_of
from pipelines.elements.gather import Facts
from pipelines.elements.loyalty import YEAR, active

ELEMENT, BEST, PARETO = "profitability", 0.2, 0.8
HELD = "revenue held by the best"
_figure = partial(Figure, ELEMENT)


def profitability(facts: Facts, tables: frozenset[str], costed: bool, seed: int) -> list[Figure]:
    """The month's totals, which are counted, and figures a customer over the year before its end."""
    customers = active(facts)
    year = [*_a_customer(facts, customers, tables, costed, seed)] if customers.height else []
    return [*_totals(facts, tables, costed), *year]


def left_out(tables: frozenset[str], costed: bool) -> list[Absent]:
    """What cannot be told without costs."""
    found = [] if costed else [Absent(ELEMENT, "margin", "no cost in transactions")]
    found += [] if "costs" in tables else [Absent(ELEMENT, "cost to serve", "no table costs")]
    unknown = not costed and "costs" not in tables
    return found + ([Absent(ELEMENT, "net value and unprofitable customers", "no costs at all")] if unknown else [])


def concentration(facts: Facts) -> list[Figure]:
    """Revenue held by the best 5 %, 10 % ... of the customers, for a curve."""
    spent, span = np.sort(active(facts)["rfm__spent_sum_365d"].to_numpy())[::-1], span_of(facts.month, YEAR)
    total = spent.sum()
    if total <= 0:
        return []
    held = np.append(0.0, np.cumsum(spent))
    said = "part of the sales less returns that the customers with the most hold, of those with a purchase"
    return [
        _figure(HELD, counted(len(spent), float(part / total)), "share", span, said, f"{share:.0%}")
        for share in np.linspace(0.05, 1, 20)
        for part in [np.interp(share * len(spent), np.arange(len(held)), held)]
    ]


def _totals(facts: Facts, tables: frozenset[str], costed: bool) -> Iterator[Figure]:
    span, totals = span_of(facts.month), facts.totals
    rows, sold, returned = totals["transactions"] or 0, in_units(totals["sold"]), in_units(totals["returned"])
    revenue, cost, to_serve = sold - returned, in_units(totals["cost"]), in_units(totals["to_serve"])
    if not rows:
        return

    def total(name: str, value: float, definition: str) -> Figure:
        return _figure(name, counted(rows, value), "money", span, f"{definition}; counted, not estimated")

    yield total("revenue", revenue, "sales less returns in the period")
    if sold:
        returns = counted(rows, returned / sold)
        yield _figure("returns", returns, "share", span, "returns in the period over sales in it; counted")
    if costed:
        yield total("margin", revenue - cost, "sales less returns less cost of goods in the period, where it is known")
        if known := in_units(totals["costed"]):
            said = "margin over sales less returns in the period, of transactions whose cost is known; counted"
            yield _figure("margin share", counted(rows, (known - cost) / known), "share", span, said)
    if "costs" in tables:
        yield total("cost to serve", to_serve, "costs in the period, such as of deliveries and complaints")
    if costed or "costs" in tables:
        yield total("net value", revenue - cost - to_serve, "revenue less cost of goods and to serve, where known")


def _a_customer(
    facts: Facts, customers: pl.DataFrame, tables: frozenset[str], costed: bool, seed: int
) -> Iterator[Figure]:
    span, of = span_of(facts.month, YEAR), "of the customers with a purchase in the period"
    spent, net = (customers[name].to_numpy() for name in ("rfm__spent_sum_365d", "profitability__net_value_365d"))
    columns = {"revenue a customer": "rfm__spent_sum_365d"}
    columns |= {"margin a customer": "profitability__margin_sum_365d"} if costed else {}
    columns |= {"cost to serve a customer": "profitability__to_serve_sum_365d"} if "costs" in tables else {}
    for name, column in columns.items():
        what = name.removesuffix(" a customer")
        yield _figure(name, mean_of(customers[column].to_numpy(), seed), "money", span, f"mean {what} {of}")
    best = held_by_best(spent, BEST, seed)
    said = "part of the sales less returns that the fifth of the customers with the most hold, " + of
    yield _figure("held by the best 20 %: revenue", best, "share", span, said)
    if not costed and "costs" not in tables:
        return
    yield _figure("net value a customer", mean_of(net, seed), "money", span, f"mean margin less cost to serve {of}")
    best = held_by_best(net, BEST, seed)
    said = "part of the net value that the fifth of the customers with the most hold (above 100 % where others lose), "
    yield _figure("held by the best 20 %: net value", best, "share", span, said + of)
    unprofitable = share_of(int((net < 0).sum()), len(net))
    said = f"share whose margin less cost to serve is below 0, {of}"
    yield _figure("unprofitable customers", unprofitable, "share", span, said)
    lost = _times(mean_of(np.maximum(-net, 0), seed), len(net))
    said = "what the unprofitable customers cost: the sum of their net values below 0; interval over customers"
    yield _figure("lost on unprofitable customers", lost, "money", span, said)


def _times(mean: Estimate, customers: int) -> Estimate:
    """The total that a mean of so many customers makes."""
    ends = (None if end is None else end * customers for end in (mean.value, mean.low, mean.high))
    return Estimate(mean.population, *ends)
