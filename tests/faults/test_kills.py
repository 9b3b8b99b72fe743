"""kill -9 before and after every write of a night: no publication is ever half, and the next run heals."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from configs.settings import Settings
from tests.faults.conftest import LONG, PROJECT, TODAY, YESTERDAY, copy_of, night, refuse_half
from tests.faults.dying import dying_at

pytestmark = pytest.mark.slow
KILLS = 200 if LONG else 6


def killed_at(published: Settings, number: int, when: str) -> str:
    """The day that `current` names after a night that died at a write; all is whole then, and after a re-run."""
    with copy_of(published) as company:
        config = company.root / "small.toml"
        arguments = [str(config), str(company.root), TODAY.isoformat(), str(number), when]
        died = subprocess.run(
            [sys.executable, "-m", "tests.faults.dying", *arguments], cwd=PROJECT, capture_output=True, timeout=300
        )
        assert died.returncode == -signal.SIGKILL, (number, when, died.stderr.decode()[-500:])
        day = refuse_half(company)
        night(company)
        assert refuse_half(company) == TODAY.isoformat(), (number, when)
        assert not list(company.root.glob("published/.staging/*")), (number, when)
        return day


def test_a_night_that_is_killed_leaves_the_last_publication_or_the_next(published: Settings) -> None:
    with copy_of(published) as company, dying_at(None) as writes:
        night(company)
    moments = [(number, when) for number in range(len(writes)) for when in ("before", "after")]
    step = len(moments) / min(KILLS, len(moments))
    chosen = [moments[int(place * step)] for place in range(min(KILLS, len(moments)))]
    chosen += moments[: KILLS - len(chosen)] if LONG else []
    with ThreadPoolExecutor(2) as pool:
        days = list(pool.map(lambda moment: killed_at(published, *moment), chosen))
    stayed = days.count(YESTERDAY.isoformat())
    assert stayed and set(days) <= {YESTERDAY.isoformat(), TODAY.isoformat()}
    print(
        f"\nkills: {len(chosen)}; yesterday's publication stayed: {stayed}; half publications: 0; healed: {len(days)}"
    )
