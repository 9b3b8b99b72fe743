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

from configs.errors import ConfigError, DataError, DependencyError
from configs.load import expand_environment
from configs.settings import Source
from pipelines.database import read_database
from pipelines.storage import WRITE_ERRORS, disk_error

CSV_ENDINGS = (".csv", ".csv.gz", ".txt", ".tsv")
QUOTED_FROM_DATA = re.compile(r"; valid columns: |(?<=value): \[|(?<=values): \[|(?<=schema names differ): ")


def scan(table: str, source: Source, root: Path) -> pl.LazyFrame:
    """The rows of `source` after its SQL, lazily; every CSV column is text, so that ids such as 00123 survive.

    In the path `{root}` stands for `root`, the folder under which everything is written, ${NAME} for the environment.

    Raises DataError for files that are missing, unreadable or lack a column, ConfigError for wrong SQL,
    DependencyError where a database does not answer.
    """
    where = f"[sources.{table}]"
    with readable(where, source):
        rows = (
            _from_files(where, expand_environment(source.path).replace("{root}", str(root)))
            if source.path is not None
            else read_database(where, source)
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
    except pl.exceptions.PolarsError as error:
        if disk_error(error) is not None:
            raise  # the output could not be written, which is no fault of the source
        raise DataError(f"{place}: cannot be read: {_first_line(error)}. Check the file, or mend `sql`.") from None


def _from_files(where: str, path: str) -> pl.LazyFrame:
    local = "://" not in path
    if local and not glob(path, recursive=True):
        raise FileNotFoundError(path)
    name = path.lower()
    if name.endswith(CSV_ENDINGS):
        for file in glob(path, recursive=True) if local else []:
            refuse_malformed(f"{where} {file}", file, _separator(file))
        return pl.scan_csv(path, infer_schema=False, separator=_separator(path))
    if name.endswith((".parquet", ".pq")) or (local and Path(path).is_dir()):
        return pl.scan_parquet(path)
    raise ConfigError(f"{where} path: not a kind of file that is read. Use .csv, .csv.gz, .tsv or .parquet.")


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
