"""Objects on S3-compatible storage, which the environment names in the words of Amazon's own tools.

AWS_ENDPOINT_URL is the storage where it is not Amazon's, AWS_DEFAULT_REGION its region. AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY let in, or the role of the machine.
"""

import os
import re
import shutil
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path

from pyarrow import fs

from configs.errors import DataError, DependencyError
from pipelines.storage import WRITE_ERRORS

ADDRESS = "s3://"
ATTEMPTS = 3
CONNECT_SECONDS, ANSWER_SECONDS = 8, 60
WILDCARD = re.compile(r"[*?\[]")


def storage() -> fs.S3FileSystem:
    """The storage that the environment names; nothing is asked of it yet."""
    return fs.S3FileSystem(
        endpoint_override=os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


@contextmanager
def answering(where: str) -> Generator[None]:
    """Turn what the storage's client raises into DependencyError; its texts may hold names of objects, so of people."""
    try:
        yield
    except OSError as error:
        if error.errno in WRITE_ERRORS:
            raise  # the disk here
        told = re.search(r"AWS Error (\w+)", str(error))
        raise DependencyError(
            f"{where}: the object storage did not answer ({told[1] if told else type(error).__name__}). Check that it "
            "runs, and what the environment says: AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        ) from None


def fetch(where: str, address: str, folder: Path, names: Collection[str] | None = None) -> Path:
    """Bring the objects that `address` means, by a name, a prefix or a glob, to `folder`, and return that.

    `names`: of these objects those to bring; None: all. A folder that is there already is what was brought before.
    Raises DataError where there is no such object, DependencyError where the storage does not answer after three
    attempts.
    """
    if folder.exists():
        return folder
    remote = storage()
    with answering(where):
        base, found = objects(remote, address)
        if not found:
            raise DataError(f"{where}: no such object. Mend `path`.")
        for info in found if names is None else [info for info in found if info.path in names]:
            file = folder / info.path.removeprefix(base).lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            with remote.open_input_stream(info.path) as source, file.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            if file.stat().st_size != info.size:
                raise DataError(f"{where}: an object was replaced while it was read. Run again once all are written.")
    return folder


def objects(remote: fs.S3FileSystem, address: str) -> tuple[str, list[fs.FileInfo]]:
    """What `address` (a name, a prefix, or a glob) means: the folder that all lie in, and the objects by name."""
    path = address.removeprefix(ADDRESS).rstrip("/")
    glob = WILDCARD.search(path)
    base = path[: path.rindex("/", 0, glob.start())] if glob else path
    if not glob and remote.get_file_info(path).type is fs.FileType.File:
        return path.rpartition("/")[0], [remote.get_file_info(path)]
    everything = remote.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    matching = _matching(path) if glob else re.compile(re.escape(base) + "/.*")
    found = [info for info in everything if info.type is fs.FileType.File and matching.fullmatch(info.path)]
    return base, sorted(found, key=lambda info: info.path)


def _matching(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression: `**/` any folders, `*` and `?` within one name, `[...]` one of these."""
    parts = re.split(r"(\*\*/|\*|\?|\[[^\]]+\])", glob)
    known = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(p) or (p.replace("[!", "[^") if p[:1] == "[" else re.escape(p)) for p in parts))
