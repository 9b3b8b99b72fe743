"""The benchmark of the web app: people really work, and what they wait for is told."""

import asyncio
from pathlib import Path

import pytest

from pipelines.web.board import Boards
from pipelines.web.database import Database
from pipelines.web.publication import Publications
from tests.benchmarks.web import at, company, line, measured, prepare, processor


@pytest.mark.slow
def test_people_load_lists_and_record_outcomes(tmp_path: Path) -> None:
    settings = company(tmp_path, {})

    took = asyncio.run(measured(settings, prepare(settings, 3), seconds=3))

    database = Database(settings)
    boards = Boards(Publications(settings))
    database.read(boards.read_on)
    recorded = len(boards.entries)
    database.close()
    assert set(took) == {"list", "customer", "outcome"}
    assert 0 < recorded <= len(took["outcome"])
    alone = processor(settings, times=5)
    assert alone["no page at all"] < alone["list of a manager"] < 0.2


def test_the_share_of_answers_within_a_time() -> None:
    seconds = [number / 1000 for number in range(100, 0, -1)]
    assert at(seconds, 0.5) == 0.051 and at(seconds, 0.99) == 0.1
    assert line(seconds) == "median 51 ms, p99 100 ms (100 answers)"
