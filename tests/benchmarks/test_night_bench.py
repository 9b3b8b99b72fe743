"""The tables of the benchmarks of a whole night and of Dask workers, by numbers in sight."""

import time

import pytest

from tests.benchmarks import night, scale


def took(seconds: float, work: float, mib: float) -> dict[str, float]:
    return {"seconds": seconds, "cpu_seconds": work, "peak_mib": mib}


def test_stages_add_up_and_the_highest_peak_counts() -> None:
    found = {name: took(2, 3, 512) for name in night.COUNTED} | {"score": took(10, 15, 2048), "monitor": took(9, 9, 9)}

    lines = night.table(found, {"read": took(0.2, 0.3, 1024), "predict": took(3, 5, 512)})

    assert lines[7] == "| **to the publication** | 18.0 | 27.0 | 2.0 GiB |"
    assert lines[8:] == [
        "| (monitor) | 9.0 | 9.0 | 0.0 GiB |",
        "| reading three columns | 0.2 | 0.3 | 1.0 GiB |",
        "| predicting | 3.0 | 5.0 | 0.5 GiB |",
    ]


def test_a_stage_is_measured_each_time_it_runs() -> None:
    found: dict[str, dict[str, float]] = {}
    for _ in range(2):
        with night.measured(found, "sleeping"):
            time.sleep(0.05)
    assert found["sleeping"]["seconds"] == pytest.approx(0.1, abs=0.08)
    assert found["sleeping"]["peak_mib"] > 10


def test_the_work_of_workers_counts() -> None:
    here = {"ingest": took(10, 15, 1024), "score": took(20, 30, 2048), "workers_mib": [], "moved_per_bucket": 0}
    dask = here | {"workers_mib": [512, 768], "workers_cpu": 40, "moved_per_bucket": 2048}

    lines = scale.table({"here": here, "2 workers": dask})

    assert lines[2] == "| here | 10.0 s | 20.0 s | 45.0 s | 2.0 GiB |  |  |"
    assert lines[3] == "| 2 workers | 10.0 s | 20.0 s | 85.0 s | 2.0 GiB | 0.8 GiB | 2 KiB |"
