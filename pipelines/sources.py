"""Reading raw sources and mapping them, by Polars SQL, to the columns of a canonical table."""

import csv
import gzip
import re
from collections.abc import Generator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import polars as pl

from configs.errors import ConfigError, DataError, DependencyError
from configs.load import expand_environment
from configs.settings import Source

CSV_ENDINGS = (".csv", ".csv.gz", ".txt", ".tsv")


def scan(table: str, source: Source, root: Path) -> pl.LazyFrame:
    """The rows of `source` after its SQL, lazily; every CSV column is text, so that ids such as 00123 survive.

    `{root}` in the path stands for `root`, the folder under which everything is written.

    Raises DataError for files that are missing, unreadable or lack a column, ConfigError for wrong SQL,
    DependencyError where a database does not answer.
    """
    where = f"[sources.{table}]"
    with readable(where, source):
        rows = (
            _from_files(where, source.path.replace("{root}", str(root)))
            if source.path is not None
            else _from_database(where, source)
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
    except pl.exceptions.NoDataError:
        raise DataError(f"{place}: the file is empty. Export it again.") from None
    except pl.exceptions.ColumnNotFoundError as error:
        raise DataError(f"{place}: {_first_line(error)}. Mend `sql`, or restore the column.") from None
    except (pl.exceptions.SQLInterfaceError, pl.exceptions.SQLSyntaxError) as error:
        raise ConfigError(f"{where} sql: {_first_line(error)}. Mend the Polars SQL (the table is `source`).") from None
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{place}: cannot be read: {_first_line(error)}. Check the file, or mend `sql`.") from None


def _from_files(where: str, path: str) -> pl.LazyFrame:
    local = "://" not in path
    if local and not glob(path, recursive=True):
        raise FileNotFoundError(path)
    name = path.lower()
    if name.endswith(CSV_ENDINGS):
        for file in glob(path, recursive=True) if local else []:
            _refuse_repeated_header(where, file)
        separator = "\t" if name.endswith(".tsv") else ","
        return pl.scan_csv(path, infer_schema=False, separator=separator)
    if name.endswith((".parquet", ".pq")) or (local and Path(path).is_dir()):
        return pl.scan_parquet(path)
    raise ConfigError(f"{where} path = {path!r}: not a kind of file that is read. Use .csv, .csv.gz, .tsv or .parquet.")


def _refuse_repeated_header(where: str, file: str) -> None:
    """Polars renames repeated headers in silence, and the second column would be lost."""
    opened = gzip.open(file, "rt", errors="replace") if file.endswith(".gz") else open(file, errors="replace")
    with opened as text:
        header = next(csv.reader(text, delimiter="\t" if file.endswith(".tsv") else ","), [])
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise DataError(f"{where} {file}: line 1 names {', '.join(repeated)} more than once. Rename the columns.")


def _from_database(where: str, source: Source) -> pl.LazyFrame:
    assert source.uri is not None and source.query is not None  # held by Source
    address = expand_environment(source.uri)
    try:
        return pl.read_database_uri(source.query, address, engine="adbc").lazy()
    except Exception as error:  # every driver has errors of its own, and their texts may hold the password
        raise DependencyError(
            f"{where}: the database did not answer the query ({type(error).__name__}). Check that it runs, that the "
            f"address in {source.uri!r} is right, and that `query` is valid SQL there."
        ) from None


def _first_line(error: Exception) -> str:
    """First line of a polars message, cut before any value that it quotes from the data."""
    line = str(error).split("\n", 1)[0]
    return re.split(r"(?<=values): \[|`[^`]*` failed|: \[", line)[0].rstrip(".")
