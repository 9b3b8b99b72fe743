"""Files of a source: which ones a path means, and reading each kind as it is or refusing it by name and place."""

import csv
import gzip
from collections.abc import Callable, Collection, Sequence
from functools import partial
from glob import glob
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from configs.errors import ConfigError, DataError
from pipelines.storage import sha256_of

PARQUET = (".parquet", ".pq")
COMMAS = (".csv", ".csv.gz", ".txt")
TABS = (".tsv", ".tsv.gz")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
CHECKSUM = ".sha256"


def scan_files(where: str, path: str, sha256: bool, names: Collection[str] | None = None) -> pl.LazyFrame:
    """The rows of all files that `path` (a file, a folder, or a glob of these) means, of whatever kinds.

    `names`: of these files those to read; None: all.
    Of text files and workbooks every cell is text; where files of several kinds differ in the type of a column, it
    becomes text. Raises FileNotFoundError where there are none, ConfigError for other kinds, DataError for files that
    are damaged, ambiguous, or not what their checksum was made of.
    """
    files = [file for file in files_of(path) if names is None or str(file) in names]
    if not files:
        raise FileNotFoundError(path)
    for file in files:
        place = f"{where} {file}"
        if sha256:
            _refuse_altered(place, file)
        if _is(file, PARQUET):
            _refuse_damaged(place, file)
        elif _is(file, COMMAS + TABS):
            refuse_malformed(place, str(file), "\t" if _is(file, TABS) else ",")
        elif not _is(file, WORKBOOKS):
            raise ConfigError(f"{place}: not a kind of file that is read. Use .csv, .csv.gz, .tsv, .parquet or .xlsx.")
    if names is None and Path(path).is_dir() and all(_is(file, PARQUET) for file in files):
        return pl.scan_parquet(
            path
        )  # by the folder's name, so that those of partitions (day=2026-01-01) become columns
    readers: dict[tuple[str, ...], Callable[[list[Path]], pl.LazyFrame]] = {
        PARQUET: pl.scan_parquet,
        COMMAS: partial(pl.scan_csv, infer_schema=False),
        TABS: partial(pl.scan_csv, infer_schema=False, separator="\t"),
        WORKBOOKS: partial(_workbooks, where),
    }
    kinds = {endings: [file for file in files if _is(file, endings)] for endings in readers}
    parts = [readers[endings](found) for endings, found in kinds.items() if found]
    return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")


def files_of(path: str) -> list[Path]:
    """Files that a path, glob or folder means, by name; in folders none that is hidden or marks a state (_SUCCESS)."""
    found = [Path(match) for match in glob(path, recursive=True)]
    inside = (file for folder in found if folder.is_dir() for file in folder.rglob("*") if file.is_file())
    plain = [file for file in inside if not file.name.startswith((".", "_")) and file.suffix != CHECKSUM]
    return sorted({*plain, *(file for file in found if not file.is_dir() and file.suffix != CHECKSUM)})


def _is(file: Path, endings: tuple[str, ...]) -> bool:
    return file.name.lower().endswith(endings)


def _workbooks(where: str, files: Sequence[Path]) -> pl.LazyFrame:
    return pl.concat([_workbook(f"{where} {file}", file) for file in files]).lazy()


def _workbook(place: str, file: Path) -> pl.DataFrame:
    """The rows of the first sheet of a workbook that hold anything, every cell as text."""
    try:
        book = fastexcel.read_excel(file)
        header = book.load_sheet(0, header_row=None, n_rows=1, dtypes="string").to_polars()
        rows = book.load_sheet(0, dtypes="string").to_polars()
    except fastexcel.FastExcelError:
        raise DataError(f"{place}: cannot be read as a workbook. Save it as .xlsx again.") from None
    if not rows.width:
        raise DataError(f"{place}: the first sheet is empty. Export it again.")
    _refuse_repeated(place, [name for name in header.row(0) if name is not None])
    return rows.filter(pl.any_horizontal(pl.all().is_not_null()))


def _refuse_altered(place: str, file: Path) -> None:
    """Refuse a file that is not what its checksum was made of: nothing else tells a flipped bit or a missing end."""
    checksum = Path(f"{file}{CHECKSUM}")
    if not checksum.exists():
        raise DataError(f"{place}: no {checksum.name} beside it. Export it with its checksum, by `sha256sum`.")
    if checksum.read_bytes().split()[:1] != [sha256_of(file).encode()]:
        raise DataError(f"{place}: not what {checksum.name} was made of: cut, damaged or altered. Export both again.")


def _refuse_damaged(place: str, file: Path) -> None:
    """Refuse a Parquet file that does not decode, or whose pages differ from their checksums where it has any.

    polars looks at no checksums, and a flipped bit can make it end the whole process. 5 M rows of 4 columns: 0.4 s.
    """
    try:
        with pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False) as pages:
            for _ in pages.iter_batches():
                pass
    except NotImplementedError:  # a type that polars alone knows
        pass
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if getattr(error, "errno", None):
            raise  # the disk, the rights
        raise DataError(f"{place}: cannot be read, it is cut or damaged. Export it again.") from None


def refuse_malformed(place: str, file: str, separator: str) -> None:
    """Refuse, by `place` and line, what polars would mend in silence: repeated headers, rows cut short."""
    with _opener(file)(file, "rt", encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter=separator)
        try:
            header = next(rows, [])
            if not header:
                raise DataError(f"{place}: the file is empty. Export it again.")
            _refuse_repeated(place, header)
            width = len(header)
            for row in rows:
                if len(row) != width and row:
                    raise DataError(
                        f"{place}: line {rows.line_num} has {len(row)} fields, the header {width}. Look for a "
                        "separator or a line break that is not quoted, or a line that was cut."
                    )
        except csv.Error as error:
            raise DataError(f"{place}: line {rows.line_num}: {error}. Look for a quote not closed.") from None
        except UnicodeDecodeError:
            line = _first_line_not_utf8(file)
            raise DataError(f"{place}: line {line} is not UTF-8 text. Export the file as UTF-8.") from None


def _refuse_repeated(place: str, header: Sequence[str]) -> None:
    repeated = [str(place) for place, name in enumerate(header, start=1) if header.count(name) > 1]
    if repeated:
        raise DataError(f"{place}: line 1 repeats a name, in columns {', '.join(repeated)}. Rename the columns.")


def _opener(file: str) -> Callable[..., Any]:
    return gzip.open if file.lower().endswith(".gz") else open


def _first_line_not_utf8(file: str) -> int:
    with _opener(file)(file, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1  # a character cut by the end of the file is found above
