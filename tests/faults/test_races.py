"""Two nights of one day at the same instant, in two processes: one publishes, the other says that the day is taken."""

import pytest

from configs.settings import Settings
from tests.faults.conftest import LONG, TODAY, copy_of, refuse_half
from tests.faults.nights import Nights

pytestmark = pytest.mark.slow
RACES = 100 if LONG else 3


def test_of_two_nights_one_publishes_and_the_other_is_told(published: Settings, nights: Nights) -> None:
    for number in range(RACES):
        with copy_of(published) as company:
            assert sorted(nights.run(company, many=2)) == [0, 6], number
            assert refuse_half(company) == TODAY.isoformat()
            assert len(list((company.root / "published" / ".revisions" / TODAY.isoformat()).iterdir())) == 1
    print(f"\nraces of two processes: {RACES}; publications: {RACES}; told that the day is taken: {RACES}")
