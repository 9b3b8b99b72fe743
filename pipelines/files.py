"""Files of a source: which ones a path means, and reading each kind as it is or refusing it by name and place."""

from collections.abc import Collection, Sequence
from glob import glob
from pathlib import Path

import fastexcel
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from configs.errors import ConfigError, DataError
from configs.sources import Source
from pipelines.storage import sha256_of
from pipelines.text import checked_text, refuse_repeated

PARQUET = (".parquet", ".pq")
COMMAS = (".csv", ".csv.gz", ".txt")
TABS = (".tsv", ".tsv.gz")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
CHECKSUM = ".sha256"


def scan_files(
    where: str, path: str, source: Source, copies: Path, names: Collection[str] | None = None
) -> pl.LazyFrame:
    """The rows of all files that `path` (a file, a folder, or a glob of these) means, of whatever kinds.

    `source`: whether they have checksums, and the separator and encoding of text files. `copies`: folder for text
    files that must be copied as UTF-8 first. `names`: of all files those to read; None: all.
    Of text files and workbooks every cell is text; where files of several kinds differ in the type of a column, it
    becomes text. Raises FileNotFoundError where there are none, ConfigError for other kinds, DataError for files that
    are damaged, ambiguous, or not what their checksum was made of.
    """
    files = [file for file in files_of(path) if names is None or str(file) in names]
    if not files:
        raise FileNotFoundError(path)
    plain: list[Path] = []
    for file in files:
        place = f"{where} {file}"
        if source.sha256:
            _refuse_altered(place, file)
        if _is(file, PARQUET):
            _refuse_damaged(place, file)
        elif _is(file, COMMAS + TABS):
            file = checked_text(place, file, separator_of(source, str(file)), source.encoding, copies)
        elif not _is(file, WORKBOOKS):
            raise ConfigError(f"{place}: not a kind of file that is read. Use .csv, .csv.gz, .tsv, .parquet or .xlsx.")
        plain.append(file)
    if names is None and Path(path).is_dir() and all(_is(file, PARQUET) for file in files):
        return pl.scan_parquet(
            path
        )  # by the folder's name, so that those of partitions (day=2026-01-01) become columns
    parts = []
    for endings in (PARQUET, COMMAS, TABS, WORKBOOKS):
        if not (alike := [file for file in plain if _is(file, endings)]):
            continue
        if endings is PARQUET:
            parts.append(pl.scan_parquet(alike))
        elif endings is WORKBOOKS:
            parts.append(_workbooks(where, alike))
        else:
            parts.append(pl.scan_csv(alike, infer_schema=False, separator=separator_of(source, str(alike[0]))))
    return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")


def separator_of(source: Source, path: str) -> str:
    """What stands between the cells of a text file of `source`: as configured, else by the file's name."""
    return source.separator or ("\t" if path.lower().endswith(TABS) else ",")


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
    refuse_repeated(place, [name for name in header.row(0) if name is not None])
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
