"""The tables of the report of the four elements that are more than a list of figures: grids, segments, the plan."""

import polars as pl

from configs.report import SEGMENTS, TERMS
from pipelines.elements.segments import FROM
from pipelines.outreach.wording import one_line
from pipelines.reports.shown import in_words, interval


def cohort_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """Figures of cohorts with their `cohort` and `at`, the first day since signing up, in order."""
    ends = pl.col("group").str.split(", days ")
    cells = rows.with_columns(
        cohort=ends.list.first(), at=ends.list.last().str.split(" to ").list.first().cast(pl.Int64)
    )
    return cells.sort("cohort", "at")


def cohort_grid(cells: pl.DataFrame, value: str = "value") -> pl.DataFrame:
    """The column `value` by cohort, with how many customers it had at first (rows), and by day (columns)."""
    days = cells["at"].unique().sort().cast(pl.String).to_list()
    grid = cells.with_columns(pl.col("at").cast(pl.String)).pivot("at", index="cohort", values=value)
    among = cells.group_by("cohort", maintain_order=True).agg(customers=pl.col("population").first())
    return among.join(grid, on="cohort", how="left", maintain_order="left").select("cohort", "customers", *days)


def cohort_table(cells: pl.DataFrame, currency: str) -> pl.DataFrame:
    """`cohort_grid` for people to read, every cell with its interval."""
    told = [
        f"{in_words(value, unit, currency)} ({interval(low, high, unit, currency)})".removesuffix(" ()")
        for value, low, high, unit in cells.select("value", "low", "high", "unit").iter_rows()
    ]
    return cohort_grid(cells.with_columns(told=pl.Series(told, dtype=pl.String)), "told")


def curve_table(curve: pl.DataFrame, currency: str) -> pl.DataFrame:
    """The survival curve for people to read: days, still there, 95 % interval, customers not gone before."""
    rows = [
        (days, in_words(value, "share", currency), interval(low, high, "share", currency), among)
        for days, value, low, high, among in curve.select("at", "value", "low", "high", "population").iter_rows()
    ]
    schema = {"days": pl.Int64, "still there": pl.String, "95 % interval": pl.String}
    return pl.DataFrame(rows, schema=schema | {"customers not gone before": pl.Int64}, orient="row")


def half_gone(curve: pl.DataFrame) -> str:
    """By which day half of the customers have left, with the days at which the ends of the interval say so."""
    found = [curve.filter(pl.col(end) <= 0.5)["at"].min() for end in ("value", "low", "high")]
    if found[0] is None:
        return f"More than half are still there after {curve['at'].max()} days."
    first, last = found[1] or found[0], found[2]
    return f"Half of them have left by day {found[0]} ({first} to {last if last is not None else 'later than known'})."


def segment_table(rows: pl.DataFrame, currency: str) -> pl.DataFrame:
    """A row a segment: its customers now and before, and its share, revenue, spend and who was kept, with intervals."""
    of = {(row["group"], row["figure"]): row for row in rows.iter_rows(named=True)}

    def told(segment: str, figure: str) -> str:
        row = of.get((segment, figure))
        if row is None:
            return ""
        ends = interval(row["low"], row["high"], row["unit"], currency)
        return in_words(row["value"], row["unit"], currency) + (f" ({ends})" if ends else "")

    def count(segment: str, at: str) -> int | None:
        found = of[segment, "customers"][at]
        return None if found is None else round(found)

    found = [
        {
            "segment": name,
            "customers": count(name, "value"),
            "a month before": count(name, "month_before"),
            "a year before": count(name, "year_before"),
            "share": told(name, "share of customers"),
            "of the revenue": told(name, "share of revenue"),
            "spend": told(name, "spend"),
            "kept": told(name, "kept"),
        }
        for name in SEGMENTS
        if (name, "customers") in of
    ]
    counts = dict.fromkeys(("customers", "a month before", "a year before"), pl.Int64)
    return pl.DataFrame(found, schema_overrides=counts)


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
        of=pl.col("figure").str.split(", ").list.first(), term=pl.col("figure").str.split(", ").list.last()
    )
    terms = sorted(named["term"].unique(), key=lambda term: TERMS.index(term.split(" ")[0]))
    found = []
    for (segment, of), rows in named.group_by("group", "of", maintain_order=True):
        first = rows.row(0, named=True)
        line = {"segment": segment, "figure": of, "now": in_words(first["value"], first["unit"], currency)}
        line["95 % interval"] = interval(first["low"], first["high"], first["unit"], currency)
        for term in terms:
            said = [
                f"{in_words(target, first['unit'], currency)}: {'reached' if reached else 'not yet'}"
                for target, reached in rows.filter(term=term).select("target", "reached").iter_rows()
            ]
            line[term] = "".join(said)
        found.append(line)
    return pl.DataFrame(found)
