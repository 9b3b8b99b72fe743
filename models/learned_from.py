"""What a model learned from, as counts by day and group, and how unlike it a later day is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from models.drift import Counts, counted, edges_of, known_or_not, unlike
from models.metrics import Floats

EVERYBODY = "all customers"
CHURNED = "churned"
STAYED_OR_LEFT = np.array([0.5])
DAYS = 40  # most days kept, the latest
GROUPS = 12  # most groups kept, the largest
KEPT = {
    "name": pl.String(),
    "table": pl.String(),
    "of": pl.String(),
    "edges": pl.List(pl.Float64()),
    "days": pl.List(pl.Date()),
    "counts": pl.List(pl.List(pl.Int64())),
}
COMPARED = {
    "name": pl.String(),
    "table": pl.String(),
    "of": pl.String(),
    "missing": pl.Boolean(),
    "psi": pl.Float64(),
    "usual": pl.Float64(),
    "most_like": pl.Date(),
    "p": pl.Float64(),
}


def learned_from(matrix: pl.DataFrame, group: pl.Series, tables: Mapping[str, str]) -> pl.DataFrame:
    """The counts (columns `KEPT`) of every column of `matrix` but cutoff (Date): customers by bin, at each cutoff.

    `matrix`: rows x numbers (null: unknown). `group`: text, one for each row, null for none. `tables`: column -> the
    table it is made of. `of` is `EVERYBODY` or a group. Bins are the tenths over all rows.
    """
    days = matrix["cutoff"].unique().sort().tail(DAYS)
    rows = matrix["cutoff"].is_in(days.implode())
    matrix, group = matrix.filter(rows), group.filter(rows)
    names = group.drop_nulls().value_counts().sort("count", group.name, descending=[True, False])[group.name][:GROUPS]
    at = matrix["cutoff"].replace_strict(days, range(len(days)), return_dtype=pl.Int64).to_numpy()
    of = group.replace_strict(names, range(len(names)), default=len(names), return_dtype=pl.Int64).to_numpy()
    kept = []
    for column in matrix.drop("cutoff"):
        values = column.cast(pl.Float64).to_numpy()
        edges = STAYED_OR_LEFT if column.name == CHURNED else edges_of(values, len(days))
        found = counted(values, edges, of * len(days) + at, (len(names) + 1) * len(days))
        by_group = found.reshape(len(names) + 1, len(days), -1)
        for name, counts in [(EVERYBODY, by_group.sum(axis=0)), *zip(names, by_group, strict=False)]:
            table = tables.get(column.name, "")
            kept.append((column.name, table, name, edges.tolist(), days.to_list(), counts.tolist()))
    return pl.DataFrame(kept, schema=KEPT, orient="row")


def compared(kept: pl.DataFrame, matrix: pl.DataFrame, group: pl.Series, day: date) -> pl.DataFrame:
    """How unlike the days `kept` the rows of `matrix` of `day` are: columns `COMPARED`, two rows a column and group.

    One compares what is known, the other (`missing`) how much is. `most_like`: the day of `kept` it is least far from;
    `usual`: how far earlier days lay; `p`: see `models.drift`. Columns that `matrix` has not, or that cannot be
    compared, are left out; so are those that were the same for everybody on all days learned from, such as what looks
    farther back than the log then reached: nothing could be learned from them, so no score depends on them.
    """
    rows, groups = [], {of: (group == of).fill_null(False).to_numpy() for of in kept["of"].unique()}
    for name, part in kept.filter(pl.col("name").is_in(matrix.columns)).group_by("name", maintain_order=True):
        if _in_one_bin(part):
            continue
        values, edges = matrix[str(name[0])].cast(pl.Float64).to_numpy(), part["edges"][0].to_numpy()
        for _, table, of, _, days, earlier in part.iter_rows():
            here = values if of == EVERYBODY else values[groups[of]]
            tonight = counted(here, edges, np.zeros(len(here), dtype=np.int64), 1)[0]
            before = np.array(earlier, dtype=np.int64)
            for missing in (False, True):
                kinds = [known_or_not(c) if missing else c[..., 1:] for c in (tonight, before)]
                if (found := unlike(kinds[0], day, kinds[1], days)) is not None:
                    told = (found.psi, found.usual, days[found.most_like], found.p)
                    rows.append((name[0], table, of, missing, *told))
    return pl.DataFrame(rows, schema=COMPARED, orient="row")


def _in_one_bin(part: pl.DataFrame) -> bool:
    """Whether all customers of all days lie in one bin of a column; `part`: its rows of `KEPT`."""
    everybody = part.filter(of=EVERYBODY)["counts"][0].to_list()
    return int((np.sum(everybody, axis=0) > 0).sum()) < 2


@dataclass(frozen=True)
class Rates:
    """The shares of a group that left, on the days learned from on which it had customers: `days`, and `counts` of who
    stayed and who left, a row a day."""

    days: Sequence[date]
    counts: Counts

    @property
    def shares(self) -> Floats:
        """The share that left on each of the days."""
        return self.counts[:, 1] / self.counts.sum(axis=1)


def rates(kept: pl.DataFrame) -> dict[str, Rates]:
    """By group, how many stayed and left, from the column `CHURNED` (0 or 1); groups without any customer left out."""
    found = {}
    for of, days, counts in kept.filter(name=CHURNED).select("of", "days", "counts").iter_rows():
        known = np.array(counts, dtype=np.int64)[:, 1:]
        there = np.flatnonzero(known.sum(axis=1))
        if len(there):
            found[of] = Rates([days[at] for at in there], known[there])
    return found
