"""Reading raw sources and mapping them, by Polars SQL, to the columns of a canonical table."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from configs.errors import ConfigError, DataError, DependencyError
from configs.load import expand_environment
from configs.sources import Source
from pipelines.database import read_database
from pipelines.storage import WRITE_ERRORS, disk_error, sha256_of

CSV_ENDINGS = (".csv", ".csv.gz", ".txt", ".tsv")
QUOTED_FROM_DATA = re.compile(r"; valid columns: |(?<=value): \[|(?<=values): \[|(?<=schema names differ): ")


def scan(table: str, source: Source, root: Path, fetched: Path) -> pl.LazyFrame:
    """The rows of `source` after its SQL, lazily; every CSV column is text, so that ids such as 00123 survive.

    In the path `{root}` stands for `root`, the folder under which everything is written, ${NAME} for the environment.
    What lies elsewhere is brought to the folder `fetched`, once: whoever asks again is given the same rows.

    Raises DataError for files that are missing, unreadable or lack a column, ConfigError for wrong SQL,
    DependencyError where a database does not answer.
    """
    where = f"[sources.{table}]"
    with readable(where, source):
        rows = (
            _from_files(where, expand_environment(source.path).replace("{root}", str(root)), source.sha256)
            if source.path is not None
            else read_database(where, source, fetched / f"{table}.parquet")
        )
        if source.sql is not None:
            rows = pl.SQLContext(source=rows).execute(source.sql)
        rows.collect_schema()
    return rows


@contextmanager
def readable(where: str, source: Source) -> Generator[None]:
    """Turn what polars raises about a source into errors that name the file and the fix, without any cell's value."""
    place = f"{where} {source.path or '(database)'}"
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{place}: no such file, seen from {Path.cwd()}. Mend `path`.") from None
    except (OSError, EOFError, zlib.error) as error:
        kind = type(error).__name__
        if "://" in (source.path or ""):
            raise DependencyError(f"{place}: the object store did not answer ({kind}). Check its address.") from None
        if isinstance(error, OSError) and error.errno in WRITE_ERRORS:
            raise
        raise DataError(f"{place}: cannot be read ({kind}). Check the file, or export it again.") from None
    except pl.exceptions.NoDataError:
        raise DataError(f"{place}: the file is empty. Export it again.") from None
    except pl.exceptions.ColumnNotFoundError as error:
        raise DataError(f"{place}: {_first_line(error)}. Mend `sql`, or restore the column.") from None
    except (pl.exceptions.SQLInterfaceError, pl.exceptions.SQLSyntaxError) as error:
        raise ConfigError(f"{where} sql: {_first_line(error)}. Mend the Polars SQL (the table is `source`).") from None
    except pl.exceptions.PanicException:  # a damaged file may hold what polars never expects
        raise DataError(f"{place}: cannot be read, it is damaged. Export it again.") from None
    except pl.exceptions.PolarsError as error:
        if disk_error(error) is not None:
            raise  # the output could not be written, which is no fault of the source
        raise DataError(f"{place}: cannot be read: {_first_line(error)}. Check the file, or mend `sql`.") from None


def _from_files(where: str, path: str, sha256: bool) -> pl.LazyFrame:
    local = "://" not in path
    if local and not glob(path, recursive=True):
        raise FileNotFoundError(path)
    for file in glob(path, recursive=True) if sha256 else []:
        _refuse_altered(f"{where} {file}", Path(file))
    name = path.lower()
    if name.endswith(CSV_ENDINGS):
        for file in glob(path, recursive=True) if local else []:
            refuse_malformed(f"{where} {file}", file, _separator(file))
        return pl.scan_csv(path, infer_schema=False, separator=_separator(path))
    if name.endswith((".parquet", ".pq")) or (local and Path(path).is_dir()):
        for file in _parquet_files(path) if local else []:
            _refuse_damaged(f"{where} {file}", file)
        return pl.scan_parquet(path)
    raise ConfigError(f"{where} path: not a kind of file that is read. Use .csv, .csv.gz, .tsv or .parquet.")


def _refuse_altered(place: str, file: Path) -> None:
    """Refuse a file that is not what its checksum was made of: nothing else tells a flipped bit or a missing end."""
    if file.is_dir():
        raise ConfigError(f'{place}: `sha256` is for files, not for a folder. Name them by a glob: "{file}/*.parquet".')
    checksum = Path(f"{file}.sha256")
    if not checksum.exists():
        raise DataError(f"{place}: no {checksum.name} beside it. Export it with its checksum, by `sha256sum`.")
    if checksum.read_bytes().split()[:1] != [sha256_of(file).encode()]:
        raise DataError(f"{place}: not what {checksum.name} was made of: cut, damaged or altered. Export both again.")


def _parquet_files(path: str) -> list[Path]:
    """Files that a path, glob or folder means."""
    found = [Path(file) for file in glob(path, recursive=True)]
    return [file for one in found for file in (sorted(one.rglob("*.parquet")) if one.is_dir() else [one])]


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
            repeated = [str(place) for place, name in enumerate(header, start=1) if header.count(name) > 1]
            if not header:
                raise DataError(f"{place}: the file is empty. Export it again.")
            if repeated:
                raise DataError(
                    f"{place}: line 1 repeats a name, in columns {', '.join(repeated)}. Rename the columns."
                )
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


def _separator(file: str) -> str:
    return "\t" if file.lower().endswith(".tsv") else ","


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


def _first_line(error: Exception) -> str:
    """First line of a polars message, without what it quotes from the data: of a file without header even the names."""
    unquoted = re.sub(r"could not parse `.*` as dtype", "could not parse a value as dtype", str(error), flags=re.DOTALL)
    return QUOTED_FROM_DATA.split(unquoted.split("\n", 1)[0])[0].rstrip(".")
