"""Two nights of one day at the same instant: one publishes, the other says that the day is taken."""

import threading

import pytest

from configs.errors import LockError
from configs.settings import Settings
from tests.faults.conftest import LONG, TODAY, copy_of, night, refuse_half

pytestmark = pytest.mark.slow
RACES = 100 if LONG else 3


def test_of_two_nights_one_publishes_and_the_other_is_told(published: Settings) -> None:
    for _ in range(RACES):
        with copy_of(published) as company:
            start, refused = threading.Barrier(2), []

            def runner(company: Settings = company, start: threading.Barrier = start, refused: list = refused) -> None:
                start.wait()
                try:
                    night(company)
                except LockError as error:
                    refused.append(error.exit_code)

            threads = [threading.Thread(target=runner) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert refused == [6]
            assert refuse_half(company) == TODAY.isoformat()
            assert len(list((company.root / "published" / ".revisions" / TODAY.isoformat()).iterdir())) == 1
    print(f"\nraces: {RACES}; publications: {RACES}; told that the day is taken: {RACES}")
