"""The one way to work on all buckets: in threads of this process, or on Dask, by workers in processes of their own.

Workers are given paths and small values, read and write the buckets' files themselves, and return counts, so that no
customer's row travels. A worker that dies is replaced, and its buckets are worked on again: a step only reads what
lay there before, and writes the same bytes to the same file.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from configs.engine import Engine
from configs.errors import DependencyError
from pipelines.progress import track

BUCKETS_AT_ONCE = 2  # numpy works on one core; more at once would cost memory
CONNECT_SECONDS = 30
WORKERS = 2  # started here, where the configuration names no number
# A worker works on one bucket on one core, so that as many can be started as there are cores.
OF_A_WORKER = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
Result = TypeVar("Result")


def each_bucket(engine: Engine, buckets: int, step: Callable[[int], Result]) -> Iterator[Result]:
    """`step` of every bucket number, in the order of the buckets, several at a time; progress is shown.

    Raises what a step does, and DependencyError where the Dask cluster cannot be reached or loses worker after worker.
    """
    results = _by_threads(buckets, step) if engine.kind == "local" else _by_workers(engine, buckets, step)
    return track(results, "customers", buckets)


def _by_threads(buckets: int, step: Callable[[int], Result]) -> Iterator[Result]:
    under_way: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(BUCKETS_AT_ONCE) as pool:
        for bucket in range(buckets):
            under_way.append(pool.submit(step, bucket))
            if len(under_way) >= BUCKETS_AT_ONCE:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _by_workers(engine: Engine, buckets: int, step: Callable[[int], Result]) -> Iterator[Result]:
    import cloudpickle
    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    dask = client(engine)
    # Sent once and handed on from worker to worker; a future of its own can be made anew, where a worker died with it.
    sent = dask.submit(cloudpickle.loads, cloudpickle.dumps(step), pure=False)
    futures = dask.map(_call, range(buckets), step=sent, pure=False)
    try:
        for future in futures:
            yield future.result()
    except (KilledWorker, CommClosedError, TimeoutError) as error:
        raise DependencyError(
            f"[engine]: the Dask workers were lost ({type(error).__name__}): out of memory, or stopped. Give them more "
            "memory, or the store more buckets (ingest.buckets)."
        ) from None
    finally:
        dask.cancel([*futures, sent])


def _call(bucket: int, step: Callable[[int], Result]) -> Result:
    return step(bucket)


@cache
def client(engine: Engine) -> Any:
    """The Dask client of `engine`, kept until this process ends, and with it the workers that were started here.

    Raises DependencyError where the scheduler does not answer.
    """
    from distributed import Client, LocalCluster  # take a second to import

    if engine.scheduler is not None:
        try:
            return Client(engine.scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise DependencyError(
                f"[engine] scheduler {engine.scheduler}: does not answer ({type(error).__name__}). Is it running?"
            ) from None
    cluster = LocalCluster(
        n_workers=engine.workers or WORKERS,
        threads_per_worker=1,
        host="127.0.0.1",  # whoever reaches a scheduler can run code
        dashboard_address=None,
        silence_logs=logging.CRITICAL,  # what is raised comes back here; a worker would log the rows it quotes
        env=OF_A_WORKER,
        security=True,  # of certificates made for this run: other users of the machine are kept out as well
    )
    return Client(cluster, set_as_default=False)
