"""Complaints, promises and surveys as they were known at the end of a month, each judged when its time was up.

A standard is judged in the month in which its time ran out, so that what is still under way counts neither way, and
what was in time is always known by the end of the month.
"""

from collections.abc import Mapping

import polars as pl

from configs.report import Report
from features.families.complaints import LONGEST_SILENCE, RESOLUTION_DAYS, RESPONSE_HOURS
from features.tables import TABLES
from features.time import INSTANT, Month
from features.timeline import known_before

Tables = Mapping[str, pl.DataFrame]
NO_CAUSE = "not said"


def known_rows(tables: Tables, name: str, month: Month) -> pl.LazyFrame:
    """The rows of a table that had happened and were known before the end of `month`, as they stood then."""
    table = TABLES[name]
    known = known_before(tables.get(name, table.empty()).lazy(), table, month.cutoff.instant)
    return known.filter(pl.col(table.time) < month.cutoff.instant)


def complaints(tables: Tables, month: Month, standards: Report) -> pl.DataFrame:
    """A row a complaint that the month has something to say of: customer_id, cause and, null where not judged then:

    opened (true: in this month); answered, resolved (Boolean: whether in time, judged when the time was up); informed
    (Boolean: no silence longer than `informed_days` up to now, judged while open); rating (Float64, given this month).
    """
    known = known_rows(tables, "complaints", month).with_columns(cutoff_at=pl.lit(month.cutoff.instant, INSTANT))
    updates = known_rows(tables, "complaint_updates", month).group_by("customer_id", "complaint_id")
    sent = updates.agg(complaint_updates=pl.col("sent_at").sort())
    opened = pl.col("opened_at")
    answer_due = opened + pl.duration(microseconds=round(standards.response_hours * 3.6e9))
    resolution_due = opened + pl.duration(microseconds=round(standards.resolution_days * 86.4e9))
    was_open = (pl.col("resolved_at") >= month.start.instant).fill_null(True)
    judged = {
        "opened": pl.when(month.holds(opened)).then(True),
        "answered": pl.when(month.holds(answer_due)).then(RESPONSE_HOURS <= standards.response_hours),
        "resolved": pl.when(month.holds(resolution_due)).then(RESOLUTION_DAYS <= standards.resolution_days),
        "informed": pl.when(was_open).then(LONGEST_SILENCE <= standards.informed_days),
        "rating": pl.when(month.holds(pl.col("satisfaction_at"))).then("satisfaction"),
    }
    rows = known.join(sent, on=["customer_id", "complaint_id"], how="left", maintain_order="left")
    rows = rows.select("customer_id", pl.col("cause").fill_null(NO_CAUSE), **judged)
    return rows.filter(pl.any_horizontal(pl.col(*judged).is_not_null())).collect()


def promises(tables: Tables, month: Month) -> pl.DataFrame:
    """A row a promise that fell due in the month: customer_id, kept (Boolean: by the time it was due)."""
    due = known_rows(tables, "promises", month).filter(month.holds(pl.col("due_at")))
    return due.select("customer_id", kept=(pl.col("kept_at") <= pl.col("due_at")).fill_null(False)).collect()


def surveys(tables: Tables, month: Month) -> pl.DataFrame:
    """A row a survey that was sent or answered in the month: customer_id, kind, answered, score.

    answered (Boolean): of those sent in the month, whether by its end; score (Float64): of those answered in it.
    """
    answered_at = pl.col("answered_at")
    rows = known_rows(tables, "surveys", month).select(
        "customer_id",
        "kind",
        answered=pl.when(month.holds(pl.col("sent_at"))).then(answered_at.is_not_null()),
        score=pl.when(month.holds(answered_at)).then("score"),
    )
    return rows.filter(pl.col("answered").is_not_null() | pl.col("score").is_not_null()).collect()
