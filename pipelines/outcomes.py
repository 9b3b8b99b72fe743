"""Lists that come back from account managers: what came of each customer is checked and kept under the root.

Every import appends one Parquet file to `outcomes/` and never changes another; ingest reads them all. Of two answers
for one customer of one list the later one counts, and both are kept.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
from filelock import FileLock

from configs.errors import DataError
from configs.settings import Settings
from features.tables import OUTCOME_WORDS, TABLES
from features.time import INSTANT, Cutoff, midnight
from models.effect import TREAT
from pipelines.outreach.context import list_name
from pipelines.outreach.history import RISK_LIST_FILE
from pipelines.outreach.lists import FORMULA_START, defused
from pipelines.outreach.returned import read_returned
from pipelines.outreach.wording import one_line
from pipelines.progress import Log
from pipelines.storage import nobody_erased, write_whole

IMPORTS = "outcomes"
ANSWER = ["status", "reason", "snooze_until"]
OF_A_LIST = ["customer_id", "list_date"]
DAY_OF_LIST = r"^(\d{4}-\d{2}-\d{2}) "
DAYS = ("%Y-%m-%d", "%d.%m.%Y")  # with slashes, nobody knows which is the month


def import_outcomes(settings: Settings, cutoff: Cutoff, files: Sequence[Path], log: Log) -> int:
    """Append the answers in the returned lists `files` to the outcomes kept; returns how many are new.

    They count as known from the day of `cutoff` on, hence for runs of later days. All files are checked before any is
    kept. A file whose answers were imported before changes nothing, nor does an answer that repeats the latest one.
    Raises DataError where a file is no list of this company, or a row names a customer who was not on it or an outcome
    that there is not.
    """
    folder = settings.root / IMPORTS
    # By number: a list is called after the account manager, which is not for a log.
    names = [f"file {number} of {len(files)}" for number in range(1, len(files) + 1)]
    read = [(name, answers(settings, cutoff, file, name)) for name, file in zip(names, files, strict=True)]
    added = 0
    with nobody_erased(settings.root), FileLock(settings.root / ".lock-outcomes", timeout=60):
        for name, rows in read:
            digest = hashlib.sha256(rows.select(*OF_A_LIST, *ANSWER).write_csv().encode()).hexdigest()[:16]
            kept = sorted(folder.glob("*.parquet"))
            if any(path.stem.endswith(digest) for path in kept):
                log(f"{name}: imported before, nothing changed")
                continue
            new = _unlike_the_latest(rows, kept)
            # Later imports of a day are later by a microsecond each, so that their order is kept.
            at = pl.lit(cutoff.instant, INSTANT) + pl.duration(microseconds=len(kept))
            table = TABLES["outcomes"]
            new = new.with_columns(at=at, known_at=at).select(
                pl.col(column).cast(kind) for column, kind in table.schema.items()
            )
            write_whole(folder / f"{len(kept) + 1:06d}-{digest}.parquet", new)
            added += new.height
            log(f"{name}: {rows.height:,} answers, {new.height:,} of them new")
    return added


def answers(settings: Settings, cutoff: Cutoff, file: Path, name: str) -> pl.DataFrame:
    """The rows of a returned list that were answered, as the canonical `outcomes` but for `at`; sorted.

    Raises DataError with every kind of fault found: `name`, what, how many rows, three customer ids, and what to do.
    """
    try:
        rows = read_returned(file)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    rows = rows.filter(pl.any_horizontal(pl.col("outcome", "snooze_until", "note").is_not_null()))
    rows = rows.with_columns(
        status=pl.col("outcome").str.to_lowercase().str.replace_all(r"[\s_-]+", "_"),
        reason=_as_typed(pl.col("note")),
        day=pl.col("list").str.extract(DAY_OF_LIST).str.to_date("%Y-%m-%d", strict=False),
        until=pl.coalesce(
            pl.col("snooze_until").str.extract(r"^([\d.-]+)").str.to_date(form, strict=False) for form in DAYS
        ),
    )
    company = settings.company or settings.name
    days = [day for day in rows["day"].unique().sort().to_list() if day is not None]
    names = {day: list_name(day, company) for day in days}
    listed = pl.concat([_listed(settings, day) for day in days]) if days else _nobody()
    rows = rows.with_columns(_as_typed(pl.col("list")).alias("list")).join(
        listed, left_on=["day", "customer_id"], right_on=["day", "written"], how="left", maintain_order="left"
    )
    ours = pl.col("list") == pl.col("day").replace_strict(names, default=None, return_dtype=pl.String)
    published = pl.col("day").is_in(listed["day"].unique().to_list())
    until, today = pl.col("until"), pl.lit(cutoff.day)
    snoozed = pl.col("status") == "snooze"
    faults = {
        f"not of a list of {company}. Import it where it was made, and leave the column List as it is": ~ours,
        f"of a day on which no list was published under {settings.root}. Check --output": ours & ~published,
        f"of a list later than {cutoff.day}. Give a later --as-of": ours & (pl.col("day") > today),
        "about a customer who was not on that list. Excel turns ids such as 00123 in a CSV file into numbers: send "
        "back the workbook": ours & published & pl.col("known_id").is_null(),
        "answered twice for one customer. Keep one row": pl.struct("day", "known_id").is_duplicated()
        & pl.col("known_id").is_not_null(),
        "with a note or a day but no outcome. Fill it in": pl.col("status").is_null(),
        f"with another outcome than {', '.join(OUTCOME_WORDS)}": ~pl.col("status").is_in(OUTCOME_WORDS),
        "with a day to snooze until that cannot be read. Write it as 2026-06-30": until.is_null()
        & pl.col("snooze_until").is_not_null(),
        "snoozed without a day after the list's. Fill in Snooze until": snoozed
        & ((until <= pl.col("day")) | pl.col("snooze_until").is_null()),
    }
    _refuse(name, rows, faults)
    zone = cutoff.zone
    instants = {day: midnight(day, zone) for day in {*days, *rows["until"].drop_nulls().to_list()}}
    return rows.select(
        pl.col("known_id").alias("customer_id"),
        pl.col("day").replace_strict(instants, return_dtype=INSTANT).alias("list_date"),
        pl.lit(TREAT).alias("arm"),  # controls are on no list
        "action",
        "status",
        "reason",
        "by",
        until.replace_strict(instants, default=None, return_dtype=INSTANT).alias("snooze_until"),
    ).sort(OF_A_LIST)


def _refuse(name: str, rows: pl.DataFrame, faults: dict[str, pl.Expr]) -> None:
    found = []
    for number, (fault, wrong) in enumerate(faults.items()):
        bad = rows.filter(wrong.fill_null(number == 0))
        if bad.height:
            ids = ", ".join(bad["customer_id"].drop_nulls().unique(maintain_order=True).head(3))
            found.append(f"{bad.height:,} of {rows.height:,} answered rows are {fault} (customer_id {ids or 'empty'})")
    if found:
        raise DataError(f"{name}: " + "; ".join(found) + ". Nothing was imported.")


def _as_typed(text: pl.Expr) -> pl.Expr:
    """A text as it was before an apostrophe kept it from becoming a formula."""
    rest = text.str.strip_prefix("'")
    return pl.when((rest != text) & rest.str.contains(FORMULA_START)).then(rest).otherwise(text)


def _nobody() -> pl.DataFrame:
    columns = ["day", "written", "known_id", "by", "action"]
    return pl.DataFrame(schema=dict.fromkeys(columns, pl.String) | {"day": pl.Date})


def _listed(settings: Settings, day: date) -> pl.DataFrame:
    """Who was on a list of that day, in any revision: day, the id as the files write it (`written`) and as it is
    (`known_id`), account manager (`by`) and suggested action. An id that reads like another's is left out."""
    files = sorted((settings.root / "published" / ".revisions" / day.isoformat()).glob(f"*/{RISK_LIST_FILE}"))
    parts = [pl.read_parquet(file) for file in files]
    if not parts:
        return _nobody()
    people = pl.concat(parts, how="diagonal_relaxed")
    action = pl.col("action") if "action" in people.columns else pl.lit(None, pl.String)
    people = people.select(known_id="customer_id", by="account_manager", action=action)
    people = people.unique("known_id", keep="last", maintain_order=True)
    written = [people.with_columns(written=form(pl.col("known_id")).str.strip_chars()) for form in (one_line, defused)]
    forms = pl.concat(written).unique(maintain_order=True)
    forms = forms.filter(pl.col("known_id").n_unique().over("written") == 1)
    return forms.select(pl.lit(day).alias("day"), "written", "known_id", "by", "action")


def _unlike_the_latest(rows: pl.DataFrame, kept: Sequence[Path]) -> pl.DataFrame:
    """The answers that differ from the latest one kept for that customer and list."""
    if not kept:
        return rows
    before = pl.concat([pl.read_parquet(path) for path in kept])
    latest = before.unique(OF_A_LIST, keep="last", maintain_order=True).select(*OF_A_LIST, *ANSWER)
    return rows.join(latest, on=[*OF_A_LIST, *ANSWER], how="anti", nulls_equal=True, maintain_order="left")
