"""A whole night by Dask workers, one of which is killed: the same store, features, scores, reasons and lists."""

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from configs.engine import Engine
from pipelines.engine import client
from pipelines.nightly import nightly
from pipelines.storage import MANIFEST, read_json
from tests.flows.conftest import AS_OF, Company, wait_until

pytestmark = pytest.mark.slow
DASK = Engine(kind="dask", workers=2)


def test_a_night_by_workers_is_the_night_of_one_process(company: Company, tmp_path: Path) -> None:
    folders = {}
    for kind, engine in {"local": Engine(), "dask": DASK}.items():
        root = tmp_path / kind
        shutil.copytree(company.settings.root, root, symlinks=True)
        for part in ("store", "scored", "published"):
            shutil.rmtree(root / part)
        settings = company.settings.model_copy(update={"root": root, "engine": engine, "tracking": tracking(company)})
        killer = threading.Thread(target=kill_a_worker, args=(root,)) if kind == "dask" else None
        if killer:
            workers = {worker.pid for worker in client(DASK).cluster.workers.values()}
            killer.start()
        nightly(settings, company.cutoff(), company.log, explain="all")
        if killer:
            killer.join()
            assert {worker.pid for worker in client(DASK).cluster.workers.values()} != workers
            client(DASK).cluster.close()
            client(DASK).close()
            client.cache_clear()
        folders[kind] = root
    for part in ("store", "scored", "published"):
        local, dask = (read_json(folder / part / AS_OF.isoformat() / MANIFEST) for folder in folders.values())
        assert local == dask and local["files"]


def kill_a_worker(root: Path) -> None:
    """Kill one as soon as the first bucket of transactions is stored."""
    wait_until(lambda: any(root.glob("store/.staging/*/transactions/*.parquet")), 60)
    os.kill(next(iter(client(DASK).cluster.workers.values())).pid, signal.SIGKILL)


def tracking(company: Company) -> object:
    """The models of the company, wherever its copies lie."""
    return company.settings.tracking.model_copy(update={"uri": company.settings.tracking_uri})
