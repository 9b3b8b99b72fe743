"""The benchmark of the monitor: which nights it looks at, and what it says of them."""

from datetime import date, timedelta

import polars as pl

from pipelines.monitoring.history import NIGHT
from tests.benchmarks.monitor import BREAKS, END, PRICES_RISE, TRAINED, Noticed, of_break, of_quiet, quiet_nights


def test_quiet_nights_come_in_twos_before_anything_breaks() -> None:
    found = list(quiet_nights(TRAINED, PRICES_RISE))
    pairs = list(zip(found[::2], found[1::2], strict=True))
    assert all(second - first == timedelta(days=1) for first, second in pairs) and len(pairs) == 15
    assert found[0] == date(2025, 10, 8) and found[-1] < PRICES_RISE
    assert all(PRICES_RISE <= broken < END for broken, _ in BREAKS.values())


def test_what_is_counted() -> None:
    row = {"day": END, "check": "features", "table": "costs", "name": "a", "of": None, "value": 0.5, "usual": 0.1}
    row |= {"p": 1e-6, "beyond": True, "says": "PSI 0.50", "nights": 1, "level": "warn"}
    warned = pl.DataFrame([row], schema=NIGHT, orient="row")
    said = list(of_quiet([warned, warned.clear(), warned.clear(), warned.clear()], rate=0.05))
    assert said[1] == "anything beyond chance and season: 1 of 4 nights (25.0%; set: 5.0%)"
    assert said[2:] == [
        "alarms on 0 of 4 quiet nights; warnings on 1",
        "  2026-10-01 warn: features of costs: a: PSI 0.50",
    ]
    assert list(of_break("late", Noticed(0, "nothing", [])))[0] == "late: no alarm: nothing"
