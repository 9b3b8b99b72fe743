"""Reading raw sources and mapping them, by Polars SQL, to the columns of a canonical table."""

import re
import zlib
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from configs.errors import ConfigError, DataError, DependencyError
from configs.load import expand_environment
from configs.sources import Source
from pipelines.database import read_database
from pipelines.files import PARQUET, files_of, scan_files, separator_of
from pipelines.object_storage import ADDRESS, answering, fetch, objects, storage
from pipelines.storage import WRITE_ERRORS, disk_error

QUOTED_FROM_DATA = re.compile(r"; valid columns: |(?<=value): \[|(?<=values): \[|(?<=schema names differ): ")


def scan(table: str, source: Source, root: Path, fetched: Path, names: Collection[str] | None = None) -> pl.LazyFrame:
    """The rows of `source` after its SQL, lazily; every CSV column is text, so that ids such as 00123 survive.

    In the path `{root}` stands for `root`, the folder under which everything is written, ${NAME} for the environment.
    What lies elsewhere is brought to the folder `fetched`, once: whoever asks again is given the same rows.
    `names`: of all files, those to read, named as `listed` does; None: all.

    Raises DataError for files that are missing, unreadable or lack a column, ConfigError for wrong SQL,
    DependencyError where a database does not answer.
    """
    where = f"[sources.{table}]"
    with readable(where, source):
        rows = (
            _from_files(where, source, address_of(source, root), fetched / table, names)
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


def address_of(source: Source, root: Path) -> str:
    """The path of a source with everything filled in."""
    return expand_environment(source.path or "").replace("{root}", str(root))


def listed(table: str, source: Source, root: Path) -> dict[str, list[int]]:
    """Files of a source by name: size in bytes, and when it was written, in ns since 1970."""
    path, where = address_of(source, root), f"[sources.{table}] {source.path}"
    if not path.startswith(ADDRESS):
        return {str(file): [file.stat().st_size, file.stat().st_mtime_ns] for file in files_of(path)}
    with answering(where):
        return {info.path: [info.size, info.mtime_ns] for info in objects(storage(), path)[1]}


def _from_files(where: str, source: Source, path: str, fetched: Path, names: Collection[str] | None) -> pl.LazyFrame:
    copies = fetched.with_name(f"{fetched.name}-utf8")
    if path.startswith(ADDRESS):
        return scan_files(where, str(fetch(f"{where} {source.path}", path, fetched, names)), source, copies)
    if "://" not in path:
        return scan_files(where, path, source, copies, names)
    if path.lower().endswith(PARQUET):
        return pl.scan_parquet(path)
    return pl.scan_csv(path, infer_schema=False, separator=separator_of(source, path))


def _first_line(error: Exception) -> str:
    """First line of a polars message, without what it quotes from the data: of a file without header even the names."""
    unquoted = re.sub(r"could not parse `.*` as dtype", "could not parse a value as dtype", str(error), flags=re.DOTALL)
    return QUOTED_FROM_DATA.split(unquoted.split("\n", 1)[0])[0].rstrip(".")
