"""Retention: who stays, by when they signed up; how long customers stay; value kept; and what outreach added."""

from datetime import timedelta
from functools import partial

import polars as pl

from configs.errors import DataError
from configs.settings import Settings
from features.kept import starts_at
from models.estimates import Estimate, ratio_of, share_of
from models.survival import survival
from pipelines.effect import RETAINED, VALUE, arms
from pipelines.elements.figures import Absent, Figure, Span, span_of
from pipelines.elements.gather import Facts, Gathered

ELEMENT = "retention"
THERE, LEFT, STILL = "there", "left", "still there"
EVERY_DAYS, FEWEST_AT_RISK, FEWEST_OF_COHORT = 30, 10, 10
_figure = partial(Figure, ELEMENT)


def retention(facts: Facts, settings: Settings) -> list[Figure]:
    """Of the latest cohort whose horizon was over by the end of the month: who stayed, and the value kept."""
    rows, start, seed = facts.kept, starts_at(facts.month, settings.churn), settings.training.seed
    if rows.is_empty():
        return []
    days, last = settings.churn.horizon_days, span_of(facts.month).last
    span, both = Span(start.day, last), Span(start.day - timedelta(days=days), last)
    stayed, before, after = (rows[name].cast(pl.Float64).to_numpy() for name in ("stayed", "before", "after"))
    rate, lost = share_of(int(stayed.sum()), rows.height), share_of(int((1 - stayed).sum()), rows.height)
    held = ratio_of(before * stayed, before, rows.height, seed)
    net = ratio_of(after, before, rows.height, seed)
    of = f"of the customers who were active on {start.day}"
    kept = f"net value that those who stayed had brought in the {days} days before {start.day}, over that {of}"
    later = f"net value in the {days} days from {start.day} on over that in as many days before, {of}"
    return [
        _figure("retention rate", rate, "share", span, f"share that {_staying(settings)}, {of}"),
        _figure("churn rate", lost, "share", span, f"share that left, being the rest, {of}"),
        _figure("value kept", held, "share", both, kept),
        _figure("value after over before", net, "share", both, later),
    ]


def _staying(settings: Settings) -> str:
    days = settings.churn.horizon_days
    if settings.churn.definition == "contract":
        return f"stayed (no contract ended within {days} days without another after it)"
    return f"stayed (bought within {days} days)"


def since_signing_up(gathered: Gathered, facts: Facts, settings: Settings) -> list[Figure]:
    """Rates by cohort and period since signing up, and the survival curve; whatever is of too few is left out."""
    days, span = settings.churn.horizon_days, Span(gathered.began, span_of(facts.month).last)
    found = []
    for cohort, period, customers, there, before, left in gathered.cohorts.iter_rows():
        if customers < FEWEST_OF_COHORT:
            continue
        group = f"{cohort}, days {period * days} to {(period + 1) * days - 1}"
        said = "share that was there in these days after signing up, of the customers who signed up in the quarter"
        found.append(_figure(THERE, share_of(there, customers), "share", span, said, group))
        if before >= FEWEST_OF_COHORT:
            said = "share that was not there in these days after signing up, of the customers there in those before"
            found.append(_figure(LEFT, share_of(left, before), "share", span, said, group))
    longest = int(gathered.stays["days"].to_numpy().max(initial=0))
    grid = list(range(0, longest + 1, EVERY_DAYS))
    curve = survival(gathered.stays["days"], gathered.stays["left"], grid)
    said = (
        "share that has not left for the first time by so many days after signing up (Kaplan and Meier), of the "
        "customers who signed up since the log began; population: those not gone before"
    )
    for day, there, low, high, at_risk in curve.iter_rows():
        if at_risk >= FEWEST_AT_RISK:
            found.append(_figure(STILL, Estimate(at_risk, there, low, high), "share", span, said, f"{day} days"))
    return found


def outreach(settings: Settings, facts: Facts) -> tuple[list[Figure], list[Absent]]:
    """What acting on the listed customers added, against the controls; or why that is not known."""
    said: list[str] = []
    try:
        compared = arms(settings, facts.month.cutoff, None, said.append)
    except DataError:
        compared, said = None, ["nobody was listed yet"]
    if compared is None:
        return [], [Absent(ELEMENT, "what outreach added", said[-1])]
    found, rows = compared
    span = Span(rows["cutoff"].sort()[0], span_of(facts.month).last)
    stayed, value = found.of_everybody(RETAINED), found.of_everybody(VALUE)
    customers = int(stayed["treated"] + stayed["control"])
    against = "of the customers treated less that of the controls, from the first list of a season on that named them"
    added = Estimate(customers, *(stayed[end] for end in ("difference", "low", "high")))
    each = Estimate(customers, *(value[end] for end in ("difference", "low", "high")))
    gain = Estimate(int(stayed["treated"]), found.money.gain, found.money.low, found.money.high)
    return [
        _figure("retention added by outreach", added, "share", span, f"share that stayed {against}"),
        _figure("value added by outreach, a customer", each, "money", span, f"mean net value {against}"),
        _figure("value added by outreach", gain, "money", span, "the same, of all treated customers together"),
    ], []
