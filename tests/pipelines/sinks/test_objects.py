"""Publications on a real S3-compatible server: all files, the manifest last, then the pointer."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pyarrow import fs

from configs.errors import ConfigError, PublishError
from configs.settings import Settings
from pipelines.erase import erase
from pipelines.object_storage import storage
from pipelines.sinks.objects import ObjectSink
from pipelines.sinks.send import send
from pipelines.storage import MANIFEST, hashes_below, sha256_of
from tests.pipelines.sinks.conftest import DAY, Publish, with_sinks

BEFORE = DAY - timedelta(days=1)


def silent(_: str) -> None: ...


@pytest.fixture
def there(bucket: str) -> Callable[[], dict[str, bytes]]:
    """Everything below the prefix, by name."""

    def read() -> dict[str, bytes]:
        remote, prefix = storage(), f"{bucket}/lists"
        found = remote.get_file_info(fs.FileSelector(prefix, recursive=True, allow_not_found=True))
        return {
            info.path.removeprefix(f"{prefix}/"): remote.open_input_stream(info.path).read()
            for info in found
            if info.type is fs.FileType.File
        }

    return read


There = Callable[[], dict[str, bytes]]


def test_a_day_is_held_byte_for_byte(to_objects: Settings, publish: Publish, there: There) -> None:
    done = publish(A1=0.75)

    assert send(to_objects, DAY, silent) == 1

    objects = there()
    pointer = json.loads(objects.pop("publications.json"))
    folder = pointer["days"]["2026-06-15"]["folder"]
    assert pointer["current"] == "2026-06-15" and folder.startswith("2026-06-15/1-")
    files = [*hashes_below(done), MANIFEST]
    assert objects == {f"{folder}/{file}": (done / file).read_bytes() for file in files}
    assert pointer["days"]["2026-06-15"]["sha256"] == sha256_of(done / MANIFEST)


def test_the_manifest_comes_last_then_the_pointer(
    to_objects: Settings, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    sink = ObjectSink(to_objects)

    class Watched:
        """The storage, which remembers what was written in which order."""

        def __getattr__(self, name: str) -> Any:
            return getattr(storage(), name)

        def open_output_stream(self, path: str, **more: Any) -> Any:
            written.append(path.rpartition("/")[2])
            return storage().open_output_stream(path, **more)

    sink.remote = Watched()  # type: ignore[assignment]
    publish(A1=0.75)
    monkeypatch.setattr("pipelines.sinks.send.ObjectSink", lambda settings: sink)

    send(to_objects, DAY, silent)

    assert written == ["index.html", "risk_list.parquet", "scores.parquet", "manifest.json", "publications.json"]


def test_a_run_again_replaces_the_day_and_an_older_one_never_becomes_current(
    to_objects: Settings, publish: Publish, there: There
) -> None:
    publish(DAY, A1=0.75)
    assert [send(to_objects, DAY, silent), send(to_objects, DAY, silent)] == [1, 0]
    publish(DAY, A1=0.5)
    publish(BEFORE, A1=0.25)

    assert send(to_objects, DAY, silent) == 2

    objects = there()
    pointer = json.loads(objects.pop("publications.json"))
    assert pointer["current"] == "2026-06-15" and sorted(pointer["days"]) == ["2026-06-14", "2026-06-15"]
    assert pointer["days"]["2026-06-15"]["folder"].startswith("2026-06-15/2-")
    named = tuple(f"{day['folder']}/" for day in pointer["days"].values())
    assert all(name.startswith(named) for name in objects) and len(objects) == 8  # 4 files a day, of the first run none


def test_a_storage_that_fails_amid_a_day_is_made_up_for(
    to_objects: Settings, publish: Publish, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(A1=0.75)
    send(to_objects, DAY, silent)
    before = there()
    done = publish(A1=0.5)
    upload = ObjectSink._upload

    def fail_at_the_manifest(sink: ObjectSink, file: Any, name: str) -> None:
        if file.name == MANIFEST:
            raise OSError("When uploading: AWS Error SERVICE_UNAVAILABLE: anna-schmidt.html")
        upload(sink, file, name)

    with monkeypatch.context() as patch:
        patch.setattr(ObjectSink, "_upload", fail_at_the_manifest)
        with pytest.raises(PublishError, match=r"not sent. \[publication\] objects: .*SERVICE_UNAVAILABLE") as said:
            send(to_objects, DAY, silent)
    assert said.value.exit_code == 7 and "anna" not in str(said.value)
    assert before.items() <= there().items()
    assert (to_objects.root / "published" / "current").resolve() == done

    assert send(to_objects, DAY, silent) == 1
    assert json.loads(there()["publications.json"])["days"]["2026-06-15"]["sha256"] == sha256_of(done / MANIFEST)


def test_one_sink_that_is_away_does_not_keep_the_other(
    to_database: Settings, bucket: str, publish: Publish, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.database.time.sleep", lambda seconds: None)
    monkeypatch.setenv("LISTS_DATABASE", "postgresql://127.0.0.1:1/lists")
    publish(A1=0.75)

    with pytest.raises(PublishError, match=r"\[publication\] database"):
        send(with_sinks(to_database, objects=f"s3://{bucket}/lists"), DAY, silent)

    assert "publications.json" in there()


def test_days_beyond_retention_are_removed(to_objects: Settings, publish: Publish, there: There) -> None:
    old = DAY - timedelta(days=31)
    publish(old, A1=0.75)
    publish(DAY, A1=0.75)
    send(to_objects, DAY, silent)
    (to_objects.root / "published" / old.isoformat()).unlink()
    retention = to_objects.retention.model_copy(update={"published_days": 30})

    send(to_objects.model_copy(update={"retention": retention}), DAY, silent)

    assert {name.split("/")[0] for name in there()} == {"2026-06-15", "publications.json"}


def test_who_is_erased_is_gone_from_there_as_well(to_objects: Settings, publish: Publish, there: There) -> None:
    publish(XYZZY=0.75, B2=0.25)
    send(to_objects, DAY, silent)
    assert any(b"XYZZY" in content for content in there().values())

    erase(to_objects, "XYZZY", DAY, silent)

    assert not any(b"XYZZY" in content for content in there().values())


def test_another_address_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTS", "gs://bucket/lists")

    with pytest.raises(ConfigError, match="It begins with"):
        ObjectSink(with_sinks(settings, objects="${LISTS}"))
