"""Buckets worked on in this process and by Dask workers: the same results, whoever dies or fails on the way."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from configs.engine import Engine
from configs.errors import DataError, DependencyError
from pipelines.engine import OF_A_WORKER, client, each_bucket

DASK = Engine(kind="dask", workers=2)


@pytest.fixture(scope="module", autouse=True)
def workers() -> Iterator[None]:
    """Ends the workers after these tests."""
    yield
    client(DASK).cluster.close()
    client(DASK).close()
    client.cache_clear()


@pytest.mark.parametrize("engine", [Engine(), DASK])
def test_results_come_in_the_order_of_the_buckets(engine: Engine) -> None:
    def step(bucket: int) -> int:
        time.sleep(0.2 if bucket == 0 else 0)  # the first is ready last
        return bucket * bucket

    assert list(each_bucket(engine, 5, step)) == [0, 1, 4, 9, 16]


def test_buckets_are_spread_over_processes_of_one_core_each() -> None:
    def step(_bucket: int) -> tuple[int, dict[str, str | None]]:
        time.sleep(0.2)
        return os.getpid(), {name: os.environ.get(name) for name in OF_A_WORKER}

    found = list(each_bucket(DASK, 8, step))
    assert len({process for process, _ in found} - {os.getpid()}) == 2
    assert all(environment == OF_A_WORKER for _, environment in found)


def test_a_worker_that_is_killed_is_replaced_and_its_buckets_are_worked_on_again(tmp_path: Path) -> None:
    def step(bucket: int) -> int:
        (tmp_path / f"{bucket}-{os.getpid()}").touch()
        if bucket == 3 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return bucket

    assert list(each_bucket(DASK, 6, step)) == list(range(6))
    assert len(list(tmp_path.glob("3-*"))) == 2  # by two processes


@pytest.mark.parametrize("engine", [Engine(), DASK])
def test_what_a_step_raises_is_raised_and_told_to_nobody_else(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    def step(bucket: int) -> int:
        if bucket == 2:
            raise DataError("bucket 2 is bad: secret")
        return bucket

    with pytest.raises(DataError, match="bucket 2 is bad"):
        list(each_bucket(engine, 4, step))
    assert "secret" not in "".join(capfd.readouterr())


def test_a_bucket_that_kills_every_worker_ends_the_run() -> None:
    def step(_bucket: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(DependencyError, match=r"\[engine\]: the Dask workers were lost.*ingest.buckets"):
        list(each_bucket(DASK, 1, step))


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.engine.CONNECT_SECONDS", 0.5)
    with pytest.raises(DependencyError, match="tcp://127.0.0.1:9: does not answer"):
        list(each_bucket(Engine(kind="dask", scheduler="tcp://127.0.0.1:9"), 2, abs))


def test_only_this_machine_is_listened_to() -> None:
    client(DASK)
    me = psutil.Process()
    addresses = {
        one.laddr.ip
        for process in (me, *me.children(recursive=True))
        for one in process.net_connections()
        if one.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}
