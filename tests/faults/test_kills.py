"""kill -9 before and after every write of a night, and at any instant: no publication is ever half, and all heals."""

import random
import signal
import time
from typing import Any

import pytest

from configs.settings import Settings
from tests.faults.conftest import LONG, TODAY, YESTERDAY, copy_of, night, refuse_half
from tests.faults.dying import dying_at
from tests.faults.nights import Nights

pytestmark = pytest.mark.slow
AT_WRITES, AT_INSTANTS = (150, 50) if LONG else (6, 3)


def killed(published: Settings, nights: Nights, **death: Any) -> str | None:
    """The day that `current` names after a night that died, None where it was too fast; a re-run has healed all."""
    with copy_of(published) as company:
        (code,) = nights.run(company, **death)
        day = refuse_half(company)
        if code == 0 and "seconds" in death:
            return None
        assert code == -signal.SIGKILL, death
        assert nights.run(company) == [0], death
        assert refuse_half(company) == TODAY.isoformat(), death
        assert not list(company.root.glob("*/.staging/*")), death
        return day


def test_a_night_that_is_killed_leaves_the_last_publication_or_the_next(published: Settings, nights: Nights) -> None:
    with copy_of(published) as company, dying_at(None) as writes:
        night(company)
    moments = [(number, when) for number in range(len(writes)) for when in ("before", "after")]
    draw = random.Random(1)
    chosen = sorted(draw.sample(moments, min(AT_WRITES, len(moments))))
    days = [killed(published, nights, at=number, when=when) for number, when in chosen]
    with copy_of(published) as company:
        begun = time.monotonic()
        assert nights.run(company) == [0]
        length = time.monotonic() - begun
    instants = [draw.uniform(0, length) for _ in range(AT_INSTANTS)]
    at_instants = [killed(published, nights, seconds=seconds) for seconds in instants]
    too_late = at_instants.count(None)
    while too_late:  # the night had ended before
        if day := killed(published, nights, seconds=draw.uniform(0, length / 2)):
            at_instants.append(day)
            too_late -= 1
    days += [day for day in at_instants if day]

    stayed = days.count(YESTERDAY.isoformat())
    assert stayed and set(days) <= {YESTERDAY.isoformat(), TODAY.isoformat()}
    print(
        f"\nkills: {len(days)} ({len(chosen)} just before or after one of {len(writes)} writes, {AT_INSTANTS} at any "
        f"instant); yesterday's publication stayed: {stayed}; half publications: 0; healed: {len(days)}"
    )
