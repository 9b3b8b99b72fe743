"""Targets of the report are checked, each mistake with what would be right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from configs.errors import ConfigError
from configs.load import load_settings

Written = Callable[[str], Path]
MINIMAL = 'name = "bakery"\n[sources.transactions]\npath = "orders.csv"\n[[report.targets]]\n'


def test_targets_are_read(written: Written) -> None:
    settings = load_settings(written(MINIMAL + 'segment = "loyal"\nfigure = "spend"\nshort = 500\n'))

    (target,) = settings.report.targets
    assert (target.segment, target.aim, target.short, target.long) == ("loyal", "at least", 500, None)
    assert "report" not in settings.comparable()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ('segment = "fans"\nfigure = "share"\nshort = 0.2', "report.targets.0.segment = 'fans'"),
        ('segment = "loyal"\nfigure = "share"\nshort = 20', "short: share is a share, at most 1"),
        ('segment = "loyal"\nfigure = "kept"\nlong = 1.01', "long: kept is a share, at most 1"),
        ('segment = "loyal"\nfigure = "spend"', "give a target: short, medium or long"),
        ('segment = "loyal"\nfigure = "spend"\nshort = 1\naim = "below"', "report.targets.0.aim"),
        ('segment = "loyal"\nfigure = "spend"\nsoon = 1', "report.targets.0.soon: no such key"),
    ],
)
def test_mistakes_are_named(target: str, said: str, written: Written) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(written(MINIMAL + target))
    assert said in str(refused.value)
