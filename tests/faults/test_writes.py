"""Every write of a night fails once, as on a full disk: the last publication stays, nothing is left behind.

The monitor comes after the publication: a write of its own that fails is a warning, and the new one stands.
"""

import errno
from unittest.mock import patch

import pytest

import pipelines.nightly
from configs.settings import Settings
from tests.faults.conftest import LONG, TODAY, YESTERDAY, copy_of, night, refuse_half
from tests.faults.dying import dying_at

pytestmark = pytest.mark.slow
SHORT = 10  # writes tried in a short run, spread over the night


def test_whichever_write_fails_the_last_publication_stays(published: Settings) -> None:
    with copy_of(published) as company, dying_at(None) as writes:
        night(company)
        assert refuse_half(company) == TODAY.isoformat()
    with (
        copy_of(published) as company,
        patch.object(pipelines.nightly, "monitor", lambda *_: False),
        dying_at(None) as to_publish,
    ):
        night(company)
    assert len(to_publish) < len(writes)
    tried = [*range(0, len(writes), 1 if LONG else max(1, len(writes) // SHORT)), len(writes) - 1]
    for number in tried:
        with copy_of(published) as company:
            if number >= len(to_publish):
                said: list[str] = []
                with dying_at(number):
                    night(company, said.append)
                assert "watching them failed" in said[-1], (number, writes[number])
                assert refuse_half(company) == TODAY.isoformat()
                continue
            with pytest.raises(OSError) as caught, dying_at(number):
                night(company)
            assert caught.value.errno == errno.ENOSPC, (number, writes[number])
            assert refuse_half(company) in (YESTERDAY.isoformat(), TODAY.isoformat()), (number, writes[number])
            left = [path for path in company.root.glob("*/.staging/*")]
            assert not left, (number, writes[number], left)
    print(f"\nwrites of a night: {len(writes)}; failed once: {len(tried)}; half publications: 0; in silence: 0")
