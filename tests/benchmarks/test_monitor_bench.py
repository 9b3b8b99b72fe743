"""The benchmark of the monitor: which nights it looks at, and what it says of them."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from pipelines.monitoring.history import NIGHT
from tests.benchmarks.monitor import BREAKS, END, PRICES_RISE, TRAINED, noticed, of_break, of_quiet, quiet_nights

BROKEN = date(2026, 6, 1)


def night(number: int, *rows: dict[str, Any]) -> pl.DataFrame:
    """The figures of the night so many days after the break."""
    row = {"day": BROKEN + timedelta(days=number), "check": "features", "table": "returns, costs", "name": "a"}
    row |= {"of": None, "value": 0.5, "usual": 0.1, "p": 1e-6, "beyond": True, "says": "PSI 0.50", "nights": 1}
    return pl.DataFrame([row | {"level": "warn"} | one for one in rows], schema=NIGHT, orient="row")


def test_quiet_nights_come_in_twos() -> None:
    found = list(quiet_nights(TRAINED, END))
    pairs = list(zip(found[::2], found[1::2], strict=True))
    assert all(second - first == timedelta(days=1) for first, second in pairs) and len(pairs) == 26
    assert found[0] == date(2025, 10, 8) and found[-1] < END
    assert all(PRICES_RISE <= broken < END for broken, _ in BREAKS.values())


def test_the_first_alarm_about_the_table_counts() -> None:
    nights = [
        night(1, {}, {"table": "interactions", "level": "alarm"}),
        night(2, {"check": "volume", "table": "costs", "level": "alarm"}, {"check": "columns", "table": "costs"}),
        night(3, {"check": "columns", "table": "costs", "name": "amount", "level": "alarm"}, {"level": "ok"}),
        night(4, {"level": "alarm"}),
    ]
    assert noticed(nights, "costs") == 3
    assert noticed(nights, "costs", ["features"]) == 4 and noticed(nights, "complaints") == 0
    assert list(of_break("dearer", nights, "costs")) == [
        "dearer: alarm on night 3",
        "  columns of costs: amount: PSI 0.50; of the features made of it, moved most: a",
        "  columns of costs alarm from night 3 on",
        "  features of costs alarm from night 4 on",
    ]
    assert list(of_break("dearer", nights, "complaints"))[0] == "dearer: no alarm within 4 nights"


def test_each_kind_is_counted_by_nights() -> None:
    quiet = [
        night(1, {}, {"name": "b"}, {"of": "trade", "check": "scores"}),
        night(2, {"level": "ok", "beyond": False}),
        night(3, {"check": "volume", "p": None, "level": "warn", "table": "costs", "name": None}),
        night(4, {"name": "a (known at all)", "level": "alarm", "of": "all customers"}),
    ]
    said = list(of_quiet(quiet, rate=0.05))
    told = dict(line.split(": ", 1) for line in said[1:-5])
    by_kind = {kind: (line.split()[2].rstrip(","), line.split()[6]) for kind, line in told.items()}
    nothing = ("0.0%", "0.0%")
    assert by_kind == {
        "anything that is tested": ("50.0%", "25.0%"), "anything": ("75.0%", "25.0%"), "features": ("25.0%", "0.0%"),
        "scores": nothing, "base rate": nothing, "columns": nothing, "how much is known": ("25.0%", "25.0%"),
        "any of these of a segment": ("25.0%", "0.0%"), "freshness": nothing, "volume": ("25.0%", "0.0%"),
        "unseen": nothing, "quarantined": nothing,
    }  # fmt: skip
    assert said[-5:][3:] == [
        "  2026-06-04 warn: volume, costs: PSI 0.50",
        "  2026-06-05 alarm: features, returns, costs, a (known at all), all customers: PSI 0.50",
    ]
