"""Segments: how many customers each holds, what they bring, and who moved up or slipped since last month."""

from collections.abc import Iterator
from functools import partial

import polars as pl

from configs.report import SEGMENTS
from configs.settings import Settings
from features.segments import SPENT, Bounds, bounds_of, segment
from features.time import Month
from models.estimates import counted, mean_of, share_of
from pipelines.elements.figures import MONTH_BEFORE, NOW, Figure, Span, span_of
from pipelines.elements.gather import Facts, Gathered

ELEMENT, YEAR = "segments", 365
UP, SLIPPED, STAYED = "moved up", "slipped", "stayed where they were"
FROM = "from "
MOVERS_SCHEMA = {
    "as_of": pl.Date(),
    "customer_id": pl.String(),
    "account_manager": pl.String(),
    "moved": pl.String(),
    "from": pl.String(),
    "to": pl.String(),
    "spent": pl.Float64(),
}
_figure = partial(Figure, ELEMENT)


def bounds_now(gathered: Gathered, settings: Settings) -> Bounds:
    """The bounds by which the segments of every month are told."""
    return bounds_of(gathered.facts[NOW].standing, settings.churn.active_within_days)


def segmented(facts: Facts, bounds: Bounds, settings: Settings) -> pl.DataFrame:
    """customer_id, segment, rank (from 0, the best) and spent (365 days) of everybody who ever bought."""
    named = segment(bounds, settings.churn.active_within_days, settings.churn.horizon_days)
    rows = facts.standing.select("customer_id", named, spent=SPENT)
    return rows.with_columns(
        rank=pl.col("segment").replace_strict(SEGMENTS, range(len(SEGMENTS)), return_dtype=pl.Int64)
    )


def segments(facts: Facts, rows: pl.DataFrame, seed: int) -> Iterator[Figure]:
    """Size and worth of each segment at the end of the month."""
    span, total = span_of(facts.month, YEAR), float(rows["spent"].sum())
    for name in SEGMENTS if rows.height else ():
        here = rows.filter(segment=name)["spent"]
        yield _figure("customers", counted(len(here), len(here)), "count", span, "customers in the segment", name)
        said = "share of all customers who ever bought"
        yield _figure("share of customers", share_of(len(here), rows.height), "share", span, said, name)
        if total > 0:
            part = counted(len(here), float(here.sum()) / total)
            yield _figure("share of revenue", part, "share", span, "part of the sales less returns of 365 days", name)
        if len(here):
            said = "mean sales less returns of 365 days"
            yield _figure("spend", mean_of(here.to_numpy(), seed), "money", span, said, name)


def moves(gathered: Gathered, bounds: Bounds, settings: Settings) -> pl.DataFrame:
    """customer_id, from, to, moved, spent (the larger of both times) of everybody who had bought a month ago."""
    now, before = (segmented(gathered.facts[name], bounds, settings) for name in (NOW, MONTH_BEFORE))
    both = before.join(now, on="customer_id", suffix="_now")
    change = pl.col("rank_now") - pl.col("rank")
    moved = pl.when(change < 0).then(pl.lit(UP)).when(change > 0).then(pl.lit(SLIPPED)).otherwise(pl.lit(STAYED))
    spent = pl.max_horizontal("spent", "spent_now")
    return both.select("customer_id", moved=moved, spent=spent, **{"from": "segment", "to": "segment_now"})


def migration(now: Month, moved: pl.DataFrame) -> Iterator[Figure]:
    """Who moved from where to where in the month, and the share of each segment that has not slipped."""
    span = Span(now.start.day, span_of(now).last)
    for name in (UP, SLIPPED, STAYED) if moved.height else ():
        share = share_of(moved.filter(moved=name).height, moved.height)
        yield _figure(name, share, "share", span, "share of the customers who had bought by the month before", "")
    for name in SEGMENTS:
        here = moved.filter(**{"from": name})
        if here.is_empty():
            continue
        if name != SEGMENTS[-1]:  # from which nobody can slip
            kept = share_of(here.filter(pl.col("moved") != SLIPPED).height, here.height)
            said = "share that is in the segment or a better one now, of the customers in it a month before"
            yield _figure("kept", kept, "share", span, said, name)
        for to, count in here.group_by("to").len().iter_rows():
            said = "customers in the one segment a month before and in the other now"
            yield _figure(f"{FROM}{name}", counted(here.height, count), "count", span, said, to)


def movers(moved: pl.DataFrame, managers: pl.DataFrame, now: Month, most: int) -> pl.DataFrame:
    """The `most` customers with the largest spend of those who moved up, and of those who slipped (`MOVERS_SCHEMA`)."""
    largest = moved.sort("spent", "customer_id", descending=[True, False])
    parts = [largest.filter(moved=name).head(most) for name in (SLIPPED, UP)]
    named = pl.concat(parts).join(managers, on="customer_id", how="left", maintain_order="left")
    return named.with_columns(as_of=pl.lit(now.cutoff.day)).select(list(MOVERS_SCHEMA)).cast(dict(MOVERS_SCHEMA))
