"""Writes each account manager's risk list as a CSV file, a workbook and a page, and an index of all of them."""

import hashlib
import re
import unicodedata
from io import BytesIO
from pathlib import Path

import polars as pl

from pipelines.outreach.columns import COLUMNS, typed
from pipelines.outreach.context import ListContext
from pipelines.outreach.leave_alone import shown
from pipelines.outreach.page import ListEntry, render_index, render_page
from pipelines.outreach.wording import one_line
from pipelines.outreach.workbook import write_workbook

__all__ = ["ListContext", "slug", "write_lists"]

# index.html is ours; the rest are devices on Windows, whatever their extension.
RESERVED = re.compile(r"index|con|prn|aux|nul|com\d|lpt\d")
LONGEST_SLUG = 60
HASH_LENGTH = 12
HASH_AT_END = re.compile(rf"(.*-)?[0-9a-f]{{{HASH_LENGTH}}}")

# What a spreadsheet takes for the start of a formula, also after blanks, and in the wide forms of Asian keyboards.
FORMULA_START = r"^[\s\p{Cc}\p{Cf}]*[=+\-@\t\r＝＋－＠]"
# Where Excel separates by semicolons, a semicolon inside a text starts a new cell, even in a quoted one.
FORMULA_AFTER_SEMICOLON = r"(;\s*)([=+\-@＝＋－＠])"


def write_lists(
    risk_list: pl.DataFrame, context: ListContext, directory: Path, leave_alone: pl.DataFrame | None = None
) -> list[Path]:
    """Write `<slug>.csv`, `.xlsx` and `.html` for each account manager and `index.html`, into a fresh `directory`.

    `risk_list` holds one row per listed customer with the columns of `columns.COLUMNS` (others are ignored; NaN and
    infinities count as unknown), `leave_alone` the columns of `leave_alone.KEPT`; page and workbook show
    both. Returns the files written, sorted. The same input gives the same bytes.
    Raises ValueError when a required column is missing, an account manager is null, or two managers share a file name.
    """
    to_fill_in = {column.name: pl.lit(None) for column in COLUMNS if column.answer}
    own = to_fill_in | {"list": pl.lit(context.list_name)}
    ordered = typed(risk_list.with_columns(**own)).sort("account_manager", "rank", "customer_id")
    nameless = ordered["account_manager"].null_count()
    if nameless:
        raise ValueError(f"risk list, column account_manager: {nameless} of {len(ordered)} rows are null; assign them")
    directory.mkdir(parents=True, exist_ok=True)

    histories = (
        dict(risk_list.select("customer_id", "probability_history").iter_rows())
        if "probability_history" in risk_list.columns
        else {}
    )
    entries: list[ListEntry] = []
    written: list[Path] = []
    # The parts are cut by the name as given: two names that only look alike stay two lists.
    parts, alone_parts = _by_manager(ordered), {} if leave_alone is None else _by_manager(leave_alone)
    for name in sorted({*parts, *alone_parts}):
        part, alone = parts.get(name, ordered.clear()), alone_parts.get(name)
        base = slug(name)
        if any(base == entry.slug for entry in entries):
            raise ValueError(f"two account managers share the file name {base}: rename one of them")
        lines = part.with_columns(one_line(pl.col(pl.String)))
        told = None if alone is None else shown(alone)
        manager = pl.DataFrame({"name": [name]}).select(one_line(pl.col("name"))).item().strip() or "(no name)"
        csv, workbook, page = (directory / f"{base}.{ending}" for ending in ("csv", "xlsx", "html"))
        write_csv(part, csv)
        write_workbook(lines, manager, context, workbook, told)
        page.write_bytes(render_page(lines, manager, context, histories, told).encode())
        entries.append(ListEntry(base, manager, len(part), float(part["value_at_risk"].sum())))
        written += [csv, workbook, page]

    index = directory / "index.html"
    index.write_bytes(render_index(entries, context).encode())
    return sorted([*written, index])


def _by_manager(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parts = rows.partition_by("account_manager", maintain_order=True, as_dict=True)
    return {str(name): part for (name,), part in parts.items()}


def write_csv(part: pl.DataFrame, path: Path | BytesIO) -> None:
    """Write a table for programs and for import elsewhere: column names of the data, numbers in full precision.

    A byte order mark leads the file: without it Excel reads UTF-8 as an old code page and garbles every umlaut, and
    readers of today skip it. A text that a spreadsheet would run as a formula gets a leading apostrophe, phone numbers
    with a plus sign too. Excel still reshapes ids such as 00123 on opening a CSV file; the workbook keeps them.
    """
    texts = [name for name, dtype in part.schema.items() if dtype == pl.String]
    part.with_columns(defused(pl.col(name)) for name in texts).write_csv(
        path, include_bom=True, quote_style="non_numeric", float_scientific=False
    )


def defused(text: pl.Expr) -> pl.Expr:
    """The text (String) on one line as the CSV file has it: with an apostrophe wherever a formula could start."""
    line = one_line(text).str.replace_all(FORMULA_AFTER_SEMICOLON, "${1}'${2}")
    # Looks at the text as given: folding turns a leading tab into a blank.
    return (
        pl.when(text.str.contains(FORMULA_START))
        .then(pl.lit("'") + line)
        .otherwise(line)
        .alias(text.meta.output_name())
    )


def slug(name: str) -> str:
    """A safe file name (a-z, 0-9, hyphen; no extension) for any text; different names give different ones.

    "Anna Schmidt" becomes "anna-schmidt" because that reads back to exactly this name. Any other name gets a part of
    its SHA-256 appended, so that "Anna SCHMIDT" or "../Anna Schmidt" cannot take its place. The result depends on the
    name alone: a manager's address stays the same whoever else is listed.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-")
    reads_back = " ".join(word.capitalize() for word in base.split("-")) == name
    if base and reads_back and not RESERVED.fullmatch(base) and not HASH_AT_END.fullmatch(base):
        return base
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
    return f"{base}-{digest}" if base else f"list-{digest}"
