"""Text files: their encoding and separator, and refusing by line what polars would mend in silence."""

import codecs
import csv
import gzip
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from configs.errors import DataError

OTHER_SEPARATORS = {";": ";", "\t": "\\t", "|": "|", ",": ","}  # each as it stands in TOML


def checked_text(place: str, file: Path, separator: str, encoding: str, copies: Path) -> Path:
    """The file itself or, since polars reads UTF-8 alone, its copy as such below `copies`, made once.

    Raises DataError, by `place` and line, for what `refuse_malformed` refuses.
    """
    refuse_malformed(place, str(file), separator, encoding)
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        return file
    copy = copies / file.resolve().relative_to(file.anchor or "/")
    if copy.suffix == ".gz":
        copy = copy.with_suffix("")
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        with _opener(str(file))(file, "rt", encoding=encoding, newline="") as there:
            with copy.open("w", encoding="utf-8", newline="") as here:
                shutil.copyfileobj(there, here)
    return copy


def refuse_malformed(place: str, file: str, separator: str, encoding: str = "utf-8") -> None:
    """Refuse, by `place` and line, another separator or encoding, repeated headers, rows cut short."""
    readable_as = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    with _opener(file)(file, "rt", encoding=readable_as, newline="") as text:
        rows = csv.reader(text, delimiter=separator)
        try:
            header = next(rows, [])
            if not header:
                raise DataError(f"{place}: the file is empty. Export it again.")
            refuse_repeated(place, header)
            _refuse_other_separator(place, header)
            width = len(header)
            for row in rows:
                if len(row) != width and row:
                    raise DataError(
                        f"{place}: line {rows.line_num} has {len(row)} fields, the header {width}. Look for a "
                        "separator or a line break that is not quoted, or a line that was cut."
                    )
        except csv.Error as error:
            raise DataError(f"{place}: line {rows.line_num}: {error}. Look for a quote not closed.") from None
        except UnicodeError:
            line = _first_line_not_in(file, encoding)
            raise DataError(
                f"{place}: line {line} is not {encoding.upper()} text. Export it as UTF-8, or name its `encoding`."
            ) from None


def refuse_repeated(place: str, header: Sequence[str]) -> None:
    """Refuse a header that names two columns alike."""
    repeated = [str(place) for place, name in enumerate(header, start=1) if header.count(name) > 1]
    if repeated:
        raise DataError(f"{place}: line 1 repeats a name, in columns {', '.join(repeated)}. Rename the columns.")


def _refuse_other_separator(place: str, header: Sequence[str]) -> None:
    found = [shown for character, shown in OTHER_SEPARATORS.items() if len(header) == 1 and character in header[0]]
    if found:
        raise DataError(f'{place}: line 1 is one column by the separator used. Set `separator = "{found[0]}"`.')


def _opener(file: str) -> Callable[..., Any]:
    return gzip.open if file.lower().endswith(".gz") else open


def _first_line_not_in(file: str, encoding: str) -> int:
    decoder = codecs.getincrementaldecoder(encoding)()
    with _opener(file)(file, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                decoder.decode(line)
            except UnicodeError:
                return number
    return 1  # a character cut by the end of the file is found above
