"""Every write of a night fails once, as on a full disk: the last publication stays, nothing is left behind."""

import errno

import pytest

from configs.settings import Settings
from tests.faults.conftest import LONG, TODAY, YESTERDAY, copy_of, night, refuse_half
from tests.faults.dying import dying_at

pytestmark = pytest.mark.slow
SHORT = 10  # writes tried in a short run, spread over the night


def test_whichever_write_fails_the_last_publication_stays(published: Settings) -> None:
    with copy_of(published) as company, dying_at(None) as writes:
        night(company)
        assert refuse_half(company) == TODAY.isoformat()
    tried = range(0, len(writes), 1 if LONG else max(1, len(writes) // SHORT))
    for number in tried:
        with copy_of(published) as company:
            with pytest.raises(OSError) as caught, dying_at(number):
                night(company)
            assert caught.value.errno == errno.ENOSPC, (number, writes[number])
            assert refuse_half(company) in (YESTERDAY.isoformat(), TODAY.isoformat()), (number, writes[number])
            left = [path for path in company.root.glob("*/.staging/*")]
            assert not left, (number, writes[number], left)
    print(f"\nwrites of a night: {len(writes)}; failed once: {len(tried)}; half publications: 0; in silence: 0")
