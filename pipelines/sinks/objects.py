"""Publications under a prefix on object storage: all files of a day, its manifest last, then the pointer.

`publications.json` is the pointer: `days` (date -> `folder` below the prefix, `sha256` of the manifest in it) and
`current`, the latest of them, so that an older day that is published again never becomes current. It is replaced in one
step, and what it no longer names is removed after that.
"""

import json
import mimetypes
import shutil
from datetime import date
from pathlib import Path

from pyarrow import fs

from configs.errors import ConfigError
from configs.load import expand_environment
from configs.settings import Settings
from pipelines.object_storage import ADDRESS, answering, storage
from pipelines.outreach.history import Published
from pipelines.storage import MANIFEST

WHERE = "[publication] objects"
POINTER = "publications.json"


class ObjectSink:
    """The prefix `publication.objects`. Its methods raise DependencyError where the storage does not answer."""

    def __init__(self, settings: Settings) -> None:
        address = expand_environment(settings.publication.objects or "")
        if not address.startswith(ADDRESS):
            raise ConfigError(f'{WHERE}: not an address of object storage. It begins with "s3://".')
        self.prefix = address.removeprefix(ADDRESS).rstrip("/")
        self.remote = storage()

    def held(self) -> dict[date, str]:
        """Days held, each with the SHA-256 of its manifest."""
        with answering(WHERE):
            return {date.fromisoformat(day): there["sha256"] for day, there in self._days().items()}

    def put(self, published: Published) -> None:
        """Hold this publication in place of what was held of its day."""
        day = published.day.isoformat()
        folder = f"{day}/{published.folder.name}-{published.fingerprint[:12]}"
        files = sorted(path for path in published.folder.rglob("*") if path.is_file())
        with answering(WHERE):
            for file in sorted(files, key=lambda path: path == published.folder / MANIFEST):
                self._upload(file, f"{folder}/{file.relative_to(published.folder).as_posix()}")
            self._point(self._days() | {day: {"folder": folder, "sha256": published.fingerprint}})
            self._remove_all_of(day, keep=folder)

    def remove(self, day: date) -> None:
        """Hold nothing of this day any more."""
        with answering(WHERE):
            self._point({name: there for name, there in self._days().items() if name != day.isoformat()})
            self._remove_all_of(day.isoformat())

    def _days(self) -> dict[str, dict[str, str]]:
        path = f"{self.prefix}/{POINTER}"
        if self.remote.get_file_info(path).type is fs.FileType.NotFound:
            return {}
        with self.remote.open_input_stream(path) as stream:
            return json.loads(stream.read())["days"]

    def _point(self, days: dict[str, dict[str, str]]) -> None:
        content = {"current": max(days, default=None), "days": days}
        with self.remote.open_output_stream(f"{self.prefix}/{POINTER}") as stream:
            stream.write(json.dumps(content, indent=2, sort_keys=True).encode())

    def _upload(self, file: Path, name: str) -> None:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        target = self.remote.open_output_stream(f"{self.prefix}/{name}", metadata={"Content-Type": kind})
        with file.open("rb") as source, target:
            shutil.copyfileobj(source, target, 1 << 20)

    def _remove_all_of(self, day: str, keep: str = "") -> None:
        below = fs.FileSelector(f"{self.prefix}/{day}", recursive=True, allow_not_found=True)
        for info in self.remote.get_file_info(below):
            if info.type is fs.FileType.File and not (keep and info.path.startswith(f"{self.prefix}/{keep}/")):
                self.remote.delete_file(info.path)
