"""The tables of the report of the four elements that are more than a list of figures: grids, segments, the plan."""

import polars as pl

from configs.report import SEGMENTS, TERMS
from pipelines.elements.segments import FROM
from pipelines.outreach.wording import one_line
from pipelines.reports.shown import in_words, interval


def cohort_grid(rows: pl.DataFrame, scale: float = 100.0) -> pl.DataFrame:
    """Shares times `scale` by cohort (rows) and first day since signing up (columns), from figures of cohorts."""
    parts = rows.select(
        "value",
        cohort=pl.col("group").str.split(", days ").list.first(),
        at=pl.col("group").str.split(", days ").list.last().str.split(" to ").list.first().cast(pl.Int64),
    )
    days = parts["at"].unique().sort().cast(pl.String).to_list()
    grid = parts.with_columns(pl.col("at").cast(pl.String), pl.col("value") * scale)
    return grid.pivot("at", index="cohort", values="value").select("cohort", *days).sort("cohort")


def segment_table(rows: pl.DataFrame, currency: str) -> pl.DataFrame:
    """A row a segment: its customers now and before, and its share, revenue, spend and who was kept, with intervals."""
    of = {(row["group"], row["figure"]): row for row in rows.iter_rows(named=True)}

    def told(segment: str, figure: str, what: str = "value") -> str:
        row = of.get((segment, figure))
        if row is None:
            return ""
        ends = interval(row["low"], row["high"], row["unit"], currency) if what == "value" else ""
        return in_words(row[what], row["unit"], currency) + (f" ({ends})" if ends else "")

    found = [
        {
            "segment": name,
            "customers": told(name, "customers"),
            "a month before": told(name, "customers", "month_before"),
            "a year before": told(name, "customers", "year_before"),
            "share": told(name, "share of customers"),
            "of the revenue": told(name, "share of revenue"),
            "spend": told(name, "spend"),
            "kept": told(name, "kept"),
        }
        for name in SEGMENTS
        if (name, "customers") in of
    ]
    return pl.DataFrame(found)


def migration_grid(rows: pl.DataFrame) -> pl.DataFrame:
    """Customers by segment a month before (rows) and now (columns), 0 where there are none."""
    cells = rows.filter(pl.col("figure").str.starts_with(FROM))
    if cells.is_empty():
        return pl.DataFrame()
    cells = cells.select(
        was=pl.col("figure").str.strip_prefix(FROM), now="group", customers=pl.col("value").cast(pl.Int64)
    )
    known = {"was": [name for name in SEGMENTS if name in cells["was"]]}
    grid = pl.DataFrame(known).join(
        cells.pivot("now", index="was", values="customers"), on="was", how="left", maintain_order="left"
    )
    absent = [pl.lit(0, pl.Int64).alias(name) for name in SEGMENTS if name not in grid.columns]
    return grid.with_columns(absent).select("was", *SEGMENTS).fill_null(0)


def movers_table(movers: pl.DataFrame, currency: str) -> pl.DataFrame:
    """The movers for people to read."""
    spent = pl.Series("spent", [in_words(value, "money", currency) for value in movers["spent"]], pl.String)
    texts = (one_line(pl.col(name)) for name in ("customer_id", "account_manager"))
    return movers.select("moved", *texts, "from", "to", spent)


def plan_table(planned: pl.DataFrame, currency: str) -> pl.DataFrame:
    """A row a target: where it stands, with the targets of the three terms and whether each is reached."""
    named = planned.with_columns(
        of=pl.col("figure").str.split(", ").list.first(),
        term=pl.col("figure").str.split(", ").list.last().str.strip_suffix(" term"),
    )
    found = []
    for (segment, of), rows in named.group_by("group", "of", maintain_order=True):
        first = rows.row(0, named=True)
        line = {"segment": segment, "figure": of, "now": in_words(first["value"], first["unit"], currency)}
        line["95 % interval"] = interval(first["low"], first["high"], first["unit"], currency)
        for term in TERMS:
            said = [
                f"{in_words(target, first['unit'], currency)}: {'reached' if reached else 'not yet'}"
                for target, reached in rows.filter(term=term).select("target", "reached").iter_rows()
            ]
            line[f"{term} term"] = "".join(said)
        found.append(line)
    return pl.DataFrame(found)
