"""The feature dictionary for people, in Markdown, from the declarations of the families."""

import re
from collections.abc import Sequence

import polars as pl

from features.catalog import dictionary
from features.family import Family, Reason

HEADING = """# The features

Written by `make features-doc` from `features/families/`. A feature of a window counts what lies in that many days
before the cutoff; "lifetime" is everything before it. Fill: the value where there is nothing to measure (empty: none,
the cell is null). Group: whose sentence speaks for the feature on a risk list.
"""
COLUMNS = ("name", "meaning", "unit", "window", "source", "fill", "group")


def markdown(families: Sequence[Family]) -> str:
    """The dictionary of these families: for each a table of its features and the sentences of its reasons."""
    parts = [HEADING]
    for family in families:
        rows = [
            (f"`{e['name']}`", e["description"], e["unit"], e["window"], e["table"] or "", e["fill"], e["reason"])
            for e in dictionary([family])
        ]
        lines = [f"## {family.name}", "", family.description, "", _line(COLUMNS), _line(["---"] * len(COLUMNS))]
        parts.append("\n".join([*lines, *map(_line, rows)]) + "\n")
        spoken = [f"- {reason.group}: “{template(reason)}”" for reason in family.reasons]
        if spoken:
            parts.append("\n".join(["Sentences, the first that applies:", "", *spoken]) + "\n")
    return "\n".join(parts)


def template(reason: Reason) -> str:
    """The sentence of a reason, N standing for the customer's numbers, as it reads for more than one of each."""
    one, other = _said(reason, 4321.0).split(" "), _said(reason, 8765.0).split(" ")
    return " ".join(re.sub(r"[\d,.]*\d", "N", a) if a != b else a for a, b in zip(one, other, strict=True))


def _said(reason: Reason, value: float) -> str:
    """The sentence where every column that it reads holds `value`."""
    row = pl.DataFrame(dict.fromkeys(reason.sentence.meta.root_names() or ["none"], [value]))
    return row.select(reason.sentence.cast(pl.String)).item() or ""


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |"
